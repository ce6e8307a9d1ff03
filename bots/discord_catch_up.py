"""What a client does first in a new session: answers what was said while it was away, finishes what a crash left half.

The channels themselves tell: lines that have no answer yet, and replies that still show "stop". In private, where a bot
may not look around, the journal tells. Every line goes through the same gate as a new one, and what is said meanwhile
waits until everything older in its channel was looked at, so that answers keep the order of the lines.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

import discord

from bots.discord_buttons import is_unfinished, turn_of
from bots.discord_deliveries import Deliveries
from bots.discord_delivery import found
from bots.discord_patience import patiently
from bots.discord_place import place_of
from bots.discord_rooms import Rooms
from bots.discord_sending import until_known
from bots.discord_settings import DiscordSettings
from bots.discord_voice import Channel
from bots.house import House
from memory import UnknownTurn
from personas import Place, Utterance

MOST_LINES = 200  # of a channel, the newest
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

    async def hear(self, message: discord.Message) -> None: ...

    def own(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]: ...


class CatchUp:
    """Looks into every channel where something happened lately, and into the private talks that wait for a reply."""

    def __init__(self, client: Returning) -> None:
        self._client = client
        self._begun = asyncio.Event()
        self._looking: dict[int, asyncio.Task[None]] = {}

    def expect(self) -> None:
        """A new session begins: from here on nothing new is heard before `begin` has looked around."""
        self._begun.clear()

    async def before(self, channel_id: int) -> None:
        """Returns when whatever is older in a channel has been looked at."""
        await self._begun.wait()
        if looking := self._looking.get(channel_id):
            await asyncio.wait({looking})

    async def begin(self) -> None:
        """Starts looking, into all channels at once; private talks go on beside them."""
        client = self._client
        since = datetime.now(UTC) - timedelta(minutes=client.settings.catch_up_minutes)
        self._looking = {
            channel.id: client.own(self._look(channel, since, after=self._looking.get(channel.id)))
            for channel in lately_used(client.guilds, since)
        }
        self._begun.set()
        part = client.settings.part
        if part is None or 0 in part[0]:  # Discord tells of private messages on the first shard only
            await catch_up_in_private(client, since)

    async def _look(self, channel: Readable, since: datetime, *, after: "asyncio.Task[None] | None") -> None:
        """One channel, in the order in which things were said; after an earlier look that is still on."""
        if after is not None:
            await asyncio.wait({after})

        async def read() -> list[discord.Message]:
            newest_first = channel.history(limit=MOST_LINES, after=since, oldest_first=False)
            return [message async for message in newest_first][::-1]

        with suppress(discord.Forbidden, discord.NotFound):
            messages = await until_known(read)
            begun = {turn_id for message in messages if is_unfinished(message) and (turn_id := turn_of(message))}
            whole = {turn_id for message in messages if (turn_id := turn_of(message))} - begun
            self._client.deliveries.note_finished(whole)
            for message in messages:
                if is_unfinished(message) and (turn_id := turn_of(message)):
                    over = [one.id for one in messages if turn_of(one) == turn_id]
                    await asyncio.wait({self._client.own(finish(self._client, channel, turn_id, over=over))})
                await self._client.hear(message)


def lately_used(guilds: Sequence[discord.Guild], since: datetime) -> list[Readable]:
    """The channels of all guilds where somebody spoke after `since`."""
    channels: list[Readable] = []
    for guild in guilds:
        channels += [*guild.text_channels, *guild.threads, *guild.voice_channels, *guild.stage_channels]
    youngest = discord.utils.time_snowflake(since)
    return [channel for channel in channels if (channel.last_message_id or 0) >= youngest]


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


async def finish(client: Returning, channel: Channel, turn_id: str, *, over: Sequence[int] = ()) -> None:
    """A reply that stands there half, or not at all: the rest of it, in the same messages."""
    if turn_id in client.deliveries:
        return

    async def rest() -> None:
        async with client.house.journal.alone(place_of(channel)):
            with suppress(UnknownTurn):  # it was forgotten meanwhile
                performance = await client.house.hall.told(turn_id)
                await client.deliveries.deliver(performance, channel, over=over or await found(channel, turn_id))

    await patiently(rest, leaving=client.deliveries.ending)


async def answer(client: Returning, channel: Channel, said: Utterance, persona_id: str) -> None:
    """A line that a crash left in the journal before its turn was begun."""

    async def all_of_it() -> None:
        async with client.house.journal.alone(said.place):
            await client.deliveries.deliver(await client.house.hall.hear(said, persona_id=persona_id), channel)

    await patiently(all_of_it, leaving=client.deliveries.ending)
