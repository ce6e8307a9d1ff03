"""Takes a fan's words out of the journal: one thing said, one memory, or all of them.

A turn that only this fan was heard in goes with its reply. Where others were heard too, their words stay and the
reply goes, since it answered this fan as well. What is not covered: a persona that repeats this fan's words in a later
reply to somebody else in a public room; the receipt's search finds such bytes and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def erase_fan(connection: AsyncConnection, fan_id: str, persona_id: str | None) -> Erased:
    """Delete all of a fan; with a persona, only what is between the two."""
    answered = await turns_that_heard(connection, fan_id, persona_id)
    feedback = await erase_feedback(connection, fan_id, persona_id, answered)
    utterances = await count(connection, UTTERANCES, fan_id, persona_id)
    statements = await count(connection, STATEMENTS, fan_id, persona_id)
    consents = await count(connection, CONSENTS, fan_id, persona_id)
    reviews = await count(connection, REVIEWS, fan_id, persona_id)
    seqs = select(UTTERANCES.c.seq).where(mine(UTTERANCES, fan_id, persona_id))
    await connection.execute(delete(HEARD).where(HEARD.c.utterance_seq.in_(seqs)))
    turns = await erase_turns(connection, answered)
    for table in OF_A_FAN:
        await connection.execute(delete(table).where(mine(table, fan_id, persona_id)))
    talks = (await connection.execute(delete(TALKS).where(mine(TALKS, fan_id, persona_id)))).rowcount
    return Erased(turns, utterances, statements, feedback, talks, consents, reviews)


async def count(connection: AsyncConnection, table: Table, fan_id: str, persona_id: str | None) -> int:
    """How many rows of a table are a fan's."""
    query = select(func.count()).select_from(table).where(mine(table, fan_id, persona_id))
    return int((await connection.execute(query)).scalar_one())


async def left(connection: AsyncConnection, fan_id: str, persona_id: str | None) -> int:
    """Rows of a fan that are still there: what a receipt counts again."""
    rows = [await count(connection, table, fan_id, persona_id) for table in (*OF_A_FAN, TALKS)]
    if persona_id is None:
        query = select(func.count()).select_from(FEEDBACK).where(FEEDBACK.c.fan_id == fan_id)
        rows.append(int((await connection.execute(query)).scalar_one()))
    return sum(rows)


async def turns_that_heard(connection: AsyncConnection, fan_id: str, persona_id: str | None) -> list[str]:
    """Ids of the turns that answer a fan."""
    query = (
        select(HEARD.c.turn_id)
        .join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
        .where(mine(UTTERANCES, fan_id, persona_id))
        .distinct()
    )
    return list((await connection.execute(query)).scalars())


async def erase_feedback(
    connection: AsyncConnection, fan_id: str, persona_id: str | None, answered: Sequence[str]
) -> int:
    """A fan's thumbs, and everybody's thumbs on the replies that go."""
    gone = 0
    for start in range(0, len(answered), 500):
        chosen = FEEDBACK.c.turn_id.in_(answered[start : start + 500])
        gone += (await connection.execute(delete(FEEDBACK).where(chosen))).rowcount
    given = FEEDBACK.c.fan_id == fan_id
    if persona_id is not None:
        given &= FEEDBACK.c.turn_id.in_(select(TURNS.c.id).where(TURNS.c.persona_id == persona_id))
    return gone + (await connection.execute(delete(FEEDBACK).where(given))).rowcount


async def erase_turns(connection: AsyncConnection, turn_ids: Sequence[str]) -> int:
    """Delete turns that nobody else was heard in, and empty the others; returns how many were touched."""
    shared: set[str] = set()
    await hush(connection, turn_ids)
    for start in range(0, len(turn_ids), 500):
        query = select(HEARD.c.turn_id).where(HEARD.c.turn_id.in_(turn_ids[start : start + 500])).distinct()
        shared |= set((await connection.execute(query)).scalars())
    emptied: dict[str, Any] = {"said": None, "recalled": [], "lore": [], "trace": {}, "outcome": "at_a_loss"}
    for turn_id in shared:
        await connection.execute(update(TURNS).where(TURNS.c.id == turn_id).values(**emptied))
    await cut_out(connection, [turn_id for turn_id in turn_ids if turn_id not in shared])
    return len(turn_ids)


async def hush(connection: AsyncConnection, turn_ids: Sequence[str]) -> None:
    """Delete the replies of some turns where other personas overheard them."""
    for start in range(0, len(turn_ids), 500):
        replies = UTTERANCES.c.id.in_([turn_id + REPLY for turn_id in turn_ids[start : start + 500]])
        await connection.execute(
            delete(HEARD).where(HEARD.c.utterance_seq.in_(select(UTTERANCES.c.seq).where(replies)))
        )
        await connection.execute(delete(UTTERANCES).where(replies))


