"""Asks a second engine when the first is slow to begin; whoever speaks first is heard, the other one is stopped.

"The Tail at Scale" (Dean and Barroso 2013). It buys a steadier first word with a second reading of the prompt, so it
is off unless an operator names the seconds.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from serving.chat import Completion, Delta
from serving.errors import ServingError

Pieces = AsyncGenerator[Delta | Completion, None]
Racer = asyncio.Task[Delta | Completion]


async def hedged(first: Pieces, second: Callable[[], Pieces], *, after: float) -> Pieces:
    """The pieces of whichever begins first. A failure before the first word is the other one's chance.

    Raises the first's failure if both fail. `second` is called only after `after` seconds of silence, or not at all.
    """
    racing = {asyncio.create_task(begun(first)): first}
    try:
        await asyncio.wait(racing, timeout=after)
        if not any(racer.done() for racer in racing):
            other = second()
            racing[asyncio.create_task(begun(other))] = other
        winner = await first_to_begin(racing)
        stream, piece = racing.pop(winner), winner.result()
        await stop(racing)
        async with aclosing(stream):
            yield piece
            async for piece in stream:
                yield piece
    finally:
        await stop(racing)


async def begun(stream: Pieces) -> Delta | Completion:
    return await anext(stream)


async def first_to_begin(
    racing: "dict[asyncio.Task[Delta | Completion], Pieces]",
) -> "asyncio.Task[Delta | Completion]":
    """The first that has something to say. If nobody has, the one that was asked first, to be blamed."""
    waiting = set(racing)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for racer in done:
            if not isinstance(racer.exception(), ServingError):
                return racer
    return next(iter(racing))


async def stop(racing: dict[Racer, Pieces]) -> None:
    """Ends what still runs, and its generation with it."""
    for racer in racing:
        racer.cancel()
    await asyncio.gather(*racing, return_exceptions=True)
    for stream in racing.values():
        await stream.aclose()
    racing.clear()
