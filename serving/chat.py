"""The models' vocabulary: what every engine is given and what it gives back."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["system", "user", "assistant"]
LIVELY = 0.7


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a prompt, as every chat template knows it."""

    role: Role
    content: str


class Sampling(BaseModel):
    """How the next token is chosen. Operators write it in a persona, so unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float | None = Field(
        None,
        ge=0,
        le=2,
        description="0 always takes the likeliest word; 0.7 is lively. Left out, a model in process has its own.",
    )
    top_p: float = Field(0.9, gt=0, le=1, description="Only the likeliest words that together reach this probability.")
    repetition_penalty: float = Field(1.0, ge=1, le=2, description="Above 1, words already said become less likely.")
    max_tokens: int = Field(256, ge=1, le=8192, description="The longest reply, in tokens.")
    stop: tuple[str, ...] = Field((), description="The reply ends before any of these.")
    seed: int | None = Field(None, description="The same seed and prompt give the same reply.")
    priority: int = Field(0, description="Where replies wait for a full server, a higher one is begun first.")


class Shaped(Sampling):
    """The same for an answer that is one JSON object. Engines that can hold a model to a shape do; readers check it.

    `name` and `shape` are what OpenAI's structured outputs want: letters and underscores, and a JSON Schema.
    """

    name: str
    shape: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delta:
    """The next few characters of a completion; never empty."""

    text: str


FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole completion with what it cost; the last thing an engine's stream yields."""

    text: str
    finish_reason: FinishReason
    model: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    lora: str | None = None
