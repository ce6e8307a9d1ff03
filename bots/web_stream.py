"""A performance as server-sent events: what the page hears while somebody answers.

Events: `queue {position}`, `heard {turn}`, `delta {text}`, `html {html}`, `mood {mood}`, and last `done {turn}` or
`trouble {sentence, retry}`. A reader that leaves ends only its own stream.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from fastapi.responses import StreamingResponse

from bots.performance import Performance, Queued, Step, TurnFailed
from bots.prose import Prose
from bots.rooms import MoodReader
from memory import Turn

HTML_EVERY = 0.12
MOOD_EVERY = 0.5
STILL_HERE_EVERY = 15.0
Shaped = Callable[[Turn], Coroutine[Any, Any, dict[str, Any]]]
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def stream_of(performance: Performance, shaped: Shaped, *, prose: Prose, mood: MoodReader) -> StreamingResponse:
    """The response that follows a performance from its start to its end."""
    told = Telling(shaped, prose, mood).events(performance)
    return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)


class Telling:
    """One reader's stream; rendered HTML and mood are sent at most every so often, and always once at the end."""

    def __init__(self, shaped: Shaped, prose: Prose, mood: MoodReader) -> None:
        self._shaped = shaped
        self._prose = prose
        self._mood = mood
        self._said = ""
        self._felt = ""
        self._next_html = 0.0
        self._next_mood = 0.0
        self._begun = False

    async def events(self, performance: Performance) -> AsyncGenerator[bytes, None]:
        """The events of a performance, with a comment now and then that keeps the line warm."""
        try:
            async with aclosing(performance.follow()) as steps, aclosing(kept_warm(steps)) as warm:
                async for step in warm:
                    if step is None:
                        yield b": still here\n\n"
                    else:
                        async for event in self._told(step):
                            yield event
        except TurnFailed:
            sentence = "The reply was interrupted; what you wrote is kept."
            yield event_of("trouble", {"sentence": sentence, "retry": True})

    async def _told(self, step: Step) -> AsyncGenerator[bytes, None]:
        match step:
            case Queued(ahead):
                yield event_of("queue", {"position": ahead})
            case Turn() if not self._begun:
                self._begun = True
                yield event_of("heard", {"turn": await self._shape(step)})
            case Turn():
                shape = await self._shape(step)
                if shape["mood"] != self._felt:
                    yield event_of("mood", {"mood": shape["mood"]})
                yield event_of("done", {"turn": shape})
            case _:
                self._said += step.text
                yield event_of("delta", {"text": step.text})
                async for event in self._shown():
                    yield event

    async def _shape(self, turn: Turn) -> dict[str, Any]:
        """The turn as the page shows it. A reader that leaves must not tear a query apart: its connection to the
        journal would have to be thrown away."""
        return await asyncio.shield(self._shaped(turn))

    async def _shown(self) -> AsyncGenerator[bytes, None]:
        """How what was said so far looks and feels, if it is time for that again."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_html:
            self._next_html = now + HTML_EVERY
            yield event_of("html", {"html": self._prose.html(self._said)})
        if now >= self._next_mood:
            self._next_mood = now + MOOD_EVERY
            felt = await self._mood.read(self._said)
            if felt != self._felt:
                self._felt = felt
                yield event_of("mood", {"mood": felt})


def event_of(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def kept_warm(steps: AsyncGenerator[Step, None]) -> AsyncGenerator[Step | None, None]:
    """The steps, with None whenever none came for a while: a silent line looks dead to a proxy."""
    while True:
        coming = asyncio.ensure_future(anext(steps, None))
        try:
            while not (await asyncio.wait({coming}, timeout=STILL_HERE_EVERY))[0]:
                yield None
            step = coming.result()
        finally:
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        if step is None:
            return
        yield step
