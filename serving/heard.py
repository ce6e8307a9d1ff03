"""What has come of one streamed reply: events of OpenAI's chat completions in, text that may be shown out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from serving.chat import FinishReason
from serving.errors import EngineAway
from serving.events import Events
from serving.stopping import StopStrings


class _Delta(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(BaseModel):
    """One event of https://platform.openai.com/docs/api-reference/chat-streaming, as far as we need it."""

    choices: tuple[_Choice, ...] | None = None
    usage: Mapping[str, Any] | None = None
    error: Any = None


@dataclass
class Heard:
    """`take` blocks as they come; `over` says that nothing follows which we need."""

    stops: StopStrings
    server: str
    reason: FinishReason | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    pieces: int = 0
    shown: list[str] = field(default_factory=list)
    over: bool = False
    events: Events = field(default_factory=Events)

    def take(self, block: bytes) -> str:
        """The text that may be shown now. EngineAway: for an error in the stream, or what is no chunk of a reply."""
        told = "".join(self._told(data) for data in self.events.feed(block))
        shown = self._show(self.stops.feed(told)) if told else ""
        self.over = self.over or self.stops.stopped
        return shown

    def _told(self, data: bytes) -> str:
        if data == b"[DONE]":
            self.over = True
            return ""
        chunk = self._read(data)
        if error := chunk.error:
            said = error.get("message") if isinstance(error, dict) else error
            raise EngineAway(f"{self.server} broke off a reply: {said}")
        self.usage = chunk.usage or self.usage
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        if reason := choice.finish_reason:
            self.reason = "length" if reason == "length" else "stop"
        text = (choice.delta and choice.delta.content) or ""
        self.pieces += bool(text)
        return text

    def _read(self, data: bytes) -> _Chunk:
        try:
            return _Chunk.model_validate_json(data)
        except ValidationError:  # its text holds what the server sent, and people's words may stand in that
            raise EngineAway(f"{self.server} sent {len(data)} bytes that are no chunk of a reply.") from None

    def rest(self) -> str:
        """What was held back as the possible beginning of a stop string."""
        return self._show(self.stops.flush())

    def _show(self, text: str) -> str:
        if text:
            self.shown.append(text)
        return text
