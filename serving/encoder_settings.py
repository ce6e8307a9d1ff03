"""What an operator may say about the encoder of memories, and about who reads the likeliest of them once more."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ENCODER = "encoder"  # its key's name in GREENROOM_ENGINE_KEYS
MULTILINGUAL = "multilingual"
Reads = Literal["en", "zh", "ja"]


class EncoderSettings(BaseModel):
    """`shipped` needs nothing else; `local` a `model` (a folder, or a name on the hub); `remote` a `base_url`, too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["shipped", "local", "remote"] = Field(
        "shipped", description="The one that ships, another in this process, or a server that speaks OpenAI's API."
    )
    model: str = Field("", description="Local: a model's folder, or its name on the hub. Remote: its name there.")
    base_url: str | None = Field(None, description="Remote: where the server is, ending in /v1.")
    dimensions: int | None = Field(
        None, ge=8, description="Remote: numbers in a vector, if the model can be asked for less than all."
    )
    languages: tuple[Reads, ...] = Field(
        (), description="Which languages it was trained for. [shipped: en; any other: en, zh, ja]"
    )
    question_prefix: str = Field("", description="What its makers want before a question, such as 'query: '.")
    passage_prefix: str = Field("", description="What they want before anything else, such as 'passage: '.")
    seconds: float = Field(10, gt=0, description="Remote: how long an answer may take.")

    @model_validator(mode="before")
    @classmethod
    def named(cls, written: Any) -> Any:
        """'multilingual' stands for a small encoder of a hundred languages."""
        if written != MULTILINGUAL:
            return written
        prefixes = {"question_prefix": "query: ", "passage_prefix": "passage: "}  # its card asks for them
        return {"kind": "local", "model": "intfloat/multilingual-e5-small", **prefixes}

    @model_validator(mode="after")
    def says_which(self) -> Self:
        if self.kind != "shipped" and not self.model:
            raise ValueError(f"a {self.kind} encoder needs a model")
        if self.kind == "remote" and not self.base_url:
            raise ValueError("a remote encoder needs a base_url, such as http://127.0.0.1:8002/v1")
        return self

    @property
    def reads(self) -> tuple[Reads, ...]:
        """The languages whose vectors mean something."""
        return self.languages or (("en",) if self.kind == "shipped" else ("en", "zh", "ja"))


class RerankerSettings(BaseModel):
    """A cross-encoder in this process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description="Its folder, or its name on the hub, such as cross-encoder/ms-marco-MiniLM-L6-v2.")
    candidates: int = Field(30, ge=2, le=200, description="How many of the likeliest memories it reads, each time.")
