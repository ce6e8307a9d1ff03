"""What was heard once and is erased since: its fan was forgotten, or took it back, while it still stood in a line.

A claim outlives the words, so words without a row but with a claim are gone for good; without a claim they never came
through `hear`, and may be written down.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from memory.journal_rows import claim_key
from memory.journal_tables import CLAIMS, UTTERANCES
from personas import Utterance, platform_of


def standing(connection: Connection, persona_id: str, said: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """Those that are not gone."""
    return tuple(one for one in said if not is_gone(connection, persona_id, one))


def is_gone(connection: Connection, persona_id: str, said: Utterance) -> bool:
    if row_of(connection, persona_id, said) is not None:
        return False
    claimed = select(CLAIMS.c.key).where(CLAIMS.c.key == claim_key(said, persona_id))
    return connection.execute(claimed).scalar_one_or_none() is not None


def row_of(connection: Connection, persona_id: str, said: Utterance) -> int | None:
    """The `seq` of what this speaker said to, or beside, a persona."""
    theirs = (UTTERANCES.c.persona_id == persona_id) & (UTTERANCES.c.fan_id == said.speaker_id)
    here = (UTTERANCES.c.platform == platform_of(said.place)) & (UTTERANCES.c.id == said.id)
    return connection.execute(select(UTTERANCES.c.seq).where(theirs, here)).scalar_one_or_none()
