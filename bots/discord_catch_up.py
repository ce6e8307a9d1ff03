"""What a client does first in a new session: answers what was said while it was away, finishes what a crash left half.

The channels themselves tell: lines that have no answer yet, and replies that still show "stop". In private, where a bot
may not look around, the journal tells. Every line goes through the same gate as a new one.
"""

from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import discord

from bots.discord_buttons import is_unfinished, turn_of
from bots.discord_deliveries import Deliveries
from bots.discord_delivery import found
from bots.discord_place import place_of
from bots.discord_rooms import Rooms
from bots.discord_settings import DiscordSettings
from bots.discord_voice import Channel
from bots.house import House
from bots.performance import TurnFailed
from memory import MemoryTrouble
from personas import Place, Utterance

MOST_LINES = 50
PRIVATE = "discord:dm/"
Readable = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel


class Returning(Protocol):
    """A client that was away."""

    house: House
    settings: DiscordSettings
    rooms: Rooms
    deliveries: Deliveries

    @property
    def guilds(self) -> Sequence[discord.Guild]: ...

    async def create_dm(self, user: discord.abc.Snowflake, /) -> discord.DMChannel: ...

    async def on_message(self, message: discord.Message) -> None: ...

    def own(self, work: Coroutine[None, None, None]) -> Any: ...


async def catch_up(client: Returning) -> None:
    """Looks into every channel where something happened lately, and into the private talks that wait for a reply."""
    since = datetime.now(UTC) - timedelta(minutes=client.settings.catch_up_minutes)
    for guild in client.guilds:
        channels: list[Readable] = [
            *guild.text_channels,
            *guild.threads,
            *guild.voice_channels,
            *guild.stage_channels,
        ]
        for channel in channels:
            last = channel.last_message_id
            if last and discord.utils.snowflake_time(last) >= since:
                client.own(catch_up_in(client, channel, since))
    part = client.settings.part
    if part is None or 0 in part[0]:  # Discord tells of private messages on the first shard only
        await catch_up_in_private(client, since)


async def catch_up_in(client: Returning, channel: Readable, since: datetime) -> None:
    """One channel, in the order in which things were said."""
    with suppress(discord.Forbidden):
        recent = [message async for message in channel.history(limit=MOST_LINES, after=since, oldest_first=True)]
        for message in recent:
            if (turn_id := turn_of(message)) and is_unfinished(message):
                await finish(client, channel, turn_id)
            await client.on_message(message)


async def catch_up_in_private(client: Returning, since: datetime) -> None:
    """Turns that were begun and not finished, and lines that never got a turn."""
    for turn in await client.house.journal.unanswered():
        if turn.place.startswith(PRIVATE) and turn.began_at >= since and client.rooms.speaks_for(turn.persona_id):
            client.own(finish(client, await direct(client, turn.place), turn.id))
    for persona_id, said in await client.house.journal.waiting():
        if said.place.startswith(PRIVATE) and said.at >= since and client.rooms.speaks_for(persona_id):
            client.own(answer(client, await direct(client, said.place), said, persona_id))


async def direct(client: Returning, place: Place) -> discord.DMChannel:
    """The private channel of a place."""
    return await client.create_dm(discord.Object(int(place.rpartition("/")[2])))


async def finish(client: Returning, channel: Channel, turn_id: str) -> None:
    """A reply that stands there half, or not at all: the rest of it, in the same messages."""
    if turn_id in client.deliveries:
        return
    async with client.house.journal.alone(place_of(channel)):
        with suppress(MemoryTrouble, TurnFailed):
            performance = await client.house.hall.told(turn_id)
            await client.deliveries.deliver(performance, channel, over=await found(channel, turn_id))


async def answer(client: Returning, channel: Channel, said: Utterance, persona_id: str) -> None:
    """A line that a crash left in the journal before its turn was begun."""
    async with client.house.journal.alone(said.place):
        await client.deliveries.deliver(await client.house.hall.hear(said, persona_id=persona_id), channel)
