"""Brings back what a fan took along. The file passed through other hands, so it may say anything.

A row comes in only where it is this fan's own: said by them or to them, in a place that is nobody else's, in a talk
whose turns follow each other as turns do. What is there stays as it is, and nothing of this file joins another fan's
private turns, follows them, votes on them or shows them. What is not covered: a fan may put words of their own making
into their own memories, as they may by telling them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Integer, String, Table, func, select, update

from memory.errors import ExportUnreadable
from memory.journal_export import OWNED, PLUMBING, answered
from memory.journal_rows import insert_new, statement_of, storable, turn_of
from memory.journal_tables import (
    CONSENTS,
    FEEDBACK,
    HEARD,
    REVIEWS,
    SHARING,
    STATEMENTS,
    TALKS,
    TURNS,
    UTTERANCES,
    Moment,
)
from memory.journal_turns import upwards
from personas import Place, is_private, persona_speaker, platform_of

Row = dict[str, Any]
KINDS = ("utterance", "fact", "episode", "promise", "knowledge")


def import_of(connection: Connection, fan_id: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    """Write an export back; returns how many rows were new. Raises `ExportUnreadable`, and then nothing was written."""
    found = {name: rows_in(rows, name, table) for name, table in OWNED.items()}
    own = {name: [row for row in listed if row["fan_id"] == fan_id] for name, listed in found.items()}
    private = [row for row in own["talks"] if is_private(Place(row["place"]))]
    talks = [row for row in private if is_theirs(connection, fan_id, row)]
    said = [row for row in own["utterances"] if is_theirs(connection, fan_id, row) and is_said_so(fan_id, row)]
    stated = [row for row in own["statements"] if row["kind"] in KINDS and speaks(fan_id, row)]
    added = insert_new(connection, TALKS, [{**row, "leaf": None} for row in talks])
    added += insert_new(connection, UTTERANCES, said)
    turns = [turn for turn in turns_in(rows) if is_theirs(connection, fan_id, turn)]
    there = {turn["id"] for turn in turns}
    for turn in turns:
        there.discard(turn["id"])
        added += take_turn(connection, fan_id, turn, to_come=there)
    show_leaves(connection, talks)
    theirs = set(connection.execute(answered(fan_id)).scalars())
    added += insert_new(connection, STATEMENTS, stated)
    added += insert_new(connection, FEEDBACK, [row for row in own["feedback"] if row["turn_id"] in theirs])
    added += insert_new(connection, REVIEWS, [row for row in own["reviews"] if reviewed(row) <= theirs])
    return added + insert_new(connection, SHARING, own["sharing"]) + insert_new(connection, CONSENTS, own["consents"])


def is_theirs(connection: Connection, fan_id: str, row: Row) -> bool:
    """Whether a place is open to everybody, or private and nobody else's."""
    place = Place(row["place"])
    if not is_private(place):
        return True
    if platform_of(place) == "discord" and place != f"discord:dm/{fan_id.partition(':')[2]}":
        return False
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == row["persona_id"])
    spoken = (UTTERANCES.c.place == place) & (UTTERANCES.c.persona_id == row["persona_id"])
    owners = select(TALKS.c.fan_id).where(here).union(select(UTTERANCES.c.fan_id).where(spoken))
    return set(connection.execute(owners).scalars()) <= {fan_id}


def is_said_so(fan_id: str, row: Row) -> bool:
    """Whether an utterance is by one of the two, on the platform of its place."""
    return speaks(fan_id, row) and bool(row["platform"] == platform_of(Place(row["place"])))


def speaks(fan_id: str, row: Row) -> bool:
    """Whether the fan, or the persona, is said to have said it."""
    return row["speaker_id"] in {fan_id, persona_speaker(row["persona_id"])}


def reviewed(row: Row) -> set[str]:
    """The turns that a review compares."""
    return {row[name] for name in ("chosen", "rejected") if row.get(name)}


def take_turn(connection: Connection, fan_id: str, turn: Row, *, to_come: set[str]) -> int:
    """Write a turn, or join it if it is there; returns 1 if it is new. `to_come` are the turns of the file after it."""
    links = heard_here(connection, fan_id, turn)
    if not links or not follows(connection, turn, to_come):
        return 0
    row = {name: value for name, value in turn.items() if name != "heard"}
    added = insert_new(connection, TURNS, [row])
    if added:
        insert_new(connection, HEARD, [link_of(turn, n, seq) for n, seq in enumerate(links)])
    elif may_join(connection, fan_id, turn):
        first = connection.execute(select(func.min(HEARD.c.position)).where(HEARD.c.turn_id == turn["id"])).scalar()
        known = set(connection.execute(select(HEARD.c.utterance_seq).where(HEARD.c.turn_id == turn["id"])).scalars())
        new = [seq for seq in links if seq not in known]
        begin = (0 if first is None else first) - len(new)  # before the others: whoever spoke last owns the turn
        insert_new(connection, HEARD, [link_of(turn, begin + n, seq) for n, seq in enumerate(new)])
    return added


def link_of(turn: Row, position: int, seq: int) -> Row:
    return {"turn_id": turn["id"], "position": position, "utterance_seq": seq}


def heard_here(connection: Connection, fan_id: str, turn: Row) -> list[int]:
    """The rows of what a turn heard of this fan, said where the turn was; none if any is missing."""
    mine = (UTTERANCES.c.fan_id == fan_id) & (UTTERANCES.c.persona_id == turn["persona_id"])
    query = select(UTTERANCES.c.id, UTTERANCES.c.seq).where(mine, UTTERANCES.c.place == turn["place"])
    seqs = dict(connection.execute(query.where(UTTERANCES.c.id.in_(turn["heard"]))).tuples().all())
    return [seqs[one] for one in turn["heard"]] if seqs.keys() >= set(turn["heard"]) else []


