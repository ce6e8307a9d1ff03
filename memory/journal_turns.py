"""The journal's turns: a tree per place and persona, of which one branch is shown.

A regenerated reply is a sibling of the one before (same `after`, same words heard), an edited message a sibling that
heard other words. `talks.leaf` says where the branch ends that is shown; everything before it follows from `after`.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import CTE, RowMapping, Select, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.errors import UnknownTurn
from memory.journal_rows import insert_new, owner_of_place, turn_of, turn_row, utterance_of, utterance_row
from memory.journal_tables import HEARD, TALKS, TURNS, UTTERANCES
from memory.turn import Turn
from personas import Place, Utterance, persona_speaker, platform_of

NEVER_CHANGES = {"id", "after", "persona_id", "place", "began_at"}


async def begin(connection: AsyncConnection, turn: Turn) -> None:
    """Write a turn down before it is answered, with what it heard, and show its branch."""
    row = {**turn_row(turn), "said": turn.said, "outcome": turn.outcome}
    if await insert_new(connection, TURNS, [row]):
        seqs = [await seq_of(connection, said, turn.persona_id) for said in turn.heard]
        links = [{"turn_id": turn.id, "position": n, "utterance_seq": seq} for n, seq in enumerate(seqs)]
        await insert_new(connection, HEARD, links)
    await show_branch(connection, turn.place, turn.persona_id, turn.id)
    here = (TALKS.c.place == turn.place) & (TALKS.c.persona_id == turn.persona_id)
    await connection.execute(update(TALKS).where(here).values(last_at=turn.began_at))


async def seq_of(connection: AsyncConnection, said: Utterance, persona_id: str) -> int:
    """The row of an utterance; one that was never delivered (an edited message) is written now."""
    row = utterance_row(said, persona_id=persona_id, fan_id=said.speaker_id, addressed=True)
    await insert_new(connection, UTTERANCES, [row])
    mine = [UTTERANCES.c[name] == row[name] for name in ("persona_id", "fan_id", "platform", "id")]
    return int((await connection.execute(select(UTTERANCES.c.seq).where(*mine))).scalar_one())


async def finish(connection: AsyncConnection, turn: Turn) -> bool:
    """Write down how a turn came out. False: it is gone, because its fan was forgotten meanwhile."""
    values = {name: value for name, value in turn_row(turn).items() if name not in NEVER_CHANGES}
    done = await connection.execute(update(TURNS).where(TURNS.c.id == turn.id).values(**values))
    return bool(done.rowcount)


async def path(
    connection: AsyncConnection,
    place: Place,
    persona_id: str,
    *,
    leaf: str | None,
    before: str | None,
    limit: int | None,
) -> tuple[Turn, ...]:
    """The newest `limit` turns of a branch (None: all), oldest first; takes no longer for what came before them."""
    if before is not None:
        leaf = (await one(connection, before, place, persona_id))["after"]
        if leaf is None:
            return ()
    elif leaf is None:
        leaf = await leaf_of(connection, place, persona_id)
        if leaf is None:
            return ()
    else:
        await one(connection, leaf, place, persona_id)
    steps = upwards(select(literal(leaf).label("id")), limit)
    query = select(TURNS).join(steps, steps.c.id == TURNS.c.id).order_by(steps.c.depth.desc())
    return await turns_of(connection, query)


def upwards(leaves: Select[tuple[str]], limit: int | None = None) -> CTE:
    """The ids of some turns and of all before them, with their distance."""
    start = leaves.subquery()
    steps = (
        select(TURNS.c.id, TURNS.c.after, literal(1).label("depth"))
        .join(start, start.c.id == TURNS.c.id)
        .cte("steps", recursive=True)
    )
    further = select(TURNS.c.id, TURNS.c.after, steps.c.depth + 1).join(steps, TURNS.c.id == steps.c.after)
    return steps.union_all(further if limit is None else further.where(steps.c.depth < limit))


async def turns_of(connection: AsyncConnection, query: Select[tuple[object, ...]]) -> tuple[Turn, ...]:
    """The turns a query selects, each with what it heard."""
    return await with_heard(connection, (await connection.execute(query)).mappings().all())


async def with_heard(connection: AsyncConnection, rows: Sequence[RowMapping]) -> tuple[Turn, ...]:
    """Rows of turns, each with what it heard."""
    heard = await heard_by(connection, [row["id"] for row in rows])
    return tuple(turn_of(row, heard.get(row["id"], ())) for row in rows)


async def heard_by(connection: AsyncConnection, turn_ids: Sequence[str]) -> dict[str, list[Utterance]]:
    """What each turn heard, in order."""
    heard: dict[str, list[Utterance]] = {}
    for start in range(0, len(turn_ids), 500):
        query = (
            select(HEARD.c.turn_id, UTTERANCES)
            .join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
            .where(HEARD.c.turn_id.in_(turn_ids[start : start + 500]))
            .order_by(HEARD.c.turn_id, HEARD.c.position)
        )
        for row in (await connection.execute(query)).mappings():
            heard.setdefault(row["turn_id"], []).append(utterance_of(row))
    return heard


async def leaf_of(connection: AsyncConnection, place: Place, persona_id: str) -> str | None:
    """Where the branch ends that is shown in a place."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    return (await connection.execute(select(TALKS.c.leaf).where(here))).scalar_one_or_none()


