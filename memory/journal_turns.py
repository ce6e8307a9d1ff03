"""The journal's turns: a tree per place and persona, of which one branch is shown.

A regenerated reply is a sibling of the one before (same `after`, same words heard), an edited message a sibling that
heard other words. `talks.leaf` says where the branch ends that is shown; everything before it follows from `after`.
"""

from collections.abc import Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy import CTE, Connection, RowMapping, Select, bindparam, func, literal, select, update

from memory.errors import UnknownTurn
from memory.journal_rows import turn_of, turn_row, utterance_of
from memory.journal_tables import HEARD, TALKS, TURNS, UTTERANCES
from memory.turn import Turn
from personas import Place, Utterance

NEVER_CHANGES = {"id", "after", "persona_id", "place", "began_at"}


def finish(connection: Connection, turn: Turn) -> bool:
    """Write down how a turn came out, once. False: somebody else has; or it is gone, or left without a reply, because
    one who was heard in it was forgotten meanwhile, and the reply answers them, too.
    """
    values = {name: value for name, value in turn_row(turn).items() if name not in NEVER_CHANGES}
    heard = select(func.count()).select_from(HEARD).where(HEARD.c.turn_id == turn.id)
    whole = connection.execute(heard).scalar_one() >= len(turn.heard)
    if not whole:
        values = {"said": None, "outcome": "at_a_loss"}
    open_still = (TURNS.c.id == turn.id) & TURNS.c.said.is_(None)
    done = connection.execute(update(TURNS).where(open_still).values(**values))
    return whole and bool(done.rowcount)


def path(
    connection: Connection,
    place: Place,
    persona_id: str,
    *,
    leaf: str | None,
    before: str | None,
    limit: int | None,
) -> tuple[Turn, ...]:
    """The newest `limit` turns of a branch (None: all), oldest first; takes no longer for what came before them."""
    if before is not None:
        leaf = one(connection, before, place, persona_id)["after"]
        if leaf is None:
            return ()
    elif leaf is None:
        leaf = leaf_of(connection, place, persona_id)
        if leaf is None:
            return ()
    else:
        one(connection, leaf, place, persona_id)
    rows = connection.execute(branch(limit), {"leaf": leaf}).mappings().all()
    return with_heard(connection, rows)


@cache
def branch(limit: int | None) -> Select[tuple[object, ...]]:
    """The query for the newest `limit` turns up to the one called `leaf`, oldest first."""
    steps = upwards(select(bindparam("leaf", type_=TURNS.c.id.type).label("id")), limit)
    return select(TURNS).join(steps, steps.c.id == TURNS.c.id).order_by(steps.c.depth.desc())


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


def turns_of(connection: Connection, query: Select[tuple[object, ...]]) -> tuple[Turn, ...]:
    """The turns a query selects, each with what it heard."""
    return with_heard(connection, connection.execute(query).mappings().all())


def with_heard(connection: Connection, rows: Sequence[RowMapping]) -> tuple[Turn, ...]:
    """Rows of turns, each with what it heard."""
    heard = heard_by(connection, [row["id"] for row in rows])
    return tuple(turn_of(row, heard.get(row["id"], ())) for row in rows)


def heard_by(connection: Connection, turn_ids: Sequence[str]) -> dict[str, list[Utterance]]:
    """What each turn heard, in order."""
    heard: dict[str, list[Utterance]] = {}
    for start in range(0, len(turn_ids), 500):
        query = (
            select(HEARD.c.turn_id, UTTERANCES)
            .join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
            .where(HEARD.c.turn_id.in_(turn_ids[start : start + 500]))
            .order_by(HEARD.c.turn_id, HEARD.c.position)
        )
        for row in connection.execute(query).mappings():
            heard.setdefault(row["turn_id"], []).append(utterance_of(row))
    return heard


