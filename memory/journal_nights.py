"""What the night needs of the journal: of whose words a persona has still to think, and an end to what is too old."""

from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, select

from memory.journal_erasure import mine, unsay
from memory.journal_tables import MARKS, STATEMENTS, UTTERANCES

THOUGHT_OF = "thought of"  # the mark that says up to when a fan's words were thought of, in ISO 8601
PORTION = 200  # lines that go in one transaction, so that nobody waits long


def restless(connection: Connection) -> tuple[tuple[str, str, datetime], ...]:
    """(persona, fan, when they last spoke) for all whose newest words are younger than their mark."""
    newest = func.max(UTTERANCES.c.at, type_=UTTERANCES.c.at.type).label("newest")
    spoken = select(UTTERANCES.c.persona_id, UTTERANCES.c.fan_id, newest)
    last = spoken.group_by(UTTERANCES.c.persona_id, UTTERANCES.c.fan_id).subquery()
    whose = and_(MARKS.c.persona_id == last.c.persona_id, MARKS.c.fan_id == last.c.fan_id, MARKS.c.name == THOUGHT_OF)
    query = select(last, MARKS.c.value).outerjoin(MARKS, whose)
    return tuple(
        (persona, fan, at)
        for persona, fan, at, thought in connection.execute(query)
        if thought is None or datetime.fromisoformat(thought) < at
    )


def retire(connection: Connection, persona_id: str, fan_id: str, before: datetime) -> int:
    """Erase the oldest of a fan's lines with their replies, and what was concluded before then; how many went."""
    old = mine(UTTERANCES, fan_id, persona_id) & (UTTERANCES.c.at < before)
    query = select(UTTERANCES.c.id).where(old).order_by(UTTERANCES.c.seq).limit(PORTION)
    rows = connection.execute(query).all()
    gone = 0
    for row in rows:
        gone += len(unsay(connection, persona_id, fan_id, row.id))
    stated = mine(STATEMENTS, fan_id, persona_id) & (STATEMENTS.c.at < before)
    return gone + connection.execute(delete(STATEMENTS).where(stated)).rowcount
