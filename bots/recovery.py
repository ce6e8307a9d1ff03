"""What the house does first: turns that a crash left without a reply are answered, once.

A turn that was begun stands in the journal without a reply. Fresh ones are answered again as the same turn, so nothing
is doubled; so are words that a crash left in the line, before their turn was begun. Those that have waited too long are
left for the fan, to whom the page offers a retry: nobody wants an answer to last week's "good morning".

Each kind of house does this for its own platforms, and only while no other house of its kind is open on the journal:
what that one is answering isn't lost. What was said on Discord is not touched here; `bots/discord_catch_up.py` asks.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import structlog

from bots.hall import Hall
from bots.rooms import Journal
from personas import platform_of

log = structlog.get_logger()
HERE = ("api", "terminal", "web")


@asynccontextmanager
async def first_on(platforms: Collection[str], journal: Journal) -> AsyncIterator[Collection[str]]:
    """Those of the platforms that no other open house sees to; it is told so until the block ends."""
    async with AsyncExitStack() as held:
        first = {one: await held.enter_async_context(journal.first(f"recovery of {one}")) for one in platforms}
        yield [one for one in platforms if first[one]]


async def recover(
    hall: Hall, journal: Journal, *, now: datetime, not_older_than: timedelta, platforms: Collection[str] = HERE
) -> int:
    """Puts what is fresh and unanswered back in line; returns how many turns that may make."""
    unanswered = [turn for turn in await journal.unanswered() if platform_of(turn.place) in platforms]
    fresh = [turn for turn in unanswered if now - turn.began_at <= not_older_than]
    for turn in fresh:
        await hall.retry(turn)
    heard = [(persona, said) for persona, said in await journal.waiting() if platform_of(said.place) in platforms]
    waiting = [(persona, said) for persona, said in heard if now - said.at <= not_older_than]
    for persona_id, said in waiting:
        await hall.hear_again(said, persona_id=persona_id)
    if unanswered or waiting:
        log.info("recovered", again=len(fresh), first=len(waiting), left_for_a_retry=len(unanswered) - len(fresh))
    return len(fresh) + len(waiting)
