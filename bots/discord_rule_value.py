"""Reads what people type as the value of a rule, by what the rule wants: characters, people, a channel, or JSON."""

import json
from collections.abc import Iterable
from difflib import get_close_matches

import discord

from bots.discord_rooms import Rooms
from bots.discord_rules import bare
from personas import Persona

SHOWN = 50  # characters of a wrong word that are told back


def value_of(rule: str, typed: str, *, rooms: Rooms, guild: discord.Guild | None) -> object:
    """A rule's value; None takes the rule back. Raises `ValueError` with a sentence.

    `guild` is the server as far as it is known: a channel of another one is refused.
    """
    value = as_value(typed)
    if value is None:
        return None
    if rule in ("cast", "muted"):
        return [character(word, rooms) for word in words_of(value)]
    if rule == "blocked":
        return [known_id(one, "person or role") for word in words_of(value) for one in word.split()]
    if rule == "log_channel":
        return channel(str(value), guild)
    return value


def as_value(typed: str) -> object:
    """JSON where it is JSON (`0.2`, `true`, `["mika"]`), a list of words where there is a comma, else text."""
    if not typed.strip():
        return None
    try:
        return json.loads(typed)
    except json.JSONDecodeError:
        return [word.strip() for word in typed.split(",")] if "," in typed else typed.strip()


def words_of(value: object) -> list[str]:
    """A list of words; one value is a list of one."""
    several = value if isinstance(value, list) else [value]
    return [word for one in several if (word := str(one).strip())]


def character(word: str, rooms: Rooms) -> str:
    """The id of a character by id or name."""
    if found := rooms.called(word):
        return found.id
    raise ValueError(f"there is no character called {word[:SHOWN]!r}. {nearest(word, rooms.everyone())}")


def nearest(word: str, everyone: Iterable[Persona]) -> str:
    """Whom somebody may have meant, or who there is."""
    ids = {name: one.id for one in everyone for name in (one.id, one.name.casefold())}
    near = get_close_matches(word.casefold(), ids, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {ids[near[0]]}?"
    return f"There are: {', '.join(sorted(set(ids.values())))}"[:1000]


def known_id(word: str, kind: str) -> str:
    """An id, given as such or as a mention."""
    found = str(bare(word))
    if not (found.isascii() and found.isdigit()):
        raise ValueError(f"{word[:SHOWN]!r} is no id of a {kind}. Mention them, or copy the id.")
    return found


def channel(word: str, guild: discord.Guild | None) -> str:
    """The id of a channel of this server."""
    found = known_id(word, "channel")
    if guild is not None and guild.channels and guild.get_channel_or_thread(int(found)) is None:
        raise ValueError(f"{found} is no channel of this server that I can see.")
    return found