def leaf_of(connection: Connection, place: Place, persona_id: str) -> str | None:
    """Where the branch ends that is shown in a place."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    return connection.execute(select(TALKS.c.leaf).where(here)).scalar_one_or_none()


def one(connection: Connection, turn_id: str, place: Place | None = None, persona_id: str | None = None) -> RowMapping:
    """A turn's row; with a place and a persona, only if it is theirs."""
    row = connection.execute(select(TURNS).where(TURNS.c.id == turn_id)).mappings().one_or_none()
    if row is None or (place is not None and row["place"] != place) or persona_id not in (None, row["persona_id"]):
        raise UnknownTurn(f"There is no turn {turn_id} here. It may have been deleted; load the talk again.")
    return row


def turn(connection: Connection, turn_id: str) -> Turn:
    """One turn, with what it heard."""
    return with_heard(connection, [one(connection, turn_id)])[0]


def siblings(connection: Connection, turn_id: str) -> tuple[Turn, ...]:
    """A turn and its alternatives, oldest first."""
    row = one(connection, turn_id)
    return turns_of(connection, select(TURNS).where(*beside(row)).order_by(TURNS.c.seq))


def variants(connection: Connection, turn_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each turn the ids of itself and its alternatives, oldest first."""
    other = TURNS.alias("other")
    same = (
        (other.c.place == TURNS.c.place)
        & (other.c.persona_id == TURNS.c.persona_id)
        & (other.c.after.is_not_distinct_from(TURNS.c.after))
    )
    query = select(TURNS.c.id, other.c.id).join(other, same).where(TURNS.c.id.in_(turn_ids)).order_by(other.c.seq)
    found: dict[str, tuple[str, ...]] = {}
    for turn_id, variant in connection.execute(query):
        found[turn_id] = (*found.get(turn_id, ()), variant)
    return found


def beside(row: RowMapping) -> list[sa.ColumnElement[bool]]:
    """Which turns answer at the same point of the same talk."""
    return [
        TURNS.c.place == row["place"],
        TURNS.c.persona_id == row["persona_id"],
        TURNS.c.after.is_not_distinct_from(row["after"]),
    ]


def choose(connection: Connection, turn_id: str) -> str:
    """Show the branch through a turn, down to the newest turn that follows it; returns the leaf's id."""
    row = one(connection, turn_id)
    below = select(TURNS.c.id).where(TURNS.c.id == turn_id).cte("below", recursive=True)
    below = below.union_all(select(TURNS.c.id).join(below, TURNS.c.after == below.c.id))
    query = select(TURNS.c.id).join(below, below.c.id == TURNS.c.id).order_by(TURNS.c.seq.desc()).limit(1)
    leaf = str(connection.execute(query).scalar_one())
    show_branch(connection, Place(row["place"]), row["persona_id"], leaf)
    return leaf


def show_branch(connection: Connection, place: Place, persona_id: str, leaf: str, **also: object) -> None:
    """Make a turn the end of what is shown; `also` are other columns of the talk that change with it."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    connection.execute(update(TALKS).where(here).values(leaf=leaf, **also))


def unanswered(connection: Connection) -> tuple[Turn, ...]:
    """Turns that were begun and never finished, oldest first: a process died, or is still at it."""
    return turns_of(connection, select(TURNS).where(TURNS.c.outcome == "unanswered").order_by(TURNS.c.seq))


def owner(connection: Connection, turn_id: str) -> str | None:
    """The fan a turn answers: who said the last of what it heard."""
    query = (
        select(UTTERANCES.c.speaker_id)
        .join(HEARD, HEARD.c.utterance_seq == UTTERANCES.c.seq)
        .where(HEARD.c.turn_id == turn_id)
        .order_by(HEARD.c.position.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def count_turns(connection: Connection, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """How many turns there are, by place and persona."""
    here = TURNS.c.place.in_([place for place, _ in places])
    query = select(TURNS.c.place, TURNS.c.persona_id, func.count()).where(here)
    rows = connection.execute(query.group_by(TURNS.c.place, TURNS.c.persona_id))
    return {(place, persona): number for place, persona, number in rows}
