"""The one webhook that a channel has of ours: any number of characters speak through it, each under its own name."""

import asyncio
import re

import discord

from bots.discord_buttons import turn_of
from bots.discord_place import Anywhere
from bots.discord_sending import may_pass, until_known

WEBHOOK = "greenroom"
Room = discord.TextChannel | discord.ForumChannel | discord.VoiceChannel | discord.StageChannel
RESERVED = re.compile(r"discord|clyde|@here|@everyone|```", re.IGNORECASE)


class Webhooks:
    """Found by its owner, or made; two at once make one. `account` is our user's id, `application` our app's."""

    def __init__(self, application: int, account: int) -> None:
        self._application = application
        self._account = account
        self._of: dict[int, asyncio.Task[discord.Webhook | None]] = {}
        self._ids: set[int] = set()

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
        """Somebody deleted or moved the webhook: find another, or make one."""
        room = channel.parent if isinstance(channel, discord.Thread) else channel
        self._of.pop(getattr(room, "id", 0), None)
        return await self.of(channel)

    def ours(self, message: discord.Message) -> bool:
        """Whether one of our webhooks said this; a webhook's message has its id for an author, too.

        Where a server does not tell webhooks from people, our buttons do: people can't have any.
        """
        if message.webhook_id is None:
            return message.author.id in self._ids or (not message.author.bot and turn_of(message) is not None)
        return message.application_id == self._application or message.webhook_id in self._ids

    async def _found_or_made(self, room: Room) -> discord.Webhook | None:
        """None where Discord refuses: no permission, or fifteen webhooks already."""
        try:
            hook = next(filter(self._is_own, await room.webhooks()), None) or await room.create_webhook(name=WEBHOOK)
        except discord.HTTPException as refused:
            if may_pass(refused):
                raise
            return None
        self._ids.add(hook.id)
        return hook

    def _is_own(self, hook: discord.Webhook) -> bool:
        """Whether we made a webhook: by its owner, or by its name where the server does not tell owners."""
        if not hook.token:
            return False
        return hook.user.id in (self._account, self._application) if hook.user else hook.name == WEBHOOK


def allowed_name(name: str) -> str:
    """A name that Discord lets a webhook have: 1 to 80 characters, none of its own words."""
    kept = RESERVED.sub(lambda found: found[0][0] + "\u200a" + found[0][1:], name).strip()[:80]
    return kept if len(kept) > 1 else f"{kept or '?'}\u200a"
