"""Turns records into Chroma's columns and back, and refuses what belongs to somebody else."""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from memory.errors import ForeignRecord, StoreTrouble
from memory.record import Record
from memory.scope import Scope
from personas import Place

AT_ONCE = 1000  # rows in one request; Chroma takes 5,461 at most
TIMES = ("valid_from", "valid_to")


def hashed(name: str) -> str:
    """A name that Chroma and every file system take, and that nobody can read."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def key_of(scope: Scope, record_id: str) -> str:
    """A record's id in Chroma; two fans in one collection never share one."""
    return f"{hashed(scope.fan_id)}:{record_id}"


def columns(scope: Scope, records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """The arguments of `upsert`, in portions."""
    for start in range(0, len(records), AT_ONCE):
        some = records[start : start + AT_ONCE]
        yield {
            "ids": [key_of(scope, record.id) for record in some],
            "embeddings": np.stack([vector_of(record) for record in some]),
            "documents": [record.text for record in some],
            "metadatas": [metadata_of(scope, record) for record in some],
        }


def vector_of(record: Record) -> np.ndarray:
    """A record's vector, which a store can't do without."""
    if record.vector is None:
        raise StoreTrouble(f"The record {record.id} has no vector, so it can't be indexed.")
    return record.vector


def metadata_of(scope: Scope, record: Record) -> dict[str, Any]:
    """All but text and vector; Chroma takes no None and no nesting."""
    row: dict[str, Any] = {
        "persona": scope.persona_id,
        "fan": scope.fan_id,
        "id": record.id,
        "speaker_id": record.speaker_id,
        "speaker_name": record.speaker_name,
        "place": record.place,
        "audience": record.audience,
        "at": record.at.isoformat(),
        "kind": record.kind,
        "sources": json.dumps(record.sources),
        "session": record.session,
        "order": record.order,
    }
    if record.tokens:
        row["tokens"] = b64encode(record.tokens).decode()
    row |= {name: value.isoformat() for name in TIMES if (value := getattr(record, name)) is not None}
    return row if record.superseded_by is None else {**row, "superseded_by": record.superseded_by}


def records_of(scope: Scope, found: Mapping[str, Any]) -> list[Record]:
    """What `get` returned, as records; `ForeignRecord` if one of them is not this scope's."""
    rows = zip(found["documents"], found["metadatas"], found["embeddings"], strict=True)
    return [record_of(scope, *row) for row in rows]


def record_of(scope: Scope, text: str, row: Mapping[str, Any], vector: Any) -> Record:
    """One row as a record."""
    checked(scope, row)
    return Record(
        id=row["id"],
        text=text,
        speaker_id=row["speaker_id"],
        speaker_name=row["speaker_name"],
        place=Place(row["place"]),
        audience=row["audience"],
        at=datetime.fromisoformat(row["at"]),
        kind=row["kind"],
        sources=tuple(json.loads(row["sources"])),
        vector=np.asarray(vector, dtype=np.float32),
        tokens=b64decode(row.get("tokens", "")),
        valid_from=moment(row.get("valid_from")),
        valid_to=moment(row.get("valid_to")),
        superseded_by=row.get("superseded_by"),
        session=row["session"],
        order=row["order"],
    )


def neighbours_of(scope: Scope, found: Mapping[str, Any]) -> list[tuple[str, float]]:
    """What `query` returned, as ids with their cosine, best first."""
    rows, distances = found["metadatas"][0], found["distances"][0]
    for row in rows:
        checked(scope, row)
    return [(row["id"], 1.0 - float(distance)) for row, distance in zip(rows, distances, strict=True)]


def checked(scope: Scope, row: Mapping[str, Any]) -> None:
    """Fail closed: one foreign row, and nothing is returned at all."""
    if row.get("persona") != scope.persona_id or row.get("fan") != scope.fan_id:
        raise ForeignRecord("The index returned a memory of somebody else; nothing was recalled. Rebuild the index.")


def moment(written: str | None) -> datetime | None:
    """A time as it was written, if it was."""
    return None if written is None else datetime.fromisoformat(written)
