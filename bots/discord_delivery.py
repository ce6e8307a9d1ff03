"""Brings one reply into one channel: typing first, then edits at the pace Discord allows, and always a last one.

A reply is first looked for in the channel when there is any doubt (`found`): after a crash or a lost answer the
messages that stand there are finished, and none is sent twice. On a server that knows no edits a reply is sent whole.
"""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import discord
import structlog

from bots.discord_buttons import GOES_ON, SPEAKING, SPOKEN, Tools, is_unfinished, turn_of
from bots.discord_parts import LONGEST, parts_of
from bots.discord_place import fan_id
from bots.discord_sending import LOST, Saying, until_known
from bots.discord_voice import FOREIGN, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, Channel, Voice
from bots.performance import Performance, TurnFailed
from memory import Turn
from serving import Delta

log = structlog.get_logger()
MOST_PARTS = 6
NEAR = 100  # messages, as many as Discord tells at once
SOON = 0.8  # seconds; a reply that is whole by then is sent whole
FIRST_WORDS = 60  # characters that make a first message worth showing
INTERRUPTED = "\n-# (interrupted)"
NO_SUCH_ROUTE = {404, 405}
T = TypeVar("T")


class AnothersMessage(Exception):
    """A message stands there that this voice can't edit: the plain account's, or one of a webhook that is gone."""


