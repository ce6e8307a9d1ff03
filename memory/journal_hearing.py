"""What is said to a persona or beside her, from the moment it is heard to the turn that answers it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, literal, select, update

from memory.journal_erasure import unsay as erase
from memory.journal_gone import row_of, standing
from memory.journal_memories import retract
from memory.journal_rows import (
    claim_key,
    insert_new,
    owner_of_place,
    storable,
    turn_row,
    utterance_of,
    utterance_row,
)
from memory.journal_tables import CLAIMS, HEARD, TALKS, TURNS, UTTERANCES
from memory.journal_talks import only_for
from memory.journal_turns import show_branch
from memory.scope import Scope
from memory.turn import Turn
from personas import Place, Utterance, persona_speaker, platform_of


def hear(connection: Connection, said: Utterance, persona_id: str, *, addressed: bool, now: datetime) -> bool:
    """Write down what was said; False: it was delivered before."""
    begun = only_for(connection, said.place, persona_id, said.speaker_id)
    if not insert_new(connection, CLAIMS, [{"key": claim_key(said, persona_id), "at": now}]):
        return False
    row = utterance_row(said, persona_id=persona_id, fan_id=said.speaker_id, addressed=addressed)
    insert_new(connection, UTTERANCES, [row])
    if not begun:
        open_talk(connection, said, persona_id)
    return True


def open_talk(connection: Connection, said: Utterance, persona_id: str) -> None:
    """The place's talk with this persona, begun by whoever speaks there first."""
    row = {
        "place": said.place,
        "persona_id": persona_id,
        "fan_id": owner_of_place(said.place, said.speaker_id),
        "title": "",
        "leaf": None,
        "began_at": said.at,
        "last_at": said.at,
    }
    insert_new(connection, TALKS, [row])


def begin(connection: Connection, turn: Turn) -> bool:
    """Write a turn down before it is answered, with what it heard, and show its branch.

    False, and nothing is written: some of what it heard is gone, or has other words now.
    """
    if standing(connection, turn.persona_id, turn.heard) != turn.heard:
        return False
    for said in turn.heard:
        if not only_for(connection, turn.place, turn.persona_id, said.speaker_id):
            open_talk(connection, said, turn.persona_id)
    row = {**turn_row(turn), "said": turn.said, "outcome": turn.outcome}
    if insert_new(connection, TURNS, [row]):
        seqs = [seq_of(connection, said, turn.persona_id) for said in turn.heard]
        links = [{"turn_id": turn.id, "position": n, "utterance_seq": seq} for n, seq in enumerate(seqs)]
        insert_new(connection, HEARD, links)
    show_branch(connection, turn.place, turn.persona_id, turn.id, last_at=turn.began_at)
    return True


def seq_of(connection: Connection, said: Utterance, persona_id: str) -> int:
    """The row of an utterance; one that was never delivered is written now."""
    if (seq := row_of(connection, persona_id, said)) is not None:
        return seq
    row = utterance_row(said, persona_id=persona_id, fan_id=said.speaker_id, addressed=True)
    insert_new(connection, UTTERANCES, [row])
    return seq_of(connection, said, persona_id)


def waiting(connection: Connection) -> tuple[tuple[str, Utterance], ...]:
    """(persona, utterance) for all that was addressed to somebody and never got a turn, oldest first."""
    rows = connection.execute(unanswered()).mappings()
    return tuple((row["persona_id"], utterance_of(row)) for row in rows)


def in_line(connection: Connection, place: Place, persona_id: str) -> tuple[Utterance, ...]:
    """What was said to a persona in one place and has no turn yet, oldest first."""
    here = (UTTERANCES.c.place == place) & (UTTERANCES.c.persona_id == persona_id)
    return tuple(utterance_of(row) for row in connection.execute(unanswered().where(here)).mappings())


def unanswered() -> Select[tuple[object, ...]]:
    return unheard(select(UTTERANCES)).where(UTTERANCES.c.addressed).order_by(UTTERANCES.c.seq)


def overheard(
    connection: Connection, place: Place, persona_id: str, limit: int, *, to_others: bool
) -> tuple[Utterance, ...]:
    """What was said in a place and is in no turn yet, the newest `limit`, oldest first."""
    here = (UTTERANCES.c.place == place) & (UTTERANCES.c.persona_id == persona_id)
    if to_others:
        here &= ~UTTERANCES.c.addressed
    query = unheard(select(UTTERANCES)).where(here).order_by(UTTERANCES.c.at.desc(), UTTERANCES.c.seq.desc())
    rows = connection.execute(query.limit(limit)).mappings().all()
    return tuple(utterance_of(row) for row in reversed(rows))


def unheard(query: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    """Utterances that no turn has heard, of fans and of other personas than the one who heard them."""
    in_a_turn = select(HEARD.c.turn_id).where(HEARD.c.utterance_seq == UTTERANCES.c.seq).exists()
    return query.where(~in_a_turn, UTTERANCES.c.speaker_id != literal(persona_speaker("")) + UTTERANCES.c.persona_id)


def rephrase(connection: Connection, utterance_id: str, place: Place, text: str) -> tuple[Scope, ...]:
    """Put other words in the place of what was said; returns the scopes whose memories must follow."""
    rows = said_under(connection, utterance_id, place)
    for row in rows:
        retract(connection, row["persona_id"], row["fan_id"], [utterance_id])
        changed = update(UTTERANCES).where(UTTERANCES.c.seq == row["seq"])
        connection.execute(changed.values(text=storable(text)))
    return scopes(rows, place)


def unsay(connection: Connection, utterance_id: str, place: Place) -> tuple[Scope, ...]:
    """Take back what was said, whoever heard it; returns the scopes whose memories must follow."""
    rows = said_under(connection, utterance_id, place)
    for row in rows:
        erase(connection, row["persona_id"], row["fan_id"], utterance_id)
    return scopes(rows, place)


def scopes(rows: Sequence[RowMapping], place: Place) -> tuple[Scope, ...]:
    return tuple(Scope(row["persona_id"], row["fan_id"], place) for row in rows)


def said_under(connection: Connection, utterance_id: str, place: Place) -> list[RowMapping]:
    """Every persona's row of one platform's utterance."""
    here = (UTTERANCES.c.id == utterance_id) & (UTTERANCES.c.platform == platform_of(place))
    return list(connection.execute(select(UTTERANCES).where(here, UTTERANCES.c.place == place)).mappings())
