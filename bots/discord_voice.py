"""How a character's words get into a channel: by an owned webhook under its own name, or by the plain account.

Both are told to send, edit and delete, and neither sends a message twice when its answer gets lost on the way
(`bots/discord_sending.py`).
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import discord

from bots.discord_sending import Saying, sent_once, until_known
from bots.discord_webhooks import Webhooks, allowed_name

UNTOLD = 0  # the channel of a message whose server does not tell it (`bots/discord_gaps.py`)
NOBODY = discord.AllowedMentions(everyone=False, roles=False, users=False, replied_user=False)
UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, FOREIGN = 10008, 10015, 50005  # FOREIGN: somebody else's message
UNTOLD_CODE = 0  # a server without codes
Channel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.DMChannel
FaceOf = Callable[[str], Awaitable[str | None]]  # a mood's picture's address


class Voice(Protocol):
    """`send` returns the new message's id; `room_for_name` is how many characters of each message the name takes.

    An edit without a `view` leaves the buttons as they are. What another voice of ours said can't be edited, but be
    deleted where we may manage messages; `delete` raises `discord.Forbidden` where we may not.
    """

    @property
    def room_for_name(self) -> int: ...

    async def send(self, saying: Saying) -> int: ...

    async def edit(self, message_id: int, text: str, *, view: discord.ui.View | None = None) -> None: ...

    async def delete(self, message_id: int) -> None: ...


class PlainVoice:
    """The bot account itself; with several characters, each names itself before it speaks."""

    def __init__(self, channel: Channel, *, name: str | None = None) -> None:
        self._channel = channel
        self._prefix = f"**{discord.utils.escape_markdown(name)}:** " if name else ""

    @property
    def room_for_name(self) -> int:
        return len(self._prefix)

    async def send(self, saying: Saying) -> int:
        extras = given(view=saying.view, file=saying.file, allowed_mentions=NOBODY, nonce=saying.nonce)
        if saying.reply_to:
            extras["reference"] = saying.reply_to.to_reference(fail_if_not_exists=False)
        return await sent_once(lambda: self._channel.send(self._prefix + saying.text, **extras), saying, self._channel)

    async def edit(self, message_id: int, text: str, *, view: discord.ui.View | None = None) -> None:
        change = partial(self._channel.get_partial_message(message_id).edit, **given(view=view))
        await until_known(lambda: change(content=self._prefix + text, allowed_mentions=NOBODY))

    async def delete(self, message_id: int) -> None:
        await gone(self._channel.get_partial_message(message_id).delete)


class HookVoice:
    """One character through the channel's webhook. Webhooks can't reply, so `reply_to` is only what was answered."""

    room_for_name = 0

    def __init__(self, hooks: Webhooks, hook: discord.Webhook, channel: Channel, *, name: str, face: FaceOf) -> None:
        self._hooks = hooks
        self._hook = hook
        self._channel = channel
        self._name = allowed_name(name)
        self._face = face
        self._thread = given(thread=channel if isinstance(channel, discord.Thread) else None)

    async def send(self, saying: Saying) -> int:
        shown = given(username=self._name, avatar_url=await self._face(saying.mood))
        extras = shown | self._thread | given(view=saying.view, file=saying.file, allowed_mentions=NOBODY)
        return await sent_once(lambda: self._speak(saying.text, extras), saying, self._channel)

    async def _speak(self, text: str, extras: dict[str, Any]) -> discord.Message:
        """Through the webhook; through another, once, if somebody deleted it or moved it to another channel."""
        try:
            sent = await self._hook.send(text, wait=True, **extras)
        except discord.NotFound as gone:
            if gone.code not in (UNKNOWN_WEBHOOK, UNTOLD_CODE):
                raise
        else:
            if self._thread or sent.channel.id in (self._channel.id, UNTOLD):
                return sent
            await self._hook.delete_message(sent.id)
        self._hook = await self._hooks.anew(self._channel) or self._hook
        return await self._hook.send(text, wait=True, **extras)

    async def edit(self, message_id: int, text: str, *, view: discord.ui.View | None = None) -> None:
        change = partial(self._hook.edit_message, message_id, **self._thread, **given(view=view))
        await until_known(lambda: change(content=text, allowed_mentions=NOBODY))

    async def delete(self, message_id: int) -> None:
        try:
            await until_known(lambda: self._hook.delete_message(message_id, **self._thread))
        except discord.NotFound as unknown:
            if unknown.code in (UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK):
                await gone(self._channel.get_partial_message(message_id).delete)


async def gone(delete: Callable[[], Awaitable[None]]) -> None:
    """Deletes a message, which may be gone already."""
    with suppress(discord.NotFound):
        await until_known(delete)


def given(**options: Any) -> dict[str, Any]:
    """The options that have a value; discord.py tells one that is None from one that is left out."""
    return {name: value for name, value in options.items() if value is not None}
