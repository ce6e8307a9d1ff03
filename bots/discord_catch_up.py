"""What a client does first in a new session: answers what was said while it was away, finishes what a crash left half.

The channels themselves tell: lines that have no answer yet, and replies that still show "stop". Every line goes through
the same gate as a new one, so the journal's claim keeps all of it from being answered twice.
"""

from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

import discord

from bots.discord_buttons import is_unfinished, turn_of
from bots.discord_delivery import found
from bots.discord_place import Anywhere
from bots.discord_settings import DiscordSettings
from bots.house import House
from bots.performance import Performance, TurnFailed
from memory import MemoryTrouble, Turn

MOST_LINES = 50


class Returning(Protocol):
    """A client that was away."""

    house: House
    settings: DiscordSettings

    @property
    def guilds(self) -> Sequence[discord.Guild]: ...

    async def fetch_user(self, user_id: int, /) -> discord.User: ...

    async def on_message(self, message: discord.Message) -> None: ...

    def own(self, work: Coroutine[None, None, None]) -> None: ...

    def is_delivering(self, turn_id: str) -> bool: ...

    async def deliver(self, performance: Performance, channel: Anywhere, *, over: list[int]) -> Turn | None: ...


async def catch_up(client: Returning) -> None:
    """Looks into every channel where something happened lately, and into the private talks that are being answered."""
    for performance in client.house.hall.performances("discord:dm/"):
        person = await client.fetch_user(int(performance.place.rpartition("/")[2]))
        client.own(finish(client, await person.create_dm(), performance.id))
    since = datetime.now(UTC) - timedelta(minutes=client.settings.catch_up_minutes)
    for guild in client.guilds:
        channels: list[discord.TextChannel | discord.Thread] = [*guild.text_channels, *guild.threads]
        for channel in channels:
            last = channel.last_message_id
            if last and discord.utils.snowflake_time(last) >= since:
                client.own(catch_up_in(client, channel, since))


async def catch_up_in(client: Returning, channel: discord.TextChannel | discord.Thread, since: datetime) -> None:
    """One channel, in the order in which things were said."""
    with suppress(discord.Forbidden):
        recent = [message async for message in channel.history(limit=MOST_LINES, after=since, oldest_first=True)]
        for message in recent:
            if (turn_id := turn_of(message)) and is_unfinished(message):
                await finish(client, channel, turn_id)
            await client.on_message(message)


async def finish(client: Returning, channel: Anywhere, turn_id: str) -> None:
    """A reply that stands there half, or not at all: the rest of it, in the same messages."""
    if client.is_delivering(turn_id):
        return
    with suppress(MemoryTrouble, TurnFailed):
        performance = await client.house.hall.told(turn_id)
        await client.deliver(performance, channel, over=await found(channel, turn_id))
