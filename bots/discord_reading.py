"""What attention is told of a message: whom it names, what it replies to, whose thread it is in, and who wrote it."""

from contextlib import suppress

import discord

from bots.attention import Heard
from bots.discord_accounts import Accounts
from bots.discord_buttons import turn_of
from bots.discord_place import Anywhere, mentioned_in_text
from bots.discord_rooms import Rooms
from bots.discord_rules import RoomRules
from bots.house import House
from memory import MemoryTrouble, Turn
from personas import Utterance


class Reading:
    """Reads messages from one account's point of view."""

    def __init__(self, house: House, rooms: Rooms, accounts: Accounts) -> None:
        self._house = house
        self._rooms = rooms
        self._accounts = accounts

    async def heard(self, message: discord.Message, said: Utterance, *, me: int) -> Heard:
        """All that decides whether the line is for somebody here."""
        named = mentioned_in_text(message)
        replied = await self._replied_persona(message)
        meant = self._rooms.meant(message.channel)
        default = replied or (meant.id if meant else None)
        own = frozenset({default}) if me in named and default and not self._accounts.personas.get(me) else frozenset()
        return Heard(
            text=said.text,
            speaker_id=said.speaker_id,
            at=said.at,
            private=isinstance(message.channel, discord.DMChannel),
            meant=meant.id if meant else None,
            mentions=own | self._accounts.named(named),
            replies_to=replied,
            thread_of=self._thread_owner(message.channel, me),
            from_bot=message.author.bot or message.webhook_id is not None,
        )

    async def _replied_persona(self, message: discord.Message) -> str | None:
        """Whose message this one replies to, if it is one of ours."""
        replied = await replied_message(message)
        turn_id = turn_of(replied) if replied else None
        if turn_id is None:
            return None
        with suppress(MemoryTrouble):
            turn: Turn = await self._house.journal.turn(turn_id)
            return turn.persona_id
        return None

    def _thread_owner(self, channel: Anywhere, me: int) -> str | None:
        """The character whose thread this is: one that we opened."""
        if not isinstance(channel, discord.Thread) or channel.owner_id != me:
            return None
        meant = self._rooms.meant(channel)
        return meant.id if meant else None


async def replied_message(message: discord.Message) -> discord.Message | None:
    """What a message replies to: sent along, kept by discord.py, or asked for; None where it is gone or elsewhere."""
    reference = message.reference
    if reference is None or reference.message_id is None or reference.channel_id != message.channel.id:
        return None
    known = reference.resolved or reference.cached_message
    if known is None:
        with suppress(discord.NotFound, discord.Forbidden):
            known = await message.channel.fetch_message(reference.message_id)
    return known if isinstance(known, discord.Message) else None


def is_bot(message: discord.Message) -> bool:
    return message.author.bot or message.webhook_id is not None


def is_blocked(message: discord.Message, rules: RoomRules) -> bool:
    """Whether a guild does not want this person, or one of their roles, to be answered."""
    roles = getattr(message.author, "roles", ())
    return bool({str(message.author.id), *(str(role.id) for role in roles)} & set(rules.blocked or ()))


def guild_of(message: discord.Message) -> str:
    return str(message.guild.id) if message.guild else ""


def can_write(message: discord.Message) -> bool:
    """Whether we may answer where this was said."""
    if message.guild is None:
        return True
    me: discord.Member | None = message.guild.me
    allowed = message.channel.permissions_for(me) if me and message.guild.default_role else None
    if allowed is None or not allowed.view_channel:  # we have just read it: a terse server tells no permissions
        return True
    return allowed.send_messages_in_threads if isinstance(message.channel, discord.Thread) else allowed.send_messages
