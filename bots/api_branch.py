"""Where an API client goes on: it knows no places and no ids, only what was said, and not every branch of it.

A client that drops its oldest messages, to fit a context of its own, begins like no conversation there is. It is found
by the last reply that it still has, among the same fan's. What is not covered: one that lies further back than the
fan's newest `AS_FAR_BACK` turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bots.api_talk import Exchange, until
from bots.house import House
from memory import JournalTrouble, Scope, Turn
from personas import Place

log = structlog.get_logger()
AS_FAR_BACK = 300


@dataclass(frozen=True, slots=True)
class Whence:
    """The place of a conversation, and the turn after which it goes on; None where it begins."""

    place: Place
    after: str | None = None


async def whence(
    house: House, opening: Scope, past: Sequence[Exchange], *, home: str = "", stops: Sequence[str] = ()
) -> Whence:
    """The turn that ended in the client's last reply, on any branch; of several the one before which the client has
    the same, too, then the newest. Where none did, it is looked for in the fan's other places (those that begin with
    `home`, if given), up to one of the client's `stops`. Last it is the newest turn shown where a conversation that
    opens like this is held.
    """
    if not past:
        return Whence(opening.place)
    saying: Sequence[Turn] = await house.journal.saying(opening.place, opening.persona_id, past[-1].reply)
    if not saying and home:
        saying = await said_elsewhere(house, opening, past[-1], home=home, stops=stops)
    if saying:
        turn = await likeliest(house, saying, past)
        return Whence(turn.place, turn.id)
    shown = await house.journal.path(opening.place, opening.persona_id, limit=1)
    return Whence(opening.place, shown[-1].id if shown else None)


async def said_elsewhere(
    house: House, opening: Scope, last: Exchange, *, home: str, stops: Sequence[str]
) -> list[Turn]:
    """The turns of this fan's other places that heard and said just this, the newest first."""
    try:
        turns = await house.journal.elsewhere(opening, limit=AS_FAR_BACK)
    except JournalTrouble as exc:  # PostgreSQL can't be asked about more than 32,767 places at once
        log.warning("not_found_elsewhere", persona=opening.persona_id, reason=str(exc))
        return []
    return [turn for turn in reversed(turns) if turn.place.startswith(home) and was(turn, last, stops)]


def was(turn: Turn, exchange: Exchange, stops: Sequence[str]) -> bool:
    """Whether a turn is an exchange that the client has, words before the reply included where it still has them."""
    words, reply = plain(exchange.words), plain(exchange.reply)
    if not reply or words not in ("", heard_in(turn)):
        return False
    return reply in (said_in(turn), plain(until(turn.said or "", stops)[0]))


async def likeliest(house: House, turns: Sequence[Turn], past: Sequence[Exchange]) -> Turn:
    """The turn that ends the branch with which the client's past agrees most; of equals the first."""
    if len(turns) == 1:
        return turns[0]
    branches = [
        await house.journal.path(turn.place, turn.persona_id, leaf=turn.id, limit=len(past) + 1) for turn in turns
    ]
    best: Turn = max(branches, key=lambda branch: agreement(branch, past))[-1]
    return best


def agreement(branch: Sequence[Turn], past: Sequence[Exchange]) -> int:
    """How many replies, and words before them, a branch's end shares with a client's past, from the last one back.

    One more where nothing of the whole branch is another's: there the conversation began.
    """
    agreed = 0
    for turn, exchange in zip(reversed(branch), reversed(past), strict=False):
        if said_in(turn) != plain(exchange.reply):
            return agreed
        if heard_in(turn) != plain(exchange.words):
            return agreed + 1
        agreed += 2
    return agreed + (len(branch) <= len(past))


def said_in(turn: Turn) -> str:
    return plain(turn.said or "")


def heard_in(turn: Turn) -> str:
    return plain(*(heard.text for heard in turn.heard))


def plain(*texts: str) -> str:
    """The words alone: clients differ in the space they put around them."""
    return " ".join(" ".join(texts).split())
