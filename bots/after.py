"""An answer that waits until what is loaded in the background is there; the house opens meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from bots.cue import Answer, Cue
from memory import Turn
from serving import Delta


def after(loaded: asyncio.Future[None], answer: Answer) -> Answer:
    """The same answer once `loaded` is done; whether it went well is for whoever needs what was loaded."""

    async def patient(cue: Cue) -> AsyncGenerator[Delta | Turn, None]:
        await asyncio.wait([loaded])
        async with aclosing(answer(cue)) as steps:
            async for step in steps:
                yield step

    return patient
