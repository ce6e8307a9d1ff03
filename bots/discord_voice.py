"""How a character's words get into a channel: by an owned webhook under its own name, or by the plain account.

Both are told to send and to edit, and both make sure that a message whose answer got lost on the way is not sent
twice: the plain account by Discord's own nonce, the webhook (which has none) by reading back what stands there.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import aiohttp
import discord

from bots.discord_place import Anywhere

WEBHOOK = "greenroom"
NOBODY = discord.AllowedMentions(everyone=False, roles=False, users=False, replied_user=False)
LOST = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError)
TRIES = 4
UNKNOWN_WEBHOOK = 10015
CLOCKS_DIFFER = timedelta(seconds=5)
Channel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.DMChannel
T = TypeVar("T")
FaceOf = Callable[[str], Awaitable[str | None]]  # a mood's picture's address
Room = discord.TextChannel | discord.ForumChannel | discord.VoiceChannel | discord.StageChannel
RESERVED = re.compile(r"discord|clyde|@here|@everyone|```", re.IGNORECASE)


class Voice(Protocol):
    """`send` returns the new message's id; `key` names the message for ever: sent again under it, it is still one.

    `mood` chooses the face, where there are faces.
    """

    async def send(
        self,
        text: str,
        *,
        key: str,
        view: discord.ui.View | None = None,
        reply_to: discord.Message | None = None,
        file: discord.File | None = None,
        mood: str = "neutral",
    ) -> int: ...

    async def edit(self, message_id: int, text: str, *, view: discord.ui.View | None = None) -> None: ...

    async def delete(self, message_id: int) -> None: ...


class PlainVoice:
    """The bot account itself; with several characters, each names itself before it speaks."""

    def __init__(self, channel: Channel, *, name: str | None = None) -> None:
        self._channel = channel
        self._prefix = f"**{discord.utils.escape_markdown(name)}:** " if name else ""

    @property
    def room_for_name(self) -> int:
        """How many characters of each message the name takes."""
        return len(self._prefix)

    async def send(
        self,
        text: str,
        *,
        key: str,
        view: discord.ui.View | None = None,
        reply_to: discord.Message | None = None,
        file: discord.File | None = None,
        mood: str = "neutral",
    ) -> int:
        extras = given(view=view, file=file, allowed_mentions=NOBODY, nonce=nonce_for(key))
        if reply_to:
            extras["reference"] = reply_to.to_reference(fail_if_not_exists=False)

        async def once() -> int:
            return int((await self._channel.send(self._prefix + text, **extras)).id)

        return await until_known(once)

    async def edit(self, message_id: int, text: str, *, view: discord.ui.View | None = None) -> None:
        message = self._channel.get_partial_message(message_id)

        async def once() -> None:
            await message.edit(content=self._prefix + text, view=view, allowed_mentions=NOBODY)

        await until_known(once)

    async def delete(self, message_id: int) -> None:
        await self._channel.get_partial_message(message_id).delete()


class HookVoice:
    """One character through the channel's webhook. Webhooks can't reply, so `reply_to` is only what was answered."""

    room_for_name = 0

    def __init__(self, hooks: "Webhooks", hook: discord.Webhook, channel: Channel, *, name: str, face: FaceOf) -> None:
        self._hooks = hooks
        self._hook = hook
        self._channel = channel
        self._name = allowed_name(name)
        self._face = face
        self._thread = given(thread=channel if isinstance(channel, discord.Thread) else None)

    async def send(
        self,
        text: str,
        *,
        key: str,
        view: discord.ui.View | None = None,
        reply_to: discord.Message | None = None,
        file: discord.File | None = None,
        mood: str = "neutral",
    ) -> int:
        shown = given(username=self._name, avatar_url=await self._face(mood))
        extras = shown | self._thread | given(view=view, file=file, allowed_mentions=NOBODY)
        began = discord.utils.utcnow() - CLOCKS_DIFFER

        async def once() -> int:
            try:
                return int((await self._hook.send(text, wait=True, **extras)).id)
            except discord.NotFound as gone:
                if gone.code != UNKNOWN_WEBHOOK:
                    raise
                self._hook = await self._hooks.anew(self._channel) or self._hook
                return int((await self._hook.send(text, wait=True, **extras)).id)

        async def there_already() -> int | None:
            async for message in self._channel.history(limit=10):
                ours = message.webhook_id == self._hook.id and message.created_at >= began
                if ours and message.content == text:
                    return message.id
            return None

        return await until_known(once, there_already)

    async def edit(self, message_id: int, text: str, *, view: discord.ui.View | None = None) -> None:
        async def once() -> None:
            await self._hook.edit_message(message_id, content=text, view=view, allowed_mentions=NOBODY, **self._thread)

        await until_known(once)

    async def delete(self, message_id: int) -> None:
        await self._hook.delete_message(message_id, **self._thread)


def given(**options: Any) -> dict[str, Any]:
    """The options that have a value; discord.py tells one that is None from one that is left out."""
    return {name: value for name, value in options.items() if value is not None}


async def until_known(
    once: Callable[[], Awaitable[T]], there_already: Callable[[], Awaitable[T | None]] | None = None
) -> T:
    """Tries until it is certain what came of it; between two tries looks whether the last one got through."""
    for attempt in range(1, TRIES + 1):
        try:
            return await once()
        except LOST:
            if attempt == TRIES:
                raise
            await asyncio.sleep(0.2 * 2**attempt)
            if there_already and (found := await there_already()) is not None:
                return found
    raise AssertionError("the last try returns or raises")


class Webhooks:
    """The one webhook a channel has of ours: found by its owner, or made; two at once make one."""

    def __init__(self, application_id: int) -> None:
        self._application = application_id
        self._of: dict[int, asyncio.Task[discord.Webhook | None]] = {}

    async def of(self, channel: Anywhere) -> discord.Webhook | None:
        """The channel's webhook (a thread uses its parent's); None where we may not have one."""
        room = channel.parent if isinstance(channel, discord.Thread) else channel
        if not isinstance(room, Room):
            return None
        task = self._of.get(room.id)
        if task is None or (task.done() and (task.cancelled() or task.exception() or task.result() is None)):
            # a webhook whose making was answered by silence is found by the next try
            task = self._of[room.id] = asyncio.create_task(until_known(lambda: self._found_or_made(room)))
        return await asyncio.shield(task)

    async def anew(self, channel: Anywhere) -> discord.Webhook | None:
        """Somebody deleted the webhook: find another, or make one."""
        room = channel.parent if isinstance(channel, discord.Thread) else channel
        self._of.pop(getattr(room, "id", 0), None)
        return await self.of(channel)

    def ours(self, message: discord.Message) -> bool:
        """Whether one of our webhooks said this."""
        return message.webhook_id is not None and message.application_id == self._application

    async def _found_or_made(self, room: Room) -> discord.Webhook | None:
        try:
            for hook in await room.webhooks():
                if hook.user and hook.user.id == self._application and hook.token:
                    return hook
            return await room.create_webhook(name=WEBHOOK)
        except discord.Forbidden:
            return None


def nonce_for(key: str) -> str:
    """At most 25 characters, the same for the same key."""
    return hashlib.sha256(key.encode()).hexdigest()[:25]


def allowed_name(name: str) -> str:
    """A name that Discord lets a webhook have: 1 to 80 characters, none of its own words."""
    kept = RESERVED.sub(lambda found: found[0][0] + "\u200a" + found[0][1:], name).strip()[:80]
    return kept if len(kept) > 1 else f"{kept or '?'}\u200a"
