"""Everything the journal has of a fan, as they may take it with them and bring it back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, Table, select

from memory.journal_rows import insert_new
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

PLUMBING = {"seq"}
OWNED = {
    "talks": TALKS,
    "utterances": UTTERANCES,
    "statements": STATEMENTS,
    "feedback": FEEDBACK,
    "sharing": SHARING,
    "consents": CONSENTS,
    "reviews": REVIEWS,
}


def export_of(connection: Connection, fan_id: str) -> dict[str, list[dict[str, object]]]:
    """All rows of a fan by table; what others said in the same rooms is not theirs and is left out."""
    export = {name: rows_of(connection, table, fan_id) for name, table in OWNED.items()}
    heard = heard_ids(connection, fan_id)
    query = select(TURNS).where(TURNS.c.id.in_(answered(fan_id))).order_by(TURNS.c.seq)
    turns = connection.execute(query).mappings()
    return {**export, "turns": [{**plain(row), "heard": heard[row["id"]]} for row in turns]}


def rows_of(connection: Connection, table: Table, fan_id: str) -> list[dict[str, object]]:
    """A fan's rows of one table, in the order of its key."""
    query = select(table).where(table.c.fan_id == fan_id).order_by(*table.primary_key)
    return [plain(row) for row in connection.execute(query).mappings()]


def answered(fan_id: str) -> Any:
    """Ids of the turns that answer a fan."""
    query = select(HEARD.c.turn_id).join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
    return query.where(UTTERANCES.c.fan_id == fan_id)


def heard_ids(connection: Connection, fan_id: str) -> dict[str, list[str]]:
    """Ids of what each turn heard of a fan, in order."""
    query = (
        select(HEARD.c.turn_id, UTTERANCES.c.id)
        .join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
        .where(UTTERANCES.c.fan_id == fan_id)
        .order_by(HEARD.c.turn_id, HEARD.c.position)
    )
    heard: dict[str, list[str]] = {}
    for turn_id, utterance_id in connection.execute(query):
        heard.setdefault(turn_id, []).append(utterance_id)
    return heard


def plain(row: RowMapping) -> dict[str, object]:
    """A row that JSON can hold: moments in ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in PLUMBING
    }


def import_of(connection: Connection, fan_id: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    """Write an export back; what is there stays, and rows of anybody else are left out. Returns how many were new."""
    added = 0
    for name, table in OWNED.items():
        own = [read(table, row) for row in rows.get(name, ()) if row.get("fan_id") == fan_id]
        added += insert_new(connection, table, own)
    said = {row["id"] for row in rows.get("utterances", ()) if row.get("fan_id") == fan_id}
    for turn in rows.get("turns", ()):
        if turn["heard"] and said.issuperset(turn["heard"]):
            added += insert_new(connection, TURNS, [read(TURNS, turn)])
            insert_new(connection, HEARD, links(connection, fan_id, turn))
    return added


def links(connection: Connection, fan_id: str, turn: Mapping[str, Any]) -> list[dict[str, object]]:
    """Which utterances a turn heard, by the rows they have now."""
    mine = (UTTERANCES.c.fan_id == fan_id) & (UTTERANCES.c.persona_id == turn["persona_id"])
    query = select(UTTERANCES.c.id, UTTERANCES.c.seq).where(mine, UTTERANCES.c.id.in_(turn["heard"]))
    seqs = dict(connection.execute(query).tuples().all())
    return [{"turn_id": turn["id"], "position": n, "utterance_seq": seqs[one]} for n, one in enumerate(turn["heard"])]


def read(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it goes into its table; what the table does not know is left out."""
    columns = {column.name: column for column in table.columns if column.name not in PLUMBING}
    return {name: value_of(columns[name], value) for name, value in row.items() if name in columns}


def value_of(column: Column[Any], value: Any) -> Any:
    """Moments come from JSON as text."""
    return datetime.fromisoformat(value) if isinstance(column.type, Moment) and value is not None else value
