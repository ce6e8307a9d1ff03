"""Runs the cast on Discord: alone, or beside the web page in the same house."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import structlog

from bots.discord_bot import DiscordRefused, cast_of_bots
from bots.discord_settings import DiscordSettings
from bots.house import House
from personas import PersonaError

log = structlog.get_logger()
Opening = Callable[[], AbstractAsyncContextManager[House]]


@asynccontextmanager
async def beside_discord(opening: Opening, settings: DiscordSettings) -> AsyncIterator[House]:
    """An open house that is also on Discord; whatever ends that is logged, and the page stays."""
    async with opening() as house:
        playing = asyncio.create_task(stay(house, settings))
        try:
            yield house
        finally:
            playing.cancel()
            with suppress(asyncio.CancelledError):
                await playing


async def stay(house: House, settings: DiscordSettings) -> None:
    """Plays; what ends it is told once, and a fault of ours whole."""
    try:
        all_known(house, settings)
        await play(house, settings)
    except (DiscordRefused, PersonaError) as refused:
        log.error("discord_refused", reason=str(refused))
    except Exception:
        log.exception("discord_ended")
    else:
        log.error("discord_ended")


def all_known(house: House, settings: DiscordSettings) -> None:
    """Raises `PersonaUnknown` if somebody was named who is not in the cast."""
    for persona_id in (*settings.cast, *settings.tokens):
        house.cast.get(persona_id)


async def play(house: House, settings: DiscordSettings) -> None:
    """Runs every account; raises `DiscordRefused` when one of them is not let in, and the others end with it."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for bot in cast_of_bots(house, settings):
                tasks.create_task(bot.run())
    except* DiscordRefused as refused:
        raise DiscordRefused(str(refused.exceptions[0])) from refused


async def run_alone(opening: Opening, settings: DiscordSettings, *, told: Callable[[House], None]) -> None:
    """Until SIGTERM or SIGINT: then replies end or are marked, the client leaves, and the house closes."""
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, leaving.set)
    async with opening() as house:
        told(house)
        playing = asyncio.create_task(play(house, settings))
        waiting = asyncio.create_task(leaving.wait())
        await asyncio.wait({playing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if playing.done():
            playing.result()
        playing.cancel()
        with suppress(asyncio.CancelledError):
            await playing
