"""The journal's places: what became of a line said there, and the end of what was kept too long or must go."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from memory.journal_erasure import unsay
from memory.journal_gone import is_claimed
from memory.journal_tables import STATEMENTS, TALKS, TURNS, UTTERANCES
from personas import Utterance

PORTION = 200  # lines that go in one transaction, so that nobody waits long


def spoken_to(connection: Connection, said: Utterance, among: Collection[str]) -> tuple[str, ...] | None:
    """Ids of the personas that a line was said to; None if it is new to those `among` whom it was said."""
    here = (UTTERANCES.c.id == said.id) & (UTTERANCES.c.place == said.place)
    query = select(UTTERANCES.c.persona_id, UTTERANCES.c.addressed).where(here).order_by(UTTERANCES.c.seq)
    rows = connection.execute(query).all()
    if rows or any(is_claimed(connection, persona_id, said) for persona_id in among):
        return tuple(row.persona_id for row in rows if row.addressed)
    return None


def expire(connection: Connection, places: str, before: datetime) -> list[tuple[str, str, str]]:
    """Erase a portion of what is older in places that begin like this; (persona, fan, place) of it, none at the end."""
    return unsay_oldest(connection, places, before) or clear(connection, places, before)


def unsay_oldest(connection: Connection, places: str, before: datetime) -> list[tuple[str, str, str]]:
    """Unsay the oldest lines in places that begin like this; (persona, fan, place) of each, none when all are gone."""
    old = below(UTTERANCES, places) & (UTTERANCES.c.at < before)
    query = select(UTTERANCES.c.persona_id, UTTERANCES.c.fan_id, UTTERANCES.c.place, UTTERANCES.c.id).where(old)
    rows = connection.execute(query.order_by(UTTERANCES.c.seq).limit(PORTION)).all()
    for row in rows:
        unsay(connection, row.persona_id, row.fan_id, row.id)
    return [(row.persona_id, row.fan_id, row.place) for row in rows]


def clear(connection: Connection, places: str, before: datetime) -> list[tuple[str, str, str]]:
    """Delete what was concluded there and the talks that are empty now; (persona, fan, place) of what was concluded."""
    old = below(STATEMENTS, places) & (STATEMENTS.c.at < before)
    query = select(STATEMENTS.c.persona_id, STATEMENTS.c.fan_id, STATEMENTS.c.place).where(old).distinct()
    found = [(row.persona_id, row.fan_id, row.place) for row in connection.execute(query).all()]
    connection.execute(delete(STATEMENTS).where(old))
    for place, persona_id in empty_talks(connection, places):
        mine = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id) & (TALKS.c.last_at < before)
        connection.execute(delete(TALKS).where(mine))
    return found


def empty_talks(connection: Connection, places: str) -> Sequence[tuple[str, str]]:
    """(place, persona) of talks in which nothing is said any more."""
    there = [
        select(table.c.place).where(table.c.place == TALKS.c.place, table.c.persona_id == TALKS.c.persona_id).exists()
        for table in (UTTERANCES, TURNS)
    ]
    query = select(TALKS.c.place, TALKS.c.persona_id).where(below(TALKS, places), *(~one for one in there))
    return connection.execute(query).tuples().all()


def below(table: Table, places: str) -> ColumnElement[bool]:
    """Rows whose place begins like this."""
    return table.c.place.startswith(places, autoescape=True)
