"""Takes a fan's words out of the journal: one thing said, one memory, or all of them.

A turn that only this fan was heard in goes with its reply. Where others were heard too, their words stay and the
reply goes, since it answered this fan as well. What is not covered: a persona that repeats this fan's words in a later
reply to somebody else in a public room; the receipt's search finds such bytes and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update

from memory.journal_memories import retract, state
from memory.journal_rows import REPLY, insert_new
from memory.journal_tables import (
    CONSENTS,
    FEEDBACK,
    FORGOTTEN,
    HEARD,
    MARKS,
    REVIEWS,
    SHARING,
    STATEMENTS,
    TALKS,
    TURNS,
    UTTERANCES,
)
from memory.journal_turns import owner
from memory.record import Record

OF_A_FAN = (UTTERANCES, STATEMENTS, FORGOTTEN, SHARING, MARKS, CONSENTS, REVIEWS)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows went, by table."""

    turns: int = 0
    utterances: int = 0
    statements: int = 0
    feedback: int = 0
    talks: int = 0
    consents: int = 0
    reviews: int = 0


def mine(table: Table, fan_id: str, persona_id: str | None) -> ColumnElement[bool]:
    """A fan's rows, with one persona or with all."""
    of_fan = table.c.fan_id == fan_id
    return of_fan if persona_id is None else of_fan & (table.c.persona_id == persona_id)


def erase_fan(connection: Connection, fan_id: str, persona_id: str | None) -> Erased:
    """Delete all of a fan; with a persona, only what is between the two."""
    answered = turns_that_heard(connection, fan_id, persona_id)
    feedback = erase_feedback(connection, fan_id, persona_id, answered)
    utterances = count(connection, UTTERANCES, fan_id, persona_id)
    statements = count(connection, STATEMENTS, fan_id, persona_id)
    consents = count(connection, CONSENTS, fan_id, persona_id)
    reviews = count(connection, REVIEWS, fan_id, persona_id)
    seqs = select(UTTERANCES.c.seq).where(mine(UTTERANCES, fan_id, persona_id))
    connection.execute(delete(HEARD).where(HEARD.c.utterance_seq.in_(seqs)))
    turns = erase_turns(connection, answered)
    for table in OF_A_FAN:
        connection.execute(delete(table).where(mine(table, fan_id, persona_id)))
    talks = connection.execute(delete(TALKS).where(mine(TALKS, fan_id, persona_id))).rowcount
    return Erased(turns, utterances, statements, feedback, talks, consents, reviews)


def count(connection: Connection, table: Table, fan_id: str, persona_id: str | None) -> int:
    """How many rows of a table are a fan's."""
    query = select(func.count()).select_from(table).where(mine(table, fan_id, persona_id))
    return int(connection.execute(query).scalar_one())


def left(connection: Connection, fan_id: str, persona_id: str | None) -> int:
    """Rows of a fan that are still there: what a receipt counts again."""
    rows = [count(connection, table, fan_id, persona_id) for table in (*OF_A_FAN, TALKS)]
    if persona_id is None:
        query = select(func.count()).select_from(FEEDBACK).where(FEEDBACK.c.fan_id == fan_id)
        rows.append(int(connection.execute(query).scalar_one()))
    return sum(rows)


def turns_that_heard(connection: Connection, fan_id: str, persona_id: str | None) -> list[str]:
    """Ids of the turns that answer a fan."""
    query = (
        select(HEARD.c.turn_id)
        .join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
        .where(mine(UTTERANCES, fan_id, persona_id))
        .distinct()
    )
    return list(connection.execute(query).scalars())


def erase_feedback(connection: Connection, fan_id: str, persona_id: str | None, answered: Sequence[str]) -> int:
    """A fan's thumbs, and everybody's thumbs on the replies that go."""
    gone = 0
    for start in range(0, len(answered), 500):
        chosen = FEEDBACK.c.turn_id.in_(answered[start : start + 500])
        gone += connection.execute(delete(FEEDBACK).where(chosen)).rowcount
    given = FEEDBACK.c.fan_id == fan_id
    if persona_id is not None:
        given &= FEEDBACK.c.turn_id.in_(select(TURNS.c.id).where(TURNS.c.persona_id == persona_id))
    return gone + connection.execute(delete(FEEDBACK).where(given)).rowcount


def erase_turns(connection: Connection, turn_ids: Sequence[str]) -> int:
    """Delete turns that nobody else was heard in, and empty the others; returns how many were touched."""
    shared: set[str] = set()
    hush(connection, turn_ids)
    for start in range(0, len(turn_ids), 500):
        query = select(HEARD.c.turn_id).where(HEARD.c.turn_id.in_(turn_ids[start : start + 500])).distinct()
        shared |= set(connection.execute(query).scalars())
    emptied: dict[str, Any] = {"said": None, "recalled": [], "lore": [], "trace": {}, "outcome": "at_a_loss"}
    for turn_id in shared:
        connection.execute(update(TURNS).where(TURNS.c.id == turn_id).values(**emptied))
    cut_out(connection, [turn_id for turn_id in turn_ids if turn_id not in shared])
    return len(turn_ids)


def hush(connection: Connection, turn_ids: Sequence[str]) -> None:
    """Delete the replies of some turns where other personas overheard them."""
    for start in range(0, len(turn_ids), 500):
        replies = UTTERANCES.c.id.in_([turn_id + REPLY for turn_id in turn_ids[start : start + 500]])
        connection.execute(delete(HEARD).where(HEARD.c.utterance_seq.in_(select(UTTERANCES.c.seq).where(replies))))
        connection.execute(delete(UTTERANCES).where(replies))


