"""What a client does first in a new session: answers what was said while it was away, finishes what a crash left half.

The channels themselves tell: lines that have no answer yet, and replies that still show "stop". Private talks, of which
Discord tells nothing, the journal knows. Every line goes through the same gate as a new one, and what is said meanwhile
waits until everything older in its channel was looked at, so that answers keep the order of the lines.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import discord

from bots.discord_buttons import is_unfinished, turn_of
from bots.discord_deliveries import Deliveries
from bots.discord_delivery import found
from bots.discord_patience import patiently
from bots.discord_place import PLATFORM, Anywhere, place_of
from bots.discord_rooms import Rooms
from bots.discord_sending import until_known
from bots.discord_settings import DiscordSettings
from bots.discord_voice import Channel
from bots.house import House
from memory import Turn, UnknownTurn
from personas import Place, Utterance

MOST_LINES = 200  # of a channel, the newest
MOST_TALKS, MOST_FANS = 25, 500  # in private: so many are opened, of so many fans
AGAIN_AFTER = 60.0  # seconds
PRIVATE = f"{PLATFORM}:dm/"
Waiting = tuple[Utterance, str]  # a line, and the persona it was said to
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
    """Looks into every channel where something happened lately, and into the private talks that are known.

    What is not covered: private talks beyond `MOST_TALKS`, since Discord tells of none and wants few opened at a time.
    """

    def __init__(self, client: Returning) -> None:
        self._client = client
        self._begun, self._begun_in_private = asyncio.Event(), asyncio.Event()
        self._looking: dict[Place, asyncio.Task[None]] = {}
        self._given_up: dict[Place, Channel] = {}

    def expect(self) -> None:
        """A new session begins: from here on nothing new is heard before `begin` has looked around."""
        self._begun.clear()
        self._begun_in_private.clear()

    async def before(self, place: Place) -> None:
        """Returns when whatever is older in a place has been looked at."""
        await (self._begun_in_private if place.startswith(PRIVATE) else self._begun).wait()
        if looking := self._looking.get(place):
            await asyncio.wait({looking})

    async def begin(self) -> None:
        """Starts looking, into all channels and private talks at once."""
        client = self._client
        self._looking = {place: task for place, task in self._looking.items() if not task.done()}
        for channel in lately_used(client.guilds, self._since()):
            self._look_in(place_of(channel), partial(self._look, channel))
        self._begun.set()
        part = client.settings.part
        ours = part is None or 0 in part[0]  # Discord tells of private messages on the first shard only
        try:
            if ours and client.settings.catch_up_minutes:
                talks = await patiently(lambda: known_talks(client, self._since()), leaving=client.deliveries.ending)
                for place, left in talks.items():
                    self._look_in(place, partial(self._look_in_private, place, left))
        finally:
            self._begun_in_private.set()

    def return_to(self, channel: Anywhere, person: discord.abc.Snowflake) -> None:
        """Something that a person said there was given up: it is looked at again, after a while."""
        if isinstance(channel, Channel):
            place = place_of(channel, person)
            self._given_up[place] = channel
            self._client.own(self._return_after(AGAIN_AFTER, place))

    def return_everywhere(self) -> None:
        """The connection is back: what was given up is looked at now."""
        for place in list(self._given_up):
            self._return(place)

    async def _return_after(self, seconds: float, place: Place) -> None:
        await asyncio.sleep(seconds)
        self._return(place)

    def _return(self, place: Place) -> None:
        if channel := self._given_up.pop(place, None):
            self._look_in(place, partial(self._look, channel))

    def _since(self) -> datetime:
        return datetime.now(UTC) - timedelta(minutes=self._client.settings.catch_up_minutes)

    def _look_in(self, place: Place, look: Callable[[], Coroutine[None, None, None]]) -> None:
        """Looks beside everything else, after an earlier look there that is still on."""
        earlier = self._looking.get(place)

        async def in_turn() -> None:
            if earlier is not None:
                await asyncio.wait({earlier})
            with suppress(discord.Forbidden, discord.NotFound):
                await patiently(look, leaving=self._client.deliveries.ending)

        self._looking[place] = self._client.own(in_turn())

    async def _look(self, channel: Channel) -> None:
        """One channel, in the order in which things were said."""
        messages = await until_known(partial(messages_of, channel, self._since()))
        begun = {turn_id for message in messages if is_unfinished(message) and (turn_id := turn_of(message))}
        whole = {turn_id for message in messages if (turn_id := turn_of(message))} - begun
        self._client.deliveries.note_finished(whole)
        for message in messages:
            if is_unfinished(message) and (turn_id := turn_of(message)):
                over = [one.id for one in messages if turn_of(one) == turn_id]
                await asyncio.wait({self._client.own(finish(self._client, channel, turn_id, over=over))})
            await self._client.hear(message)

    async def _look_in_private(self, place: Place, left: Sequence["Turn | Waiting"]) -> None:
        """What the journal has left to answer in a private talk, then what was said there and never heard."""
        client = self._client
        channel = await direct(client, place)
        for one in left:
            todo = finish(client, channel, one.id) if isinstance(one, Turn) else answer(client, channel, *one)
            await asyncio.wait({client.own(todo)})
        await self._look(channel)


def lately_used(guilds: Sequence[discord.Guild], since: datetime) -> list[Readable]:
    """The channels of all guilds where somebody spoke after `since`."""
    channels: list[Readable] = []
    for guild in guilds:
        channels += [*guild.text_channels, *guild.threads, *guild.voice_channels, *guild.stage_channels]
    youngest = discord.utils.time_snowflake(since)
    return [channel for channel in channels if (channel.last_message_id or 0) >= youngest]


async def messages_of(channel: Channel, since: datetime) -> list[discord.Message]:
    """The newest messages of a channel that are younger than `since`, oldest first."""
    newest_first = channel.history(limit=MOST_LINES, after=since, oldest_first=False)
    return [message async for message in newest_first][::-1]


async def known_talks(client: Returning, since: datetime) -> dict[Place, list["Turn | Waiting"]]:
    """The private talks of this client, with what the journal has left to answer there, oldest first: turns that were
    begun and not finished, and lines that never got a turn."""
    talks: dict[Place, list[Turn | Waiting]] = {}
    for turn in await client.house.journal.unanswered():
        if turn.place.startswith(PRIVATE) and turn.began_at >= since and client.rooms.speaks_for(turn.persona_id):
            talks.setdefault(turn.place, []).append(turn)
    for persona_id, said in await client.house.journal.waiting():
        if said.place.startswith(PRIVATE) and said.at >= since and client.rooms.speaks_for(persona_id):
            talks.setdefault(said.place, []).append((said, persona_id))
    for fan_id in await known_fans(client.house):
        if len(talks) >= MOST_TALKS:
            break
        for place, persona_id in await client.house.journal.places(fan_id):
            if place.startswith(PRIVATE) and client.rooms.speaks_for(persona_id):
                talks.setdefault(place, [])
    return talks


async def known_fans(house: House) -> list[str]:
    """Fans on Discord, at most `MOST_FANS`: those who spoke lately, the latest first, then those met last."""
    lately = sorted(await house.journal.restless(), key=lambda one: one[2], reverse=True)
    met = reversed(await house.journal.fans())
    fans = dict.fromkeys(fan_id for _, fan_id, _ in (*lately, *met) if fan_id.startswith(f"{PLATFORM}:"))
    return list(fans)[:MOST_FANS]


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
