"""Replies on their way into channels: one at a time for each turn, and nobody leaves before they are over or marked."""

import asyncio
from collections.abc import Sequence

import discord
import structlog

from bots.discord_delivery import Delivery, Pace, found
from bots.discord_parts import LONGEST
from bots.discord_place import Anywhere
from bots.discord_rooms import Rooms
from bots.discord_voice import Channel, PlainVoice
from bots.house import House
from bots.performance import Performance
from memory import Turn

log = structlog.get_logger()


class Deliveries:
    """Owns a task for each reply; `end` waits for them."""

    def __init__(self, house: House, rooms: Rooms, pace: Pace) -> None:
        self._house = house
        self._rooms = rooms
        self._pace = pace
        self._running: dict[str, asyncio.Task[Turn | None]] = {}

    def __contains__(self, turn_id: str) -> bool:
        return turn_id in self._running

    async def deliver(
        self,
        performance: Performance,
        channel: Anywhere,
        *,
        reply_to: discord.Message | None = None,
        over: Sequence[int] = (),
        footnote: str = "",
    ) -> Turn | None:
        """Brings a reply into a channel, over the messages that carry it already; None if there was nothing to do."""
        persona = self._house.persona(performance.persona_id)
        if persona is None or not isinstance(channel, Channel) or performance.id in self._running:
            return None
        voice = await self._rooms.voice(channel, persona)
        messages = list(over) or (await found(channel, performance.id) if performance.over else [])
        room = LONGEST - (voice.room_for_name if isinstance(voice, PlainVoice) else 0)
        delivery = Delivery(performance, channel, voice, self._pace, reply_to, footnote, messages, room)
        task = self._running[performance.id] = asyncio.create_task(delivery.run())
        task.add_done_callback(lambda _: self._running.pop(performance.id, None))
        try:
            return await asyncio.shield(task)
        except discord.HTTPException as refused:
            log.warning("discord_refused", turn=performance.id, status=refused.status, code=refused.code)
            return None

    async def end(self, *, patience: float) -> None:
        """Lets replies end, then marks the rest as interrupted."""
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=patience)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
