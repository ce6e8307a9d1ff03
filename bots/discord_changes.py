"""What happens to messages after they were said: edits, deletions and reactions reach the journal and the memories."""

from contextlib import suppress
from typing import Protocol

import discord

from bots.discord_buttons import turn_of
from bots.discord_deliveries import mark_taken_away
from bots.discord_opt_outs import OptOuts
from bots.discord_place import place_of, utterance_of
from bots.discord_revisions import Revisions
from bots.discord_voice import Channel
from bots.house import House
from memory import MemoryTrouble, UnknownTurn

THUMBS = {"👍": "up", "👎": "down"}


class Finding(Protocol):
    """A client, as far as it finds channels by id."""

    async def channel(self, channel_id: int) -> object: ...


class Changes:
    """Follows them, whoever's messages they are: those of strangers are nowhere in the journal."""

    def __init__(self, house: House, opt_outs: OptOuts, revisions: Revisions, client: Finding) -> None:
        self._house = house
        self._opt_outs = opt_outs
        self._revisions = revisions
        self._client = client

    async def edited(self, message: discord.Message) -> None:
        """An edited line is another line, for the journal and for what is remembered; of one who opted out it goes."""
        if message.author.bot or message.edited_at is None:
            return
        self._revisions.note(message.id, message)
        said, journal = utterance_of(message), self._house.journal
        if self._opt_outs.has(said.speaker_id):
            scopes = await journal.unsay(said.id, place=said.place)
        else:
            scopes = await journal.rephrase(said.id, place=said.place, text=said.text)
        for scope in scopes:
            await self._house.memory.sync(scope)

    async def deleted(self, message_id: int, channel_id: int, message: discord.Message | None = None) -> None:
        """A deleted line takes its memories along, and the reply that is being given to it alone; a reply that
        somebody deleted stays away. `message` is what discord.py still has of it."""
        if message is not None and (turn_id := turn_of(message)):
            with suppress(UnknownTurn):
                await mark_taken_away(self._house, await self._house.journal.turn(turn_id))
            return
        self._revisions.note(message_id, None)
        channel = await self._client.channel(channel_id)
        if not isinstance(channel, Channel):
            return
        said, place = f"discord:{message_id}", place_of(channel)
        for performance in self._house.hall.performances(place):
            if performance.turn is not None and {one.id for one in performance.turn.heard} == {said}:
                await self._house.hall.stop(performance.id)
        for scope in await self._house.journal.unsay(said, place=place):
            await self._house.memory.sync(scope)

    async def reacted(self, event: discord.RawReactionActionEvent, *, given: bool) -> None:
        """A thumb under a reply is an opinion of it; taking it back takes the opinion back."""
        thumb, fan = THUMBS.get(event.emoji.name), f"discord:{event.user_id}"
        if thumb is None or self._opt_outs.has(fan):
            return
        channel = await self._client.channel(event.channel_id)
        if not isinstance(channel, Channel):
            return
        with suppress(discord.NotFound, discord.Forbidden, MemoryTrouble):
            turn_id = turn_of(await channel.fetch_message(event.message_id))
            if turn_id:
                await self._house.journal.feedback(turn_id, fan_id=fan, thumb=thumb if given else None)
