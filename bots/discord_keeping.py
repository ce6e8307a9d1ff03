"""What is not kept for ever: lines older than the operator wants, and everything of a server that we left for good.

Leaving is written down with its time; coming back crosses it out. Rules and lines of a server go together.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from bots.discord_rules import RuleBook
from bots.discord_settings import DiscordSettings
from bots.house import House
from memory import MemoryTrouble

log = structlog.get_logger()
FILE = "left.json"
LOOKS_EVERY = 3600.0  # seconds


def utc_now() -> datetime:
    return datetime.now(UTC)


class Keeping:
    """`run` looks every hour; `look` does it once."""

    def __init__(
        self, house: House, settings: DiscordSettings, rules: RuleBook, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._house = house
        self._settings = settings
        self._rules = rules
        self._now = now
        self._file = house.settings.data / "discord" / FILE

    async def run(self) -> None:
        """Until cancelled; a journal that is away for a while is asked again an hour later."""
        while True:
            try:
                await self.look()
            except MemoryTrouble as exc:
                log.warning("discord_keeping_failed", reason=str(exc))
            await asyncio.sleep(LOOKS_EVERY)

    async def look(self) -> None:
        """Erases what has had its time."""
        now = self._now()
        if self._settings.keep_days:
            await self._erase("discord:", before=now - timedelta(days=self._settings.keep_days))
        for guild, left_at in (await asyncio.to_thread(self._read)).items():
            if now - left_at >= timedelta(days=self._settings.farewell_days):
                await self._erase(f"discord:{int(guild)}/", before=now)
                await asyncio.to_thread(self._rules.forget, guild)
                await asyncio.to_thread(self._cross_out, [guild])
                log.info("discord_server_erased")

    async def left(self, guild: int) -> None:
        """A server sent us away."""
        await asyncio.to_thread(self._note, str(guild), self._now())

    async def there(self, guilds: Iterable[int]) -> None:
        """Servers that we are in: nothing of theirs is to go."""
        await asyncio.to_thread(self._cross_out, [str(guild) for guild in guilds])

    async def _erase(self, places: str, *, before: datetime) -> None:
        for scope in await self._house.journal.expire(places, before=before):
            await self._house.memory.sync(scope)

    def _note(self, guild: str, at: datetime) -> None:
        self._write({**self._read(), guild: at})

    def _cross_out(self, guilds: Iterable[str]) -> None:
        known, back = self._read(), set(guilds)
        if back & known.keys():
            self._write({guild: at for guild, at in known.items() if guild not in back})

    def _read(self) -> dict[str, datetime]:
        written = json.loads(self._file.read_text()) if self._file.exists() else {}
        return {guild: datetime.fromisoformat(at) for guild, at in written.items()}

    def _write(self, left: dict[str, datetime]) -> None:
        """Whole or not at all."""
        new: Path = self._file.with_suffix(".new")
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps({guild: at.isoformat() for guild, at in left.items()}))
        new.replace(self._file)
