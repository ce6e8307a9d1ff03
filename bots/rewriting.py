"""Other words in place of a reply, by an operator's hand: a branch beside the old one, remembered as if it was said."""

from dataclasses import replace
from secrets import token_hex
from time import time_ns

from bots.house import House
from memory import Scope, Turn


class NotLatest(Exception):
    """Something follows a reply: a branch beside it would take all of that out of what she knows."""


async def rewrite(house: House, turn: Turn, words: str) -> Turn:
    """The new turn, shown and remembered from now on; the old one stays in the tree. Raises `NotLatest`."""
    if not await is_among_newest(house, turn, 1):
        raise NotLatest
    turn = await house.journal.turn(turn.id)  # its fan may have put their words otherwise since
    new = replace(
        turn,
        id=f"{time_ns() // 1_000_000:012x}{token_hex(10)}",
        said=words,
        outcome="answered",
        model="",
        lora=None,
        trace={"again": turn.id, "finish": "rewritten", "mood": await house.mood.read(words)},
    )
    if not await house.journal.begin(replace(new, said=None, outcome="unanswered")):
        raise NotLatest
    await house.journal.finish(new)
    for fan_id in dict.fromkeys(said.speaker_id for said in turn.heard):
        await house.memory.sync(Scope(turn.persona_id, fan_id, turn.place))
    return new


async def is_among_newest(house: House, turn: Turn, count: int) -> bool:
    """Whether a turn is one of the last so many of the branch that is shown."""
    newest = await house.journal.path(turn.place, turn.persona_id, limit=count)
    return turn.id in {one.id for one in newest}
