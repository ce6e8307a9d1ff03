"""What turns have cost since a moment, by fan and persona, so that a day's budget outlives a restart.

No words are read. What is not covered: turns of a fan who was forgotten since; nothing is known of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from memory.journal import Journal
from memory.journal_tables import HEARD, TURNS, UTTERANCES


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens read and said for one fan by one persona."""

    fan_id: str
    persona_id: str
    tokens: int


async def spent_since(journal: Journal, moment: datetime) -> Sequence[Spent]:
    """By whoever was answered (the last who spoke before a reply). May raise a `JournalTrouble`."""
    return await journal.database.read(sums, moment)


def sums(connection: Connection, moment: datetime) -> list[Spent]:
    """A turn for which no engine answered cost nothing, whatever was counted before it was asked."""
    others = HEARD.alias()
    last = select(func.max(others.c.position)).where(others.c.turn_id == TURNS.c.id).scalar_subquery()
    cost = func.sum(TURNS.c.prompt_tokens + TURNS.c.completion_tokens)
    rows = connection.execute(
        select(UTTERANCES.c.speaker_id, TURNS.c.persona_id, cost)
        .select_from(TURNS)
        .join(HEARD, HEARD.c.turn_id == TURNS.c.id)
        .join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
        .where(TURNS.c.began_at >= moment, TURNS.c.outcome != "at_a_loss", HEARD.c.position == last)
        .group_by(UTTERANCES.c.speaker_id, TURNS.c.persona_id)
    )
    return [Spent(fan, persona, int(tokens)) for fan, persona, tokens in rows if tokens]
