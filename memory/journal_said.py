"""Which turns ended in certain words, on whatever branch: for a client that knows no ids, only what it was told."""

from sqlalchemy import Connection, func, select

from memory.journal_rows import storable
from memory.journal_tables import TURNS
from memory.journal_turns import turns_of
from memory.turn import Turn
from personas import Place

SPACE = " \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\u3000"  # what may stand around a reply and means nothing


def saying(connection: Connection, place: Place, persona_id: str, words: str, limit: int) -> tuple[Turn, ...]:
    """The newest `limit` turns of a place in which a persona said this and nothing else, the newest first."""
    here = (TURNS.c.place == place) & (TURNS.c.persona_id == persona_id)
    bare = func.rtrim(func.ltrim(TURNS.c.said, SPACE), SPACE) == storable(words).strip(SPACE)
    return turns_of(connection, select(TURNS).where(here, bare).order_by(TURNS.c.seq.desc()).limit(limit))