async def one(
    connection: AsyncConnection, turn_id: str, place: Place | None = None, persona_id: str | None = None
) -> RowMapping:
    """A turn's row; with a place and a persona, only if it is theirs."""
    row = (await connection.execute(select(TURNS).where(TURNS.c.id == turn_id))).mappings().one_or_none()
    if row is None or (place is not None and row["place"] != place) or persona_id not in (None, row["persona_id"]):
        raise UnknownTurn(f"There is no turn {turn_id} here. It may have been deleted; load the talk again.")
    return row


async def siblings(connection: AsyncConnection, turn_id: str) -> tuple[Turn, ...]:
    """A turn and its alternatives, oldest first."""
    row = await one(connection, turn_id)
    return await turns_of(connection, select(TURNS).where(*beside(row)).order_by(TURNS.c.seq))


async def variants(connection: AsyncConnection, turn_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each turn the ids of itself and its alternatives, oldest first."""
    other = TURNS.alias("other")
    same = (
        (other.c.place == TURNS.c.place)
        & (other.c.persona_id == TURNS.c.persona_id)
        & (other.c.after.is_not_distinct_from(TURNS.c.after))
    )
    query = select(TURNS.c.id, other.c.id).join(other, same).where(TURNS.c.id.in_(turn_ids)).order_by(other.c.seq)
    found: dict[str, tuple[str, ...]] = {}
    for turn_id, variant in await connection.execute(query):
        found[turn_id] = (*found.get(turn_id, ()), variant)
    return found


def beside(row: RowMapping) -> list[sa.ColumnElement[bool]]:
    """Which turns answer at the same point of the same talk."""
    return [
        TURNS.c.place == row["place"],
        TURNS.c.persona_id == row["persona_id"],
        TURNS.c.after.is_not_distinct_from(row["after"]),
    ]


async def choose(connection: AsyncConnection, turn_id: str) -> str:
    """Show the branch through a turn, down to the newest turn that follows it; returns the leaf's id."""
    row = await one(connection, turn_id)
    below = select(TURNS.c.id).where(TURNS.c.id == turn_id).cte("below", recursive=True)
    below = below.union_all(select(TURNS.c.id).join(below, TURNS.c.after == below.c.id))
    query = select(TURNS.c.id).join(below, below.c.id == TURNS.c.id).order_by(TURNS.c.seq.desc()).limit(1)
    leaf = str((await connection.execute(query)).scalar_one())
    await show_branch(connection, Place(row["place"]), row["persona_id"], leaf)
    return leaf


async def show_branch(connection: AsyncConnection, place: Place, persona_id: str, leaf: str | None) -> None:
    """Make a turn the end of what is shown."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    await connection.execute(update(TALKS).where(here).values(leaf=leaf))


async def open_talk(connection: AsyncConnection, said: Utterance, persona_id: str) -> None:
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
    await insert_new(connection, TALKS, [row])


async def unanswered(connection: AsyncConnection) -> tuple[Turn, ...]:
    """Turns that were begun and never finished, oldest first: a process died, or is still at it."""
    return await turns_of(connection, select(TURNS).where(TURNS.c.outcome == "unanswered").order_by(TURNS.c.seq))


async def waiting(connection: AsyncConnection) -> tuple[tuple[str, Utterance], ...]:
    """(persona, utterance) for all that was addressed to somebody and never got a turn, oldest first."""
    query = unheard(select(UTTERANCES)).where(UTTERANCES.c.addressed).order_by(UTTERANCES.c.seq)
    rows = (await connection.execute(query)).mappings()
    return tuple((row["persona_id"], utterance_of(row)) for row in rows)


async def overheard(
    connection: AsyncConnection, place: Place, persona_id: str, limit: int, *, to_others: bool
) -> tuple[Utterance, ...]:
    """What was said in a place and is in no turn yet, the newest `limit`, oldest first."""
    here = (UTTERANCES.c.place == place) & (UTTERANCES.c.persona_id == persona_id)
    if to_others:
        here &= ~UTTERANCES.c.addressed
    query = unheard(select(UTTERANCES)).where(here).order_by(UTTERANCES.c.at.desc(), UTTERANCES.c.seq.desc())
    rows = (await connection.execute(query.limit(limit))).mappings().all()
    return tuple(utterance_of(row) for row in reversed(rows))


def unheard(query: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    """Utterances that no turn has heard, of fans and of other personas than the one who heard them."""
    in_a_turn = select(HEARD.c.turn_id).where(HEARD.c.utterance_seq == UTTERANCES.c.seq).exists()
    return query.where(~in_a_turn, UTTERANCES.c.speaker_id != literal(persona_speaker("")) + UTTERANCES.c.persona_id)


async def owner(connection: AsyncConnection, turn_id: str) -> str | None:
    """The fan a turn answers: who said the last of what it heard."""
    query = (
        select(UTTERANCES.c.speaker_id)
        .join(HEARD, HEARD.c.utterance_seq == UTTERANCES.c.seq)
        .where(HEARD.c.turn_id == turn_id)
        .order_by(HEARD.c.position.desc())
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def said_under(connection: AsyncConnection, utterance_id: str, place: Place) -> list[RowMapping]:
    """Every persona's row of one platform's utterance."""
    here = (UTTERANCES.c.id == utterance_id) & (UTTERANCES.c.platform == platform_of(place))
    return list((await connection.execute(select(UTTERANCES).where(here, UTTERANCES.c.place == place))).mappings())


async def count_turns(connection: AsyncConnection, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """How many turns there are, by place and persona."""
    here = TURNS.c.place.in_([place for place, _ in places])
    query = select(TURNS.c.place, TURNS.c.persona_id, func.count()).where(here)
    rows = await connection.execute(query.group_by(TURNS.c.place, TURNS.c.persona_id))
    return {(place, persona): number for place, persona, number in rows}
