"""Why somebody gets no other version of a reply: asked for by a button or a menu, it passes what a line would pass.

What is not covered: "stop" and "delete", which put nobody's words anywhere.
"""

from typing import Protocol

import discord

from bots.discord_budgets import Budgets
from bots.discord_opt_outs import OptOuts
from bots.discord_place import Anywhere, fan_id
from bots.discord_rooms import Rooms
from bots.house import House
from bots.rewriting import is_among_newest
from memory import Turn

UNHEARD = "Characters don't hear you, or somebody whom this answers: `/privacy opt-out` was used."
ONLY_LATEST = "Only the latest reply: another version of this one would undo all that came after it."
REPLACED = "Another version stands there by now, or that was too long ago."
PAUSED = "Characters are silent in this channel for now."
BLOCKED = "Characters don't answer you in this server."
NOT_HERE = "That character does not speak in this channel now."
ENOUGH = "That is enough for now; try again later."
LATELY = 50  # turns


class Asked(Protocol):
    """Whoever knows what is allowed; the client."""

    house: House
    rooms: Rooms
    opt_outs: OptOuts
    budgets: Budgets


async def refusal(client: Asked, person: discord.User | discord.Member, channel: Anywhere, turn: Turn) -> str:
    """What a person is told who gets no other version of a reply; empty if they do."""
    if unheard(client, person, turn):
        return UNHEARD
    return forbidden(client, person, channel, turn) or await too_late(client.house, channel, turn)


def unheard(client: Asked, person: discord.abc.Snowflake, turn: Turn) -> bool:
    """Whether the person, or somebody whose line a reply answers, asked not to be heard."""
    return any(client.opt_outs.has(one) for one in {fan_id(person), *(said.speaker_id for said in turn.heard)})


def forbidden(client: Asked, person: discord.User | discord.Member, channel: Anywhere, turn: Turn) -> str:
    """What the channel's rules have against it."""
    rules = client.rooms.rules_of(channel)
    if rules.paused:
        return PAUSED
    if {str(person.id), *(str(role.id) for role in getattr(person, "roles", ()))} & set(rules.blocked or ()):
        return BLOCKED
    if not any(one.persona_id == turn.persona_id and not one.muted for one in client.rooms.present(channel)):
        return NOT_HERE
    return ENOUGH if client.budgets.refusal(fan=fan_id(person), guild=guild_of(channel), rules=rules) else ""


async def too_late(house: House, channel: Anywhere, turn: Turn) -> str:
    """Among others nothing may follow a reply, since a branch beside it takes that out of what she knows of them."""
    if isinstance(channel, discord.DMChannel):
        return "" if await is_among_newest(house, turn, LATELY) else REPLACED
    return "" if await is_among_newest(house, turn, 1) else ONLY_LATEST


def guild_of(channel: Anywhere) -> str:
    guild = getattr(channel, "guild", None)
    return str(guild.id) if guild else ""
