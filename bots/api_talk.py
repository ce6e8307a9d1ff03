"""A chat-completions request becomes something said to a persona, and her turn a chat completion.

The client sends the whole conversation each time; the persona knows it already. What stands after the client's last
assistant message is new, and that alone is heard; it is answered after the turn in which she said that message, so a
front end's "regenerate" and "edit" become branches of the journal (bots/api_branch.py finds that turn). Without an
assistant message a conversation begins.

A client's system messages are not obeyed: who the persona is stands in her file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from memory import Turn
from personas import Place

LONGEST_NAME = 64  # OpenAI's own limit
MOST_STOPS = 4  # OpenAI's own limit, too
LONGEST_STOP = 500  # characters; each is looked for at each piece of a reply
AT_FIRST = Field(fail_fast=True)  # a million mistakes are not collected: the house would stand still meanwhile


def whole(text: str) -> str:
    """Halves of characters, which JSON can carry and hardly anything else, become one sign that all know."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Words = Annotated[str, AfterValidator(whole)]


def few_stops(given: Any) -> Any:
    """Refuses more stop strings, or longer ones, before each is looked at."""
    stops = given if isinstance(given, list) else [given]
    if len(stops) > MOST_STOPS:
        raise ValueError(f"at most {MOST_STOPS} stop strings are looked for, and these are {len(stops)}")
    if any(isinstance(stop, str) and len(stop) > LONGEST_STOP for stop in stops):
        raise ValueError(f"a stop string has at most {LONGEST_STOP} characters")
    return given


class Part(BaseModel):
    """A piece of a message; only those of the type `text` are read."""

    model_config = ConfigDict(extra="ignore")

    type: str
    text: Words | None = None


class Said(BaseModel):
    """One message of the client's conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Words | Annotated[list[Part], AT_FIRST] | None = None
    name: Words | None = None

    @property
    def text(self) -> str:
        """The words; of a content in parts, those of its text parts."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text" and part.text)
        return self.content or ""

    @property
    def called(self) -> str:
        """The speaker's name in one line; empty if there is none."""
        return " ".join((self.name or "").replace("\x00", "").split())[:LONGEST_NAME]

    @property
    def unread(self) -> set[str]:
        """The types of parts that are not read."""
        return {part.type for part in self.content if part.type != "text"} if isinstance(self.content, list) else set()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A reply that the client has, and the words it stands after."""

    words: str
    reply: str


class Asked(BaseModel):
    """OpenAI's request, as far as a persona can follow it; how she samples stands in her file.

    A client may make her replies shorter than her file does (`max_tokens`), never longer.
    """

    model_config = ConfigDict(extra="ignore")

    model: Words
    messages: Annotated[list[Said], AT_FIRST] = Field(min_length=1)
    stream: bool | None = False
    stream_options: dict[str, Any] | None = None
    user: Words | None = None
    stop: Annotated[Words | list[Words] | None, BeforeValidator(few_stops)] = None
    n: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    metadata: Annotated[dict[str, Words], AT_FIRST] | None = None
    tool_choice: Words | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None

    @property
    def impossible(self) -> str:
        """What no persona does, in a sentence; empty if nothing of it is asked. Tools may be offered, not demanded."""
        if self.n not in (None, 1):
            return "A persona gives one answer at a time: n must be 1."
        if self.tool_choice not in (None, "auto", "none"):
            return "A persona uses no tools: tool_choice must be auto or none."
        if self.response_format and self.response_format.get("type") != "text":
            return "A persona answers in her own words: response_format must be text."
        if self.messages[-1].role == "assistant":
            return "The last message is the persona's own: she answers what a user says after it."
        if not self.new and (unread := sorted({kind for said in self.messages for kind in said.unread})):
            return f"A persona reads text, and there is only {', '.join(unread)}."
        return ""

    @property
    def conversation(self) -> str:
        """What the client calls this conversation; empty if it doesn't."""
        return (self.metadata or {}).get("conversation", "")

    @property
    def stops(self) -> tuple[str, ...]:
        """The client's own stop strings; empty ones would end every reply."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(stop for stop in stops if stop)

    @property
    def longest(self) -> int | None:
        """The most tokens a reply may have, by either of OpenAI's two names; some clients say -1 for no limit."""
        longest = self.max_completion_tokens or self.max_tokens or 0
        return longest if longest > 0 else None

    @property
    def past(self) -> tuple[Exchange, ...]:
        """What was said before, as the client has it, oldest first; empty where the conversation begins."""
        past, words = list[Exchange](), list[str]()
        for said in self.messages:
            if said.role == "user":
                words.append(said.text)
            elif said.role == "assistant":
                past.append(Exchange("\n".join(words), said.text))
                words = []
        return tuple(past)

    @property
    def new(self) -> list[Said]:
        """What the user said since the assistant last spoke."""
        spoke = [n for n, said in enumerate(self.messages) if said.role == "assistant"]
        after = self.messages[spoke[-1] + 1 :] if spoke else self.messages
        return [said for said in after if said.role == "user" and said.text.strip()]


def place_of(asked: Asked, key_id: str, fan: str) -> Place:
    """Where a conversation that begins like this is held: the first message names it, unless the client does."""
    named = asked.conversation
    opening = named or next((said.text for said in asked.messages if said.role == "user"), "")
    return Place(f"{home_of(key_id, fan)}{short('named' if named else 'opening', asked.model, opening)}")


def home_of(key_id: str, fan: str) -> str:
    """How all of a fan's places begin."""
    return f"api:{key_id}/{short('fan', fan)}/"


def short(*words: str) -> str:
    return sha256("\x1f".join(words).encode("utf-8", "replace")).hexdigest()[:20]


def finish_of(turn: Turn) -> str:
    """OpenAI's word for how a reply ended."""
    return "length" if turn.trace.get("finish") == "length" else "stop"


def outcome_of(turn: Turn, *, stopped: bool) -> str:
    """How a reply came out, as a turn says it; one that the client's own stop string ended is whole."""
    return "answered" if stopped else turn.outcome


def usage_of(turn: Turn) -> dict[str, int]:
    spent = turn.prompt_tokens + turn.completion_tokens
    return {"prompt_tokens": turn.prompt_tokens, "completion_tokens": turn.completion_tokens, "total_tokens": spent}


def completion_json(turn: Turn, text: str, *, outcome: str, created: int) -> dict[str, Any]:
    """A whole chat completion; OpenAI's clients let a field of ours stand."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": finish_of(turn),
    }
    return {
        "id": f"chatcmpl-{turn.id}",
        "object": "chat.completion",
        "created": created,
        "model": turn.persona_id,
        "choices": [choice],
        "usage": usage_of(turn),
        "system_fingerprint": turn.persona_version,
        "greenroom": {"outcome": outcome},
    }


def chunk_json(turn: Turn, delta: dict[str, str], *, created: int, finish: str | None = None) -> dict[str, Any]:
    """One piece of a streamed chat completion."""
    return {
        "id": f"chatcmpl-{turn.id}",
        "object": "chat.completion.chunk",
        "created": created,
        "model": turn.persona_id,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }


def last_usage(turn: Turn, *, created: int) -> dict[str, Any]:
    """The piece that only carries usage, where the client asked for it."""
    return {**chunk_json(turn, {}, created=created), "choices": [], "usage": usage_of(turn)}


def until(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """The text before the first of some stop strings, and whether there was one."""
    found = [at for stop in stops if (at := text.find(stop)) >= 0]
    return (text[: min(found)], True) if found else (text, False)