async def cut_out(connection: AsyncConnection, turn_ids: Sequence[str]) -> None:
    """Delete turns, and tie what followed them to what came before."""
    before: dict[str, str | None] = {}
    for start in range(0, len(turn_ids), 500):
        query = select(TURNS.c.id, TURNS.c.after).where(TURNS.c.id.in_(turn_ids[start : start + 500]))
        before |= dict((await connection.execute(query)).tuples().all())
    for turn_id in before:
        after = nearest_left(turn_id, before)
        await connection.execute(update(TURNS).where(TURNS.c.after == turn_id).values(after=after))
        await connection.execute(update(TALKS).where(TALKS.c.leaf == turn_id).values(leaf=after))
        await connection.execute(delete(TURNS).where(TURNS.c.id == turn_id))


def nearest_left(turn_id: str, before: dict[str, str | None]) -> str | None:
    """The turn nearest before one that is not deleted as well."""
    after: str | None = turn_id
    while after is not None and after in before:
        after = before[after]
    return after


async def unsay(connection: AsyncConnection, persona_id: str, fan_id: str, utterance_id: str) -> list[str]:
    """Delete one thing a fan said, with all that rests on it; returns the ids of memories that go.

    A reply to these words alone goes with them: it repeats them as often as not.
    """
    here = mine(UTTERANCES, fan_id, persona_id) & (UTTERANCES.c.id == utterance_id)
    seqs = list((await connection.execute(select(UTTERANCES.c.seq).where(here))).scalars())
    answers = select(HEARD.c.turn_id).where(HEARD.c.utterance_seq.in_(seqs))
    turns = list((await connection.execute(answers)).scalars())
    await connection.execute(delete(HEARD).where(HEARD.c.utterance_seq.in_(seqs)))
    await connection.execute(delete(UTTERANCES).where(here))
    alone = await nobody_heard(connection, turns)
    await hush(connection, alone)
    await connection.execute(delete(FEEDBACK).where(FEEDBACK.c.turn_id.in_(alone)))
    await cut_out(connection, alone)
    words = [utterance_id, *(turn_id + REPLY for turn_id in alone)]
    gone = list(dict.fromkeys([*words, *await retract(connection, persona_id, fan_id, words)]))
    await drop_from_traces(connection, persona_id, fan_id, gone)
    return gone


async def nobody_heard(connection: AsyncConnection, turn_ids: Sequence[str]) -> list[str]:
    """Those turns in which nobody is heard any more."""
    query = select(HEARD.c.turn_id).where(HEARD.c.turn_id.in_(turn_ids))
    heard = set((await connection.execute(query)).scalars())
    return [turn_id for turn_id in turn_ids if turn_id not in heard]


async def forget(connection: AsyncConnection, persona_id: str, fan_id: str, memory_id: str) -> list[str]:
    """Delete one memory where it came from: the words, the reply or the statement, and what rests on it."""
    gone = await unsay(connection, persona_id, fan_id, memory_id)
    if memory_id.endswith(REPLY):
        turn = TURNS.c.id == memory_id.removesuffix(REPLY)
        heard_them = select(HEARD.c.turn_id).join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
        theirs = TURNS.c.id.in_(heard_them.where(mine(UTTERANCES, fan_id, persona_id)))
        await connection.execute(update(TURNS).where(turn, theirs).values(said="", trace={}))
    await insert_new(connection, FORGOTTEN, [{"persona_id": persona_id, "fan_id": fan_id, "id": one} for one in gone])
    return gone


async def correct(connection: AsyncConnection, persona_id: str, fan_id: str, corrected: Record) -> None:
    """Replace a memory's words for good; what was concluded from the old ones goes."""
    gone = await retract(connection, persona_id, fan_id, [corrected.id])
    await state(connection, persona_id, fan_id, [corrected])
    await drop_from_traces(connection, persona_id, fan_id, [corrected.id, *gone])


async def drop_from_traces(connection: AsyncConnection, persona_id: str, fan_id: str, ids: Sequence[str]) -> None:
    """Turns keep the text of what they recalled; take these memories out of them, and the trace with them."""
    answered = await turns_that_heard(connection, fan_id, persona_id)
    for start in range(0, len(answered), 500):
        query = select(TURNS.c.id, TURNS.c.recalled).where(TURNS.c.id.in_(answered[start : start + 500]))
        for turn_id, recalled in (await connection.execute(query)).all():
            stays = [item for item in recalled if item["id"] not in ids]
            if len(stays) < len(recalled):
                values: dict[str, Any] = {"recalled": stays, "trace": {}}
                await connection.execute(update(TURNS).where(TURNS.c.id == turn_id).values(**values))


async def words_of(connection: AsyncConnection, fan_id: str, persona_id: str | None) -> list[str]:
    """What a fan said, and what was concluded from it."""
    said = [select(table.c.text).where(mine(table, fan_id, persona_id)) for table in (UTTERANCES, STATEMENTS)]
    return [text for query in said for text in (await connection.execute(query)).scalars()]