class Pace:
    """Lets a channel's edits through one at a time, at least so many seconds apart, whoever makes them.

    `edits` is false where the server turned out to know none.
    """

    def __init__(self, every: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._now = now
        self._last: dict[int, float] = {}
        self.edits = True

    def allows(self, channel_id: int) -> bool:
        """Whether an edit may go out now; it counts as gone out."""
        now = self._now()
        if not self.edits or now - self._last.get(channel_id, float("-inf")) < self._every:
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
    first_words: Callable[[], object] = lambda: None
    mood: str = "neutral"
    _anew: bool = False
    _waits: bool = False
    _shown: dict[int, str] = field(default_factory=dict)
    _verbs: dict[int, tuple[str, ...]] = field(default_factory=dict)
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
            # we are closing; "stop" stays, so the next start finishes it
            with suppress(*LOST, discord.HTTPException, AnothersMessage):
                await self._show(said + INTERRUPTED, last=False) if self.messages else None
            raise
        await end(typing)
        if turn is not None and turn.said:
            await self._finish(turn)
        return turn

    async def _stream(self, said: str, typing: asyncio.Task[None]) -> None:
        """Shows what there is, when it is worth showing and the channel's pace allows an edit."""
        if self._waits or (not self.messages and self._is_little(said)):
            return
        if not self.pace.allows(self.channel.id):
            return
        await end(typing)
        try:
            await self._show(said, last=False)
        except LOST as exc:
            log.warning("edit_lost", turn=self.performance.id, family=type(exc).__name__)
        except AnothersMessage:
            self._waits = True  # it is said whole, in messages of our own
        except discord.HTTPException as refused:
            if not await self._knows_no_edits(refused):
                raise

    def _is_little(self, said: str) -> bool:
        """Whether it is not worth a first message yet."""
        return len(said) < FIRST_WORDS or time.monotonic() - self._began < SOON

    async def _finish(self, turn: Turn) -> None:
        text = (turn.said or "") + (INTERRUPTED if turn.trace.get("finish") == "stopped" else "") + self.footnote
        self.mood = str(turn.trace.get("mood", "neutral"))
        try:
            await self._finish_as(text)
        except AnothersMessage:
            await self._say_anew(text)
        except discord.HTTPException as refused:
            if not await self._knows_no_edits(refused):
                raise
            await self._say_anew(text)

    async def _knows_no_edits(self, refused: discord.HTTPException) -> bool:
        """Whether a server knows no edits, rather than that the message was taken away."""
        if not self.messages or refused.status not in NO_SUCH_ROUTE or refused.code:
            return False
        try:
            await until_known(lambda: self.channel.fetch_message(self.messages[0]))
        except discord.HTTPException:
            return False
        self.pace.edits = False
        return True

    async def _say_anew(self, text: str) -> None:
        """Sends the reply whole, if a life before did not, and only then takes back what was shown of it: a crash
        between the two loses nothing, and the next life finds the whole."""
        shown, there = self.messages, await standing(self.channel, self.performance.id)
        last_begun = max((message.id for message in there if is_unfinished(message)), default=0)
        if there and there[-1].id > last_begun:
            shown = [message for message in shown if message <= last_begun]
        else:
            self.messages, self._shown, self._verbs, self._anew = [], {}, {}, True
            await self._finish_as(text)
        for message in shown:
            with suppress(discord.HTTPException):
                await self.voice.delete(message)

    async def _finish_as(self, text: str) -> None:
        if len(parts_of(text, longest=self.room)) > MOST_PARTS:
            await self._as_file(text)
        else:
            await self._show(text, last=True)

    async def _show(self, text: str, *, last: bool) -> None:
        """Makes the messages say the text: edits those that differ, sends those that are missing, deletes the rest."""
        parts = [part for part in parts_of(text, longest=self.room) if part.text.strip()]  # Discord takes no blank ones
        parts = parts if last else parts[:MOST_PARTS]
        for number, part in enumerate(parts):
            ends = number == len(parts) - 1
            shown = f"{part.text}\x00{ends}{last}"
            if self._shown.get(number) != shown:
                await self._show_part(number, part.text, (SPOKEN if last else SPEAKING) if ends else GOES_ON)
                self._shown[number] = shown
        if last:
            for surplus in self.messages[len(parts) :]:
                await self.voice.delete(surplus)
            del self.messages[len(parts) :]

    async def _show_part(self, number: int, text: str, verbs: tuple[str, ...]) -> None:
        """One message: edited if it stands there, its buttons only where they change, else sent."""
        if number < len(self.messages):
            view = None if self._verbs.get(number) == verbs else Tools(self.performance.id, verbs)
            try:
                await self.voice.edit(self.messages[number], text, view=view)
            except discord.HTTPException as refused:
                if await self._is_anothers(self.messages[number], refused):
                    raise AnothersMessage from refused
                raise
        else:
            self.messages.append(await self.voice.send(self._saying(text, number, verbs)))
            self.first_words()
        self._verbs[number] = verbs

    async def _is_anothers(self, message_id: int, refused: discord.HTTPException) -> bool:
        """Whether a message that can't be edited stands there all the same, rather than that it was taken away."""
        if refused.code != UNKNOWN_MESSAGE:
            return refused.code in (FOREIGN, UNKNOWN_WEBHOOK)
        try:
            await until_known(lambda: self.channel.fetch_message(message_id))
        except discord.HTTPException:
            return False
        return True

    def _saying(self, text: str, number: int | str, verbs: tuple[str, ...], file: discord.File | None = None) -> Saying:
        turn_id, reply_to = self.performance.id, None if self.messages else self.reply_to
        number = f"{number} anew" if self._anew else number  # else the server would take it for the one it had
        return Saying(text, turn_id, number, Tools(turn_id, verbs), reply_to, file, self.mood, tuple(self.messages))

    async def _as_file(self, text: str) -> None:
        """A reply that would fill the screen: its beginning as a message, all of it as a file.

        The beginning shows "stop" until the file is there, so that a crash between the two is noticed and mended.
        """
        beginning = parts_of(text, longest=self.room)[0].text
        whole = discord.File(io.BytesIO(text.encode()), filename="reply.md")
        await self._show(beginning, last=False)
        await self.voice.send(self._saying("…", "file", GOES_ON, whole))
        await self._show(beginning, last=True)

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


async def found(
    channel: discord.abc.Messageable, turn_id: str, *, around: discord.abc.Snowflake | None = None
) -> list[int]:
    """The messages in a channel that deliver a turn already, oldest first."""
    return [message.id for message in await standing(channel, turn_id, around=around)]


async def standing(
    channel: discord.abc.Messageable, turn_id: str, *, around: discord.abc.Snowflake | None = None
) -> list[discord.Message]:
    """The same, as messages: among the newest, or among those around one of them; none where we may read nothing."""

    async def once() -> list[discord.Message]:
        return [message async for message in channel.history(limit=NEAR, around=around) if turn_of(message) == turn_id]

    return sorted(await what_we_may_read(once), key=lambda message: message.id)


async def stands_unmarked(channel: discord.abc.Messageable, turn: Turn) -> bool:
    """Whether a whole reply stands there without its buttons, on a server that keeps none: by its words, each part
    said after the line it answers and by nobody who was answered."""
    parts = [part.text.strip() for part in parts_of(turn.said or "") if part.text.strip()]
    fans = {said.speaker_id for said in turn.heard}
    numbers = [said.id.rpartition(":")[2] for said in turn.heard]
    line = max((int(number) for number in numbers if number.isdigit()), default=0)

    async def once() -> list[str]:
        newest = [message async for message in channel.history(limit=NEAR)]
        if any(message.components for message in newest):  # buttons are kept here, and somebody else said these words
            return []
        return [message.content for message in newest if message.id > line and fan_id(message.author) not in fans]

    said = await what_we_may_read(once)
    return bool(parts) and all(any(part in words for words in said) for part in parts)


async def what_we_may_read(read: Callable[[], Awaitable[list[T]]]) -> list[T]:
    """What stands in a channel; nothing without Read Message History."""
    try:
        return await until_known(read)
    except discord.Forbidden:
        return []
