"""Which turn an API client goes on from: it knows no ids, only what was said, and not every branch of it."""

from collections.abc import Sequence

from bots.api_talk import Exchange
from bots.house import House
from memory import Turn
from personas import Place


async def turn_gone_on_from(house: House, place: Place, persona_id: str, past: Sequence[Exchange]) -> str | None:
    """The turn that ended in the client's last reply, on any branch; of several the one before which the client has
    the same, too, then the newest. The newest turn shown where none did; None where the conversation begins.
    """
    if not past:
        return None
    saying = await house.journal.saying(place, persona_id, past[-1].reply)
    if not saying:
        shown = await house.journal.path(place, persona_id, limit=1)
        return shown[-1].id if shown else None
    if len(saying) == 1:
        return str(saying[0].id)
    branches = [
        await house.journal.path(place, persona_id, leaf=turn.id, limit=len(past) + 1) for turn in saying
    ]  # the newest first, and `max` keeps the first of equals
    return str(max(branches, key=lambda branch: agreement(branch, past))[-1].id)


def agreement(branch: Sequence[Turn], past: Sequence[Exchange]) -> int:
    """How many replies, and words before them, a branch's end shares with a client's past, from the last one back.

    One more where nothing of the whole branch is another's: there the conversation began.
    """
    agreed = 0
    for turn, exchange in zip(reversed(branch), reversed(past), strict=False):
        if plain(turn.said or "") != plain(exchange.reply):
            return agreed
        if plain(*(heard.text for heard in turn.heard)) != plain(exchange.words):
            return agreed + 1
        agreed += 2
    return agreed + (len(branch) <= len(past))


def plain(*texts: str) -> str:
    """The words alone: clients differ in the space they put around them."""
    return " ".join(" ".join(texts).split())
