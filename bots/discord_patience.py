"""Tries again what Discord or the journal were away for: both know how far a line came, so nothing is done twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import discord
import structlog

from bots.discord_sending import LOST, TRIES, may_pass
from bots.performance import TurnFailed
from memory import MemoryTrouble

log = structlog.get_logger()
T = TypeVar("T")


async def patiently(do: Callable[[], Awaitable[T]], *, leaving: Callable[[], bool] = lambda: False) -> T:
    """Does it, and again after a while where that may help; raises what the last try raised."""
    for attempt in range(1, TRIES + 1):
        try:
            return await do()
        except (*LOST, discord.HTTPException, MemoryTrouble, TurnFailed) as exc:
            if not is_passing(exc) or attempt == TRIES or leaving():
                raise
            log.warning("discord_line_again", family=type(exc).__name__, attempt=attempt)
            await asyncio.sleep(2**attempt)
    raise AssertionError("the last try returns or raises")


def is_passing(fault: BaseException) -> bool:
    """Whether it may go well later."""
    return isinstance(fault, MemoryTrouble | TurnFailed) or may_pass(fault)
