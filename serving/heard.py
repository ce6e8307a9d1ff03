"""What has come of one streamed reply: events of OpenAI's chat completions in, text that may be shown out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from serving.chat import FinishReason
from serving.errors import EngineAway
from serving.events import Events
from serving.stopping import StopStrings


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
        """The text that may be shown now. Raises EngineAway for an error in the stream, or for what is no JSON."""
        told = "".join(self._told(data) for data in self.events.feed(block))
        shown = self._show(self.stops.feed(told)) if told else ""
        self.over = self.over or self.stops.stopped
        return shown

    def _told(self, data: bytes) -> str:
        if data == b"[DONE]":
            self.over = True
            return ""
        try:
            chunk = json.loads(data)
        except ValueError as exc:
            raise EngineAway(f"{self.server} sent what is no JSON: {data[:80]!r}") from exc
        if error := chunk.get("error"):
            said = error.get("message") if isinstance(error, dict) else error
            raise EngineAway(f"{self.server} broke off a reply: {said}")
        self.usage = chunk.get("usage") or self.usage
        if not chunk.get("choices"):
            return ""
        choice = chunk["choices"][0]
        if reason := choice.get("finish_reason"):
            self.reason = "length" if reason == "length" else "stop"
        text: str = choice.get("delta", {}).get("content") or ""
        self.pieces += bool(text)
        return text

    def rest(self) -> str:
        """What was held back as the possible beginning of a stop string."""
        return self._show(self.stops.flush())

    def _show(self, text: str) -> str:
        if text:
            self.shown.append(text)
        return text
