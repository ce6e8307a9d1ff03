"""Which turns heard, or ended in, certain words, on whatever branch: for whoever knows no ids of turns."""

from sqlalchemy import Connection, func, select

from memory.journal_gone import row_of
from memory.journal_rows import storable
from memory.journal_tables import HEARD, TURNS
from memory.journal_turns import turns_of
from memory.turn import Turn
from personas import Place, Utterance

SPACE = " \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\u3000"  # what may stand around a reply and means nothing


def saying(connection: Connection, place: Place, persona_id: str, words: str, limit: int) -> tuple[Turn, ...]:
    """The newest `limit` turns of a place in which a persona said this and nothing else, the newest first."""
    here = (TURNS.c.place == place) & (TURNS.c.persona_id == persona_id)
    bare = func.rtrim(func.ltrim(TURNS.c.said, SPACE), SPACE) == storable(words).strip(SPACE)
    return turns_of(connection, select(TURNS).where(here, bare).order_by(TURNS.c.seq.desc()).limit(limit))


def hearing(connection: Connection, said: Utterance, persona_id: str) -> tuple[Turn, ...]:
    """The turns in which a persona heard an utterance, the newest first."""
    seq = row_of(connection, persona_id, said)
    heard_it = select(HEARD.c.turn_id).where(HEARD.c.utterance_seq == seq)
    return turns_of(connection, select(TURNS).where(TURNS.c.id.in_(heard_it)).order_by(TURNS.c.seq.desc()))
