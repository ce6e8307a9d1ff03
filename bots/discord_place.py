"""Translates Discord's channels, people and messages into places, fans and utterances."""

import re
from datetime import datetime, timedelta

import discord

from personas import Place, Utterance

Anywhere = (
    discord.TextChannel
    | discord.VoiceChannel
    | discord.StageChannel
    | discord.Thread
    | discord.DMChannel
    | discord.PartialMessageable
    | discord.GroupChannel
)
PLATFORM = "discord"
LATELY = timedelta(days=1)  # nothing older is ever heard
MENTION = re.compile(r"<@!?(\d+)>")


def place_of(channel: Anywhere, person: discord.abc.Snowflake | None = None) -> Place:
    """`discord:dm/<user>` or `discord:<guild>/<channel>`; a thread is a place of its own.

    discord.py does not know the other side of a private channel that only a message told it of; `person` is who spoke.
    """
    if isinstance(channel, discord.DMChannel):
        other = channel.recipient or person
        return Place(f"{PLATFORM}:dm/{other.id if other else channel.id}")
    guild = getattr(channel, "guild", None)
    return Place(f"{PLATFORM}:{guild.id if guild else 0}/{channel.id}")


def fan_id(person: discord.abc.Snowflake) -> str:
    """Stable, whatever they call themselves."""
    return f"{PLATFORM}:{person.id}"


def utterance_of(message: discord.Message) -> Utterance:
    """What somebody said, mentions as names and attachments as words."""
    return Utterance(
        id=f"{PLATFORM}:{message.id}",
        speaker_id=fan_id(message.author),
        speaker_name=message.author.display_name,
        place=place_of(message.channel, message.author),
        text=words_of(message),
        at=told_at(message),
    )


def told_at(message: discord.Message) -> datetime:
    """When something was said: its id tells, except on servers whose ids are no times (then it was said just now)."""
    now = discord.utils.utcnow()
    return message.created_at if abs(now - message.created_at) < LATELY else now


def words_of(message: discord.Message) -> str:
    """The text as people see it; what it carries is named, not opened."""
    names = {str(user.id): user.display_name for user in message.mentions}
    text = MENTION.sub(lambda found: f"@{names.get(found[1], 'somebody')}", message.content)
    carried = [f"[shares {attachment.filename}]" for attachment in message.attachments]
    carried += [f"[sticker {sticker.name}]" for sticker in message.stickers]
    return "\n".join(filter(None, [text, *carried]))


def mentioned_in_text(message: discord.Message) -> frozenset[int]:
    """Whom the text itself names; a reply also pings its author, and nobody typed that."""
    return frozenset(int(found) for found in MENTION.findall(message.content))


def is_adult_room(channel: Anywhere) -> bool:
    """Whether Discord lets only adults in; a thread is what its parent is, and a guild may be restricted as a whole."""
    room = channel.parent if isinstance(channel, discord.Thread) else channel
    guild = getattr(channel, "guild", None)
    restricted = (discord.NSFWLevel.explicit, discord.NSFWLevel.age_restricted)
    return bool((guild and guild.nsfw_level in restricted) or (room is not None and getattr(room, "nsfw", False)))
