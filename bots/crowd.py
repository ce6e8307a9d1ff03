"""Keeps order when many want an answer at once: so many at a time, the rest in the order they came."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from bots.cue import Answer, Cue
from memory import Turn
from serving import Delta


def orderly(answer: Answer, *, at_once: int) -> Answer:
    """The same answer, given to at most `at_once` cues at a time."""
    seats = asyncio.Semaphore(at_once)

    async def seated(cue: Cue) -> AsyncGenerator[Delta | Turn, None]:
        async with seats, aclosing(answer(cue)) as steps:
            async for step in steps:
                yield step

    return seated
