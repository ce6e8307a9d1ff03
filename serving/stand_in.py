"""An engine in another's place: it reads what fits its own window, and plays without a LoRA that it can't wear."""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import takewhile

from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Window
from serving.engine_around import EngineAround
from serving.errors import EngineRefused


class StandIn(EngineAround):
    """Prompts come fitted for the engine that usually answers, and with a LoRA that was trained on its base."""

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        """Raises EngineRefused only where it refuses without the LoRA, too."""
        await self._within.ready()
        fitting = await asyncio.to_thread(fitted, prompt, self._within.window, wanted=sampling.max_tokens)
        spoken = False
        try:
            async with aclosing(super().stream(fitting, sampling=sampling, lora=lora)) as stream:
                async for piece in stream:
                    spoken = True
                    yield piece
            return
        except EngineRefused:
            if spoken or lora is None:
                raise
        async with aclosing(super().stream(fitting, sampling=sampling)) as stream:
            async for piece in stream:
                yield piece


def fitted(prompt: Sequence[ChatMessage], window: Window, *, wanted: int) -> tuple[ChatMessage, ...]:
    """The prompt without its oldest messages, as many as must go so that a reply of `wanted` tokens has room.

    The system message and the last user message stay, even where these two are too long.
    """
    about = tuple(takewhile(lambda message: message.role == "system", prompt))
    said = prompt[len(about) :]
    begins = [0, *(n for n, message in enumerate(said) if n and message.role == "user")]  # as chat templates want it
    limit = window.tokens - min(wanted, window.tokens // 3)
    fits = bisect_left(begins, True, key=lambda begin: window.count((*about, *said[begin:])) <= limit)
    return (*about, *said[begins[min(fits, len(begins) - 1)] :])
