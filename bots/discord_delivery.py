"""Brings one reply into one channel: typing first, then edits at the pace Discord allows, and always a last one.

A reply is first looked for in the channel when there is any doubt (`found`): after a crash or a lost answer the
messages that stand there are finished, and none is sent twice.
"""

import asyncio
import io
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import discord
import structlog

from bots.discord_buttons import part as goes_on
from bots.discord_buttons import speaking, spoken, turn_of
from bots.discord_parts import LONGEST, parts_of
from bots.discord_voice import LOST, Channel, Voice, until_known
from bots.performance import Performance, TurnFailed
from memory import Turn
from serving import Delta

log = structlog.get_logger()
MOST_PARTS = 6
SOON = 1.5  # seconds; a reply that is whole by then is sent whole
FIRST_WORDS = 60  # characters that make a first message worth showing
INTERRUPTED = "\n-# (interrupted)"


class Pace:
    """Lets a channel's edits through one at a time, at least so many seconds apart, whoever makes them."""

    def __init__(self, every: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._now = now
        self._last: dict[int, float] = {}

    def allows(self, channel_id: int) -> bool:
        """Whether an edit may go out now; it counts as gone out."""
        now = self._now()
        if now - self._last.get(channel_id, float("-inf")) < self._every:
            return False
        self._last[channel_id] = now
        return True


@dataclass
class Delivery:
    """One reply on its way. `messages` are ids that already carry it, or an older variant that it replaces."""

    performance: Performance
    channel: Channel
    voice: Voice
    pace: Pace
    reply_to: discord.Message | None = None
    footnote: str = ""
    messages: list[int] = field(default_factory=list)
    room: int = LONGEST
    mood: str = "neutral"
    _shown: dict[int, str] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    async def run(self) -> Turn | None:
        """Delivers until the turn is over, and returns it. Raises `TurnFailed` if a fault of ours ended it."""
        said, turn = "", None
        typing = asyncio.create_task(self._type())
        try:
            async for step in self.performance.follow():
                if isinstance(step, Delta):
                    said += step.text
                    await self._stream(said, typing)
                elif isinstance(step, Turn):
                    turn = step
        except TurnFailed:
            await end(typing)
            raise
        except asyncio.CancelledError:
            await end(typing)
            with suppress(*LOST, discord.HTTPException):  # we are closing; the next start finishes it
                await self._finish_as(said + INTERRUPTED) if self.messages else None
            raise
        await end(typing)
        if turn is not None and turn.said:
            await self._finish(turn)
        return turn

    async def _stream(self, said: str, typing: asyncio.Task[None]) -> None:
        """Shows what there is, when it is worth showing and the channel's pace allows an edit."""
        if not self.messages and (len(said) < FIRST_WORDS or time.monotonic() - self._began < SOON):
            return
        if not self.pace.allows(self.channel.id):
            return
        await end(typing)
        try:
            await self._show(said, last=False)
        except LOST as exc:
            log.warning("edit_lost", turn=self.performance.id, family=type(exc).__name__)

    async def _finish(self, turn: Turn) -> None:
        text = (turn.said or "") + (INTERRUPTED if turn.trace.get("finish") == "stopped" else "") + self.footnote
        self.mood = str(turn.trace.get("mood", "neutral"))
        await self._finish_as(text)

    async def _finish_as(self, text: str) -> None:
        if len(parts_of(text, longest=self.room)) > MOST_PARTS:
            await self._as_file(text)
        else:
            await self._show(text, last=True)

    async def _show(self, text: str, *, last: bool) -> None:
        """Makes the messages say the text: edits those that differ, sends those that are missing, deletes the rest."""
        parts = parts_of(text, longest=self.room)[: None if last else MOST_PARTS]
        for number, part in enumerate(parts):
            ends = number == len(parts) - 1
            turn_id = self.performance.id
            view = (spoken(turn_id) if last else speaking(turn_id)) if ends else goes_on(turn_id)
            shown = f"{part.text}\x00{ends}{last}"
            if self._shown.get(number) == shown:
                continue
            if number < len(self.messages):
                await self.voice.edit(self.messages[number], part.text, view=view)
            else:
                reply_to = self.reply_to if number == 0 else None
                key = f"{turn_id}/{number}"
                sent = await self.voice.send(part.text, key=key, view=view, reply_to=reply_to, mood=self.mood)
                self.messages.append(sent)
            self._shown[number] = shown
        if last:
            for surplus in self.messages[len(parts) :]:
                await self.voice.delete(surplus)
            del self.messages[len(parts) :]

    async def _as_file(self, text: str) -> None:
        """A reply that would fill the screen: its beginning as a message, all of it as a file."""
        beginning = parts_of(text, longest=self.room)[0]
        whole = discord.File(io.BytesIO(text.encode()), filename="reply.md")
        await self._show(beginning.text, last=True)
        await self.voice.send("…", key=f"{self.performance.id}/file", file=whole, mood=self.mood)

    async def _type(self) -> None:
        """Shows that somebody is writing until the first words stand there; Discord forgets it after ten seconds."""
        with suppress(*LOST, discord.HTTPException):
            async with self.channel.typing():
                await asyncio.Event().wait()


async def end(task: asyncio.Task[None]) -> None:
    """Ends a task of ours and waits until it is gone, so that typing stops before words appear."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def found(channel: discord.abc.Messageable, turn_id: str, *, limit: int = 30) -> list[int]:
    """The messages in a channel that deliver a turn already, oldest first."""
    return [message.id for message in await standing(channel, turn_id, limit=limit)]


async def standing(channel: discord.abc.Messageable, turn_id: str, *, limit: int = 30) -> list[discord.Message]:
    """The same, as messages."""

    async def once() -> list[discord.Message]:
        return [message async for message in channel.history(limit=limit) if turn_of(message) == turn_id]

    return (await until_known(once))[::-1]