def follows(connection: Connection, turn: Row, to_come: set[str]) -> bool:
    """Whether a turn comes after one of the same talk, or one that is gone; never after itself."""
    before = turn["after"]
    if before is None:
        return True
    if before == turn["id"] or before in to_come:
        return False
    place = select(TURNS.c.place, TURNS.c.persona_id).where(TURNS.c.id == before)
    found = connection.execute(place).one_or_none()
    if found is None:
        return True
    return tuple(found) == (turn["place"], turn["persona_id"]) and not is_before(connection, turn["id"], before)


def is_before(connection: Connection, turn_id: str, leaf: str) -> bool:
    """Whether a turn is named among those before a leaf: then it can't come after it."""
    if connection.execute(select(TURNS.c.id).where(TURNS.c.after == turn_id).limit(1)).scalar() is None:
        return False
    steps = upwards(select(TURNS.c.id).where(TURNS.c.id == leaf))
    return bool(connection.execute(select(steps.c.id).where(steps.c.after == turn_id).limit(1)).scalar())


def may_join(connection: Connection, fan_id: str, turn: Row) -> bool:
    """Whether a turn that is there may have heard this fan: it was in the same place, and in private nobody else's."""
    here = select(TURNS.c.place, TURNS.c.persona_id).where(TURNS.c.id == turn["id"])
    same = tuple(connection.execute(here).one()) == (turn["place"], turn["persona_id"])
    heard = select(UTTERANCES.c.fan_id).join(HEARD, HEARD.c.utterance_seq == UTTERANCES.c.seq)
    others = set(connection.execute(heard.where(HEARD.c.turn_id == turn["id"])).scalars()) - {fan_id}
    return same and (not others or not is_private(Place(turn["place"])))


def show_leaves(connection: Connection, talks: Sequence[Row]) -> None:
    """Let each talk that has no branch shown show the one it showed, if that is its own."""
    for talk in talks:
        here = (TALKS.c.place == talk["place"]) & (TALKS.c.persona_id == talk["persona_id"])
        own = select(TURNS.c.id).where(TURNS.c.place == talk["place"], TURNS.c.persona_id == talk["persona_id"])
        if connection.execute(own.where(TURNS.c.id == talk["leaf"])).scalar():
            connection.execute(update(TALKS).where(here, TALKS.c.leaf.is_(None)).values(leaf=talk["leaf"]))


# reading


def rows_in(rows: Mapping[str, Sequence[Mapping[str, Any]]], name: str, table: Table) -> list[Row]:
    """One table's rows, each value in its type. Raises `ExportUnreadable` naming the first that is not."""
    return [read(table, row, f"{name}, row {number}") for number, row in numbered(rows, name)]


def turns_in(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Row]:
    """The turns, each with the ids of what it heard."""
    for number, row in numbered(rows, "turns"):
        at = f"turns, row {number}"
        heard = row.get("heard")
        if not isinstance(heard, list) or not all(isinstance(one, str) for one in heard):
            raise unreadable(at, "'heard' is no list of ids")
        turn = read(TURNS, row, at)
        try:
            turn_of(turn, ())  # type: ignore[arg-type]  # what it does with a row, it does with a mapping
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise unreadable(at, "what it recalled can't be read") from exc
        yield {**turn, "heard": list(dict.fromkeys(heard))}


def numbered(rows: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of one table with their numbers, from 1 on."""
    if not isinstance(rows, Mapping):
        raise unreadable("the file", "it is no JSON object")
    listed = rows.get(name, [])
    if not isinstance(listed, list | tuple):
        raise unreadable(name, "it is no list")
    for number, row in enumerate(listed, 1):
        if not isinstance(row, Mapping):
            raise unreadable(f"{name}, row {number}", "it is no object")
        yield number, row


def read(table: Table, row: Mapping[str, Any], at: str) -> Row:
    """A row as it goes into its table; what the table does not know is left out."""
    columns = [column for column in table.columns if column.name not in PLUMBING]
    made = {column.name: value_of(column, row.get(column.name), f"{at}, {column.name}") for column in columns}
    if table is STATEMENTS:
        try:
            statement_of(made)  # type: ignore[arg-type]
        except TypeError as exc:
            raise unreadable(at, "its sources can't be read") from exc
    return made


def value_of(column: Column[Any], value: Any, at: str) -> Any:
    """A value in its column's type: moments come from JSON as text."""
    if value is None:
        if not column.nullable or column.primary_key:
            raise unreadable(at, "it is missing")
        return None
    if isinstance(column.type, Moment):
        return moment_of(value, at)
    for kind, wanted in ((String, str), (Boolean, bool), (Integer, int), (JSON, list | dict)):
        if isinstance(column.type, kind) and not isinstance(value, wanted):
            raise unreadable(at, "it is of another type")
    return tidy(value)


def tidy(value: Any) -> Any:
    """Text that every database takes: no NUL, no half of a character."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [tidy(one) for one in value]
    return {tidy(name): tidy(one) for name, one in value.items()} if isinstance(value, dict) else value


def moment_of(value: Any, at: str) -> datetime:
    """A moment in ISO 8601 with its time zone."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError) as exc:
        raise unreadable(at, "it is no moment") from exc
    if moment.tzinfo is None:
        raise unreadable(at, "it names no time zone")
    return moment


def unreadable(at: str, reason: str) -> ExportUnreadable:
    return ExportUnreadable(f"The export can't be read ({at}: {reason}). Bring back a file as it was exported.")
