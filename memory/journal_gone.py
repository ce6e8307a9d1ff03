"""What was heard once and is erased or put otherwise since: its fan was forgotten, took it back, or edited it, while
it still stood in a line.

A claim outlives the words, so words without a row but with a claim are gone for good; without a claim they never came
through `hear`, and may be written down.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from memory.journal_rows import claim_key, storable
from memory.journal_tables import CLAIMS, UTTERANCES
from personas import Utterance, platform_of


def standing(connection: Connection, persona_id: str, said: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """Those that are not gone, in the words they have now."""
    return tuple(now for one in said if (now := as_it_stands(connection, persona_id, one)) is not None)


def as_it_stands(connection: Connection, persona_id: str, said: Utterance) -> Utterance | None:
    """What was heard, in the words it has now; None if it is gone."""
    if (seq := row_of(connection, persona_id, said)) is None:
        return None if is_claimed(connection, persona_id, said) else said
    text = connection.execute(select(UTTERANCES.c.text).where(UTTERANCES.c.seq == seq)).scalar_one()
    return said if text == storable(said.text) else replace(said, text=text)


def is_gone(connection: Connection, persona_id: str, said: Utterance) -> bool:
    return row_of(connection, persona_id, said) is None and is_claimed(connection, persona_id, said)


def is_claimed(connection: Connection, persona_id: str, said: Utterance) -> bool:
    """Whether it came through `hear` once."""
    claimed = select(CLAIMS.c.key).where(CLAIMS.c.key == claim_key(said, persona_id))
    return connection.execute(claimed).scalar_one_or_none() is not None


def row_of(connection: Connection, persona_id: str, said: Utterance) -> int | None:
    """The `seq` of what this speaker said to, or beside, a persona."""
    theirs = (UTTERANCES.c.persona_id == persona_id) & (UTTERANCES.c.fan_id == said.speaker_id)
    here = (UTTERANCES.c.platform == platform_of(said.place)) & (UTTERANCES.c.id == said.id)
    return connection.execute(select(UTTERANCES.c.seq).where(theirs, here)).scalar_one_or_none()
