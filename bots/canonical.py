"""One line in the log for each turn, with facts as fields and never a fan's words or a persona's."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from bots.cue import Answer, Cue
from memory import Turn
from personas import platform_of
from serving import Delta

log = structlog.get_logger()


def logged(answer: Answer) -> Answer:
    """The same answer, told in the log when it is over."""

    async def telling(cue: Cue) -> AsyncGenerator[Delta | Turn, None]:
        began = asyncio.get_running_loop().time()
        async with aclosing(answer(cue)) as steps:
            async for step in steps:
                if isinstance(step, Turn):
                    tell(step, seconds=asyncio.get_running_loop().time() - began)
                yield step

    return telling


def tell(turn: Turn, *, seconds: float) -> None:
    """The canonical line; a place in private names its platform only, for its id is as good as the fan's."""
    log.info(
        "turn",
        turn=turn.id,
        platform=platform_of(turn.place),
        persona=turn.persona_id,
        version=turn.persona_version,
        model=turn.model,
        lora=turn.lora,
        outcome=turn.outcome,
        finish=turn.trace.get("finish"),
        prompt_tokens=turn.prompt_tokens,
        completion_tokens=turn.completion_tokens,
        recalled=len(turn.recalled),
        lore=len(turn.lore),
        first_token=turn.timings.get("first_token"),
        seconds=round(seconds, 3),
    )