def cut_out(connection: Connection, turn_ids: Sequence[str]) -> None:
    """Delete turns, and tie what followed them to what came before."""
    before: dict[str, str | None] = {}
    for start in range(0, len(turn_ids), 500):
        query = select(TURNS.c.id, TURNS.c.after).where(TURNS.c.id.in_(turn_ids[start : start + 500]))
        before |= dict(connection.execute(query).tuples().all())
    for turn_id in before:
        after = nearest_left(turn_id, before)
        connection.execute(update(TURNS).where(TURNS.c.after == turn_id).values(after=after))
        connection.execute(update(TALKS).where(TALKS.c.leaf == turn_id).values(leaf=after))
        connection.execute(delete(TURNS).where(TURNS.c.id == turn_id))


def nearest_left(turn_id: str, before: dict[str, str | None]) -> str | None:
    """The turn nearest before one that is not deleted as well."""
    after: str | None = turn_id
    while after is not None and after in before:
        after = before[after]
    return after


def unsay(connection: Connection, persona_id: str, fan_id: str, utterance_id: str) -> list[str]:
    """Delete one thing a fan said, with all that rests on it; returns the ids of memories that go.

    A reply to these words alone goes with them: it repeats them as often as not. What came to mind at them goes, too:
    the turn answers somebody else before all now.
    """
    here = mine(UTTERANCES, fan_id, persona_id) & (UTTERANCES.c.id == utterance_id)
    seqs = list(connection.execute(select(UTTERANCES.c.seq).where(here)).scalars())
    answers = select(HEARD.c.turn_id).where(HEARD.c.utterance_seq.in_(seqs))
    turns = list(connection.execute(answers).scalars())
    own = [turn_id for turn_id in turns if owner(connection, turn_id) == fan_id]
    connection.execute(delete(HEARD).where(HEARD.c.utterance_seq.in_(seqs)))
    connection.execute(delete(UTTERANCES).where(here))
    connection.execute(update(TURNS).where(TURNS.c.id.in_(own)).values(recalled=[], lore=[], trace={}))
    alone = nobody_heard(connection, turns)
    hush(connection, alone)
    connection.execute(delete(FEEDBACK).where(FEEDBACK.c.turn_id.in_(alone)))
    cut_out(connection, alone)
    words = [utterance_id, *(turn_id + REPLY for turn_id in alone)]
    gone = list(dict.fromkeys([*words, *retract(connection, persona_id, fan_id, words)]))
    drop_from_traces(connection, persona_id, fan_id, gone)
    return gone


def nobody_heard(connection: Connection, turn_ids: Sequence[str]) -> list[str]:
    """Those turns in which nobody is heard any more."""
    query = select(HEARD.c.turn_id).where(HEARD.c.turn_id.in_(turn_ids))
    heard = set(connection.execute(query).scalars())
    return [turn_id for turn_id in turn_ids if turn_id not in heard]


def forget(connection: Connection, persona_id: str, fan_id: str, memory_id: str) -> list[str]:
    """Delete one memory where it came from: the words, the reply or the statement, and what rests on it."""
    gone = unsay(connection, persona_id, fan_id, memory_id)
    if memory_id.endswith(REPLY):
        turn = TURNS.c.id == memory_id.removesuffix(REPLY)
        heard_them = select(HEARD.c.turn_id).join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
        theirs = TURNS.c.id.in_(heard_them.where(mine(UTTERANCES, fan_id, persona_id)))
        if connection.execute(update(TURNS).where(turn, theirs).values(said="", trace={})).rowcount:
            hush(connection, [memory_id.removesuffix(REPLY)])
    insert_new(connection, FORGOTTEN, [{"persona_id": persona_id, "fan_id": fan_id, "id": one} for one in gone])
    return gone


def correct(connection: Connection, persona_id: str, fan_id: str, corrected: Record) -> None:
    """Replace a memory's words for good; what was concluded from the old ones goes."""
    gone = retract(connection, persona_id, fan_id, [corrected.id])
    state(connection, persona_id, fan_id, [corrected])
    drop_from_traces(connection, persona_id, fan_id, [corrected.id, *gone])


def drop_from_traces(connection: Connection, persona_id: str, fan_id: str, ids: Sequence[str]) -> None:
    """Turns keep the text of what they recalled; take these memories out of them, and the trace with them."""
    answered = turns_that_heard(connection, fan_id, persona_id)
    for start in range(0, len(answered), 500):
        query = select(TURNS.c.id, TURNS.c.recalled).where(TURNS.c.id.in_(answered[start : start + 500]))
        for turn_id, recalled in connection.execute(query).all():
            stays = [item for item in recalled if item["id"] not in ids]
            if len(stays) < len(recalled):
                values: dict[str, Any] = {"recalled": stays, "trace": {}}
                connection.execute(update(TURNS).where(TURNS.c.id == turn_id).values(**values))


def words_of(connection: Connection, fan_id: str, persona_id: str | None) -> list[str]:
    """What a fan said, and what was concluded from it."""
    said = [select(table.c.text).where(mine(table, fan_id, persona_id)) for table in (UTTERANCES, STATEMENTS)]
    return [text for query in said for text in connection.execute(query).scalars()]
