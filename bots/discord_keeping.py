"""What is not kept for ever: lines older than the operator wants, and everything of a server that we left for good.

Leaving is written down with its time; coming back, or another account that is still there, crosses it out. A server
that sent us away while nobody listened is missed at the next start, by the list of each account's servers. Rules and
lines of a server go together. What is not covered: servers that sent one of several shards away meanwhile, or that did
before an account's list was first written.
"""

import asyncio
import json
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from bots.discord_rules import RuleBook
from bots.discord_settings import DiscordSettings
from bots.house import House
from memory import MemoryTrouble

log = structlog.get_logger()
FILE = "left.json"
OF_AN_ACCOUNT = "servers-{}.json"
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
        self._folder = house.settings.data / "discord"
        self._file = self._folder / FILE
        self._here: set[str] = set()
        self._list: str | None = None  # the file of our account's servers, where we know them all
        self._arrived = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled, from when we know where we are; a journal that is away is asked again an hour later."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOKS_EVERY):
                await self._arrived.wait()
        while True:
            try:
                await self.look()
            except MemoryTrouble as exc:
                log.warning("discord_keeping_failed", reason=str(exc))
            await asyncio.sleep(LOOKS_EVERY)

    async def look(self) -> None:
        """Erases what has had its time."""
        now = self._now()
        await asyncio.to_thread(self._cross_out, self._here)
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
        self._here.discard(str(guild))
        await asyncio.to_thread(self._note, {str(guild)})

    async def joined(self, guild: int) -> None:
        """A server let us in: nothing of it is to go."""
        self._here.add(str(guild))
        await self._note_here()

    async def there(self, guilds: Collection[int], *, account: int) -> None:
        """All servers that an account is in: nothing of these is to go; any other sent it away while it was absent."""
        self._here = {str(guild) for guild in guilds}
        if not (self._settings.sharded or self._settings.shards):
            before = await asyncio.to_thread(self._servers, account)
            await asyncio.to_thread(self._note, before - self._here)
            self._list = OF_AN_ACCOUNT.format(account)
        await self._note_here()
        self._arrived.set()

    async def _note_here(self) -> None:
        """What is here has not been left, and would be missed."""
        await asyncio.to_thread(self._cross_out, self._here)
        if self._list:
            await asyncio.to_thread(self._write, self._list, sorted(self._here))

    def _servers(self, account: int) -> set[str]:
        """The servers that an account was in when it last looked; none at its first start."""
        file = self._folder / OF_AN_ACCOUNT.format(account)
        return set(json.loads(file.read_text())) if file.exists() else set()

    async def _erase(self, places: str, *, before: datetime) -> None:
        for scope in await self._house.journal.expire(places, before=before):
            await self._house.memory.sync(scope)

    def _note(self, guilds: Collection[str]) -> None:
        """Written down with the time at which it was first noticed."""
        known, at = self._read(), self._now()
        if set(guilds) - known.keys():
            self._write(FILE, {guild: at.isoformat() for guild in guilds} | as_text(known))

    def _cross_out(self, guilds: Collection[str]) -> None:
        known = self._read()
        if known.keys() & set(guilds):
            self._write(FILE, as_text({guild: at for guild, at in known.items() if guild not in guilds}))

    def _read(self) -> dict[str, datetime]:
        written = json.loads(self._file.read_text()) if self._file.exists() else {}
        return {guild: datetime.fromisoformat(at) for guild, at in written.items()}

    def _write(self, name: str, content: object) -> None:
        """Whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new: Path = (self._folder / name).with_suffix(".new")
        new.write_text(json.dumps(content))
        new.replace(self._folder / name)


def as_text(left: dict[str, datetime]) -> dict[str, str]:
    return {guild: at.isoformat() for guild, at in left.items()}
