"""Turns rows of the journal into the room's types, and back."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, TextClause, bindparam, text
from sqlalchemy.dialects import sqlite

from memory.record import Record
from memory.turn import Turn
from personas import Place, Recollection, Utterance, is_private, platform_of

REPLY = ":said"
PLAIN = (
    "id", "after", "persona_id", "persona_version", "began_at", "said", "outcome", "model", "lora", "prompt_hash",
    "prompt_tokens", "completion_tokens", "timings", "trace",
)  # fmt: skip


def claim_key(utterance: Utterance, persona_id: str) -> str:
    """What is kept of an utterance for good: nobody can read anything out of it."""
    return hashlib.sha256(f"{persona_id}|{platform_of(utterance.place)}|{utterance.id}".encode()).hexdigest()


def storable(text: str) -> str:
    """The text without NUL, which PostgreSQL refuses, and with a mark for half a character, which nobody can store."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def utterance_row(said: Utterance, *, persona_id: str, fan_id: str, addressed: bool) -> dict[str, Any]:
    return {
        "persona_id": persona_id,
        "fan_id": fan_id,
        "platform": platform_of(said.place),
        "id": said.id,
        "speaker_id": said.speaker_id,
        "speaker_name": storable(said.speaker_name),
        "place": said.place,
        "text": storable(said.text),
        "at": said.at,
        "addressed": addressed,
    }


def utterance_of(row: RowMapping) -> Utterance:
    return Utterance(row["id"], row["speaker_id"], row["speaker_name"], Place(row["place"]), row["text"], row["at"])


def turn_row(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "after": turn.after,
        "persona_id": turn.persona_id,
        "persona_version": turn.persona_version,
        "place": turn.place,
        "began_at": turn.began_at,
        "said": None if turn.said is None else storable(turn.said),
        "outcome": turn.outcome,
        "recalled": [recollection_row(recollection) for recollection in turn.recalled],
        "lore": list(turn.lore),
        "model": turn.model,
        "lora": turn.lora,
        "prompt_hash": turn.prompt_hash,
        "prompt_tokens": turn.prompt_tokens,
        "completion_tokens": turn.completion_tokens,
        "timings": dict(turn.timings),
        "trace": dict(turn.trace),
    }


def turn_of(row: RowMapping, heard: Sequence[Utterance]) -> Turn:
    fields = {name: row[name] for name in PLAIN}
    recalled = tuple(recollection_of(item) for item in row["recalled"])
    return Turn(**fields, place=Place(row["place"]), heard=tuple(heard), recalled=recalled, lore=tuple(row["lore"]))


def recollection_row(recollection: Recollection) -> dict[str, Any]:
    return {**asdict(recollection), "at": recollection.at.isoformat()}


def recollection_of(item: Mapping[str, Any]) -> Recollection:
    return Recollection(**{**item, "at": datetime.fromisoformat(item["at"])})


def said_when(record_id: str, at: datetime) -> tuple[float, bool, str]:
    """What comes first in a fan's talk; a reply stands after what it answers."""
    return at.timestamp(), record_id.endswith(REPLY), record_id


def statement_row(record: Record, *, persona_id: str, fan_id: str) -> dict[str, Any]:
    names = (
        "id", "kind", "text", "speaker_id", "speaker_name", "place", "audience",
        "at", "valid_from", "valid_to", "superseded_by",
    )  # fmt: skip
    fields = {name: getattr(record, name) for name in names}
    return {**fields, "persona_id": persona_id, "fan_id": fan_id, "sources": list(record.sources)}


def statement_of(row: RowMapping) -> Record:
    fields = {name: value for name, value in row.items() if name not in {"persona_id", "fan_id", "sources", "place"}}
    return Record(**fields, place=Place(row["place"]), sources=tuple(row["sources"]))


def owner_of_place(place: Place, fan_id: str) -> str | None:
    """Whose a talk is: a private one its fan's, a public one nobody's."""
    return fan_id if is_private(place) else None


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert what is not there yet; how many rows were."""
    added = 0
    for row in rows:  # the drivers do not agree on the count of many
        added += connection.execute(inserting(table, tuple(row)), row).rowcount
    return added


def put(connection: Connection, table: Table, *rows: Mapping[str, Any]) -> None:
    """Insert, or replace by primary key; all rows have the same columns."""
    if rows:
        connection.execute(putting(table, tuple(rows[0])), rows)


@cache
def inserting(table: Table, columns: tuple[str, ...]) -> TextClause:
    """The statement that inserts such a row where there is none."""
    return in_words(insertion(table, columns).on_conflict_do_nothing(), table, columns)


@cache
def putting(table: Table, columns: tuple[str, ...]) -> TextClause:
    """The statement that inserts such a row, or replaces what stands there."""
    keys = [column.name for column in table.primary_key]
    statement = insertion(table, columns)
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    return in_words(statement.on_conflict_do_update(index_elements=keys, set_=changed), table, columns)


def insertion(table: Table, columns: tuple[str, ...]) -> sqlite.Insert:
    return sqlite.insert(table).values({name: bindparam(name) for name in columns})


def in_words(statement: sqlite.Insert, table: Table, columns: tuple[str, ...]) -> TextClause:
    """A statement in words that SQLite and PostgreSQL share.

    SQLAlchemy would compile it anew for every row, a third of what a turn cost.
    """
    words = text(str(statement.compile(dialect=sqlite.dialect(paramstyle="named"))))
    return words.bindparams(*(bindparam(name, type_=table.c[name].type) for name in columns))
