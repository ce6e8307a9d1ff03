"""While the house is open, a LoRA on trial that goes worse is taken off by itself, and one log line says so."""

import asyncio
from typing import Protocol

import structlog

from memory import MemoryTrouble
from serving import ShelfError, Trial

log = structlog.get_logger()
EVERY_SECONDS = 300.0


class Trials(Protocol):
    """Who judges trials by what the journal knows of them."""

    async def settle(self) -> tuple[Trial, ...]: ...


async def watch_trials(trials: Trials, *, every: float = EVERY_SECONDS) -> None:
    """Looks at every trial, for ever; a journal or a shelf that can't be read is asked again next time."""
    while True:
        await asyncio.sleep(every)
        await look_once(trials)


async def look_once(trials: Trials) -> None:
    """Retires what goes worse; counts are logged, words are not."""
    try:
        looked = await trials.settle()
    except (MemoryTrouble, ShelfError, OSError) as exc:
        log.warning("trials_not_seen", reason=str(exc))
        return
    for one in looked:
        if one.verdict != "wait":
            log.warning("trial", lora=one.version.id, verdict=one.verdict, replies=one.trial.replies,
                        broken=one.trial.broken, up=one.trial.up, down=one.trial.down)  # fmt: skip
