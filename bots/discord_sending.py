"""Sends until it is certain what came of it: a message whose answer was lost is looked for before it is sent again.

The plain account's messages carry a nonce of ours, so Discord itself makes one of two; webhooks have none. For both
the channel is read back, by the turn's id under the message and its words, so no clock has to agree with another; on
servers that keep no buttons by its words alone.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
import discord

from bots.discord_buttons import Tools, turn_of

LOST = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError)
TRIES = 4
TOO_MANY = 429
LOOKS_BACK = 50  # messages; others may have written meanwhile
LONGEST_WAIT = 60.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Saying:
    """One message of a reply: its `number`th part, under `view`. `known` are the ids of the parts before it.

    `mood` chooses the face, where there are faces; `reply_to` is what it answers.
    """

    text: str
    turn_id: str
    number: int | str
    view: Tools
    reply_to: discord.Message | None = None
    file: discord.File | None = None
    mood: str = "neutral"
    known: tuple[int, ...] = ()

    @property
    def nonce(self) -> str:
        """At most 25 characters, the same for the same part of the same turn."""
        return hashlib.sha256(f"{self.turn_id}/{self.number}".encode()).hexdigest()[:25]

    def stands_as(self, message: discord.Message) -> bool:
        """Whether a message is this one, by the turn under it."""
        return turn_of(message) == self.turn_id and message.id not in self.known and self._says_this(message)

    def stands_unmarked_as(self, message: discord.Message) -> bool:
        """The same on a server that keeps no buttons: by its words, said after what it follows and by somebody else."""
        follows = max([*self.known, self.reply_to.id if self.reply_to else 0])
        asked = self.reply_to is not None and message.author == self.reply_to.author
        return 0 < follows < message.id and not asked and self._says_this(message)

    def _says_this(self, message: discord.Message) -> bool:
        """Discord trims what it shows, and a name may stand before it."""
        return message.content.strip().endswith(self.text.strip())


async def sent_once(
    send: Callable[[], Awaitable[discord.Message]], saying: Saying, channel: discord.abc.Messageable
) -> int:
    """The id of the one message that `send` made, however often its answer got lost."""

    async def once() -> int:
        return int((await send()).id)

    async def there_already() -> int | None:
        try:
            newest = [message async for message in channel.history(limit=LOOKS_BACK)]
        except discord.Forbidden:  # without Read Message History nobody can tell; a reply said twice beats none
            return None
        marked = any(message.components for message in newest)
        stands = saying.stands_as if marked else saying.stands_unmarked_as
        return next((message.id for message in newest if stands(message)), None)

    return await until_known(once, there_already)


def may_pass(fault: BaseException) -> bool:
    """Whether trying again may help: the answer was lost, the server failed, or it asks for patience."""
    return isinstance(fault, LOST) or (isinstance(fault, discord.HTTPException) and fault.status == TOO_MANY)


async def until_known(
    once: Callable[[], Awaitable[T]], there_already: Callable[[], Awaitable[T | None]] | None = None
) -> T:
    """Tries until it is certain what came of it; between two tries looks whether the last one got through."""
    for attempt in range(1, TRIES + 1):
        try:
            return await once()
        except (*LOST, discord.HTTPException) as fault:
            if attempt == TRIES or not may_pass(fault):
                raise
            await asyncio.sleep(max(0.2 * 2**attempt, asked_to_wait(fault)))
            if there_already and isinstance(fault, LOST) and (found := await there_already()) is not None:
                return found
    raise AssertionError("the last try returns or raises")


def asked_to_wait(fault: BaseException) -> float:
    """Seconds that a refusal names; discord.py itself waits only where Discord's own proxy stands in the way."""
    told = fault.response.headers.get("Retry-After", "") if isinstance(fault, discord.HTTPException) else ""
    try:
        return min(float(told), LONGEST_WAIT)
    except ValueError:
        return 0.0
