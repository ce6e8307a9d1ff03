"""Replies on their way into channels: one at a time for each turn, and nobody leaves before they are over or marked."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import discord
import structlog

from bots.discord_buttons import is_unfinished
from bots.discord_delivery import Delivery, Pace, found, standing, stands_unmarked
from bots.discord_meters import DiscordMeters
from bots.discord_parts import LONGEST
from bots.discord_place import Anywhere
from bots.discord_rooms import Rooms
from bots.discord_sending import may_pass
from bots.discord_voice import Channel
from bots.house import House
from bots.performance import Performance
from memory import Scope, Turn

log = structlog.get_logger()
KNOWN = 5000
TAKEN_AWAY = "taken away on discord/"  # the mark of a reply that people deleted


class Deliveries:
    """Owns a task for each reply; `end` waits for them."""

    def __init__(self, house: House, rooms: Rooms, pace: Pace, meters: DiscordMeters) -> None:
        self._house = house
        self._rooms = rooms
        self._pace = pace
        self._running: dict[str, asyncio.Task[Turn | None]] = {}
        self._meters = meters
        self._finished: OrderedDict[str, None] = OrderedDict()
        self._ending = False

    def __contains__(self, turn_id: str) -> bool:
        return turn_id in self._running

    def note_finished(self, turn_ids: Iterable[str]) -> None:
        """These replies stand in their channels, to the end: nobody needs to look for them."""
        self._finished |= dict.fromkeys(turn_ids)
        while len(self._finished) > KNOWN:
            self._finished.popitem(last=False)

    async def stands(self, performance: Performance, channel: Anywhere, *, doubt: bool) -> list[int] | None:
        """The messages that carry a reply already, where it is over or there is `doubt`; None: all of it is there,
        or was and has been taken away."""
        if performance.over and performance.id in self._finished:
            return None
        there = await standing(channel, performance.id) if performance.over or doubt else []
        complete = there and not any(map(is_unfinished, there))
        if performance.over and (complete or (not there and await self._was_taken_away(performance))):
            return None
        if performance.over and not there and performance.turn and await stands_unmarked(channel, performance.turn):
            return None
        return [message.id for message in there]

    async def _was_taken_away(self, performance: Performance) -> bool:
        turn = performance.turn
        scopes = [Scope(turn.persona_id, said.speaker_id, turn.place) for said in turn.heard] if turn else []
        return any([await self._house.journal.marked(scope, f"{TAKEN_AWAY}{performance.id}") for scope in scopes])

    def ending(self) -> bool:
        """Whether we are leaving: what is not on its way yet is left to the next life."""
        return self._ending

    async def deliver(
        self,
        performance: Performance,
        channel: Anywhere,
        *,
        reply_to: discord.Message | None = None,
        over: Sequence[int] = (),
        footnote: str = "",
        since: float | None = None,
    ) -> Turn | None:
        """Brings a reply into a channel, over the messages that carry it already; None if there was nothing to do.

        `since` is when the line it answers was heard, as `time.monotonic` tells it. Raises what may pass (`may_pass`).
        """
        persona = self._house.persona(performance.persona_id)
        if persona is None or not isinstance(channel, Channel) or performance.id in self._running:
            return None
        voice = await self._rooms.voice(channel, persona)
        messages = list(over) or (await found(channel, performance.id) if performance.over else [])
        room, told = LONGEST - voice.room_for_name, self._first_words(since)
        if self._ending or performance.id in self._running:
            return None
        delivery = Delivery(performance, channel, voice, self._pace, reply_to, footnote, messages, room, told)
        task = self._running[performance.id] = asyncio.create_task(delivery.run())
        task.add_done_callback(lambda _: self._running.pop(performance.id, None))
        try:
            turn = await asyncio.shield(task)
        except discord.HTTPException as refused:
            if may_pass(refused):
                raise
            log.warning("discord_refused", turn=performance.id, status=refused.status, code=refused.code)
            return None
        self.note_finished([performance.id])
        return turn

    def _first_words(self, since: float | None) -> Callable[[], None]:
        """Counts how soon the first words stood there, once."""
        waiting = [] if since is None else [since]
        return lambda: self._meters.first_words(time.monotonic() - waiting.pop()) if waiting else None

    async def end(self, *, patience: float) -> None:
        """Lets no more begin, lets replies end, then marks the rest as interrupted."""
        self._ending = True
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=patience)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def mark_taken_away(house: House, turn: Turn) -> None:
    """A reply that people deleted is not brought again when somebody looks for what is missing."""
    for said in turn.heard:
        scope = Scope(turn.persona_id, said.speaker_id, turn.place)
        await house.journal.mark(scope, f"{TAKEN_AWAY}{turn.id}", turn.began_at.isoformat())
