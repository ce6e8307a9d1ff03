"""Forgets a fan everywhere, and keeps a tombstone so that a restored backup forgets them again.

A tombstone holds a hash of the fan's id and the time, and nothing they said. What is not covered: copies that an
operator made without `greenroom memory backup`, and what the platform itself (Discord) keeps.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import structlog

from memory.index_note import IndexNote
from memory.journal import Journal
from memory.receipt import Receipt, occurrences, telling

log = structlog.get_logger()
TOMBSTONES = "forgotten.jsonl"
Erase = Callable[[str | None, str], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """`fan` and `persona` are hashes; no persona means all of them. One that is `lifted` takes those before it back."""

    fan: str
    persona: str | None
    at: datetime
    lifted: bool = False

    def covers(self, fan_id: str, persona_id: str) -> bool:
        """Whether this fan asked this persona to forget them."""
        return self.fan == unreadable(fan_id) and self.persona in (None, unreadable(persona_id))


def unreadable(name: str) -> str:
    """What a tombstone keeps of a name."""
    return hashlib.sha256(f"greenroom tombstone|{name}".encode()).hexdigest()


class Graveyard:
    """The tombstones of a data folder, one JSON line each; it is no part of a backup, so that it outlives one."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / TOMBSTONES

    async def bury(self, fan_id: str, persona_id: str | None, at: datetime) -> None:
        """Write a tombstone, durably, before anything is deleted: a crash in between forgets again."""
        persona = None if persona_id is None else unreadable(persona_id)
        await asyncio.to_thread(self._append, {"fan": unreadable(fan_id), "persona": persona, "at": at.isoformat()})

    async def lift(self, fan_id: str, persona_id: str, at: datetime) -> None:
        """What the persona was to forget of this fan until now may be remembered: they brought it back themselves."""
        line = {"fan": unreadable(fan_id), "persona": unreadable(persona_id), "at": at.isoformat(), "lifted": True}
        await asyncio.to_thread(self._append, line)

    async def all(self) -> list[Tombstone]:
        """Every tombstone, oldest first."""
        return await asyncio.to_thread(lambda: list(self._read()))

    def _append(self, line: Mapping[str, object]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a+b") as file:
            file.write((b"\n" if is_torn(file) else b"") + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self) -> Iterator[Tombstone]:
        if not self._file.exists():
            return
        for number, line in enumerate(self._file.read_bytes().splitlines(), 1):
            try:
                yield tombstone_of(line)
            except (ValueError, KeyError, TypeError) as exc:
                log.warning("tombstone_unreadable", file=str(self._file), line=number, reason=str(exc))


def tombstone_of(line: bytes) -> Tombstone:
    """One line of the file; ValueError, KeyError or TypeError for one that a crash or a full disk cut short."""
    written = json.loads(line)
    at = datetime.fromisoformat(written["at"])
    return Tombstone(written["fan"], written["persona"], at, written.get("lifted", False))


def standing(stones: Iterable[Tombstone], fan_id: str, persona_id: str) -> list[datetime]:
    """When a fan asked a persona to forget them, without what was lifted since."""
    times: list[datetime] = []
    for stone in stones:
        if stone.covers(fan_id, persona_id):
            times = [] if stone.lifted else [*times, stone.at]
    return times


def is_torn(file: BinaryIO) -> bool:
    """Whether the last line has no end, so that the next one would be glued to it."""
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


async def forget_fan(
    journal: Journal, erase: Erase, fan_id: str, persona_id: str | None, *, folder: Path | None, now: datetime
) -> Receipt:
    """Tombstone, index, journal, in this order; then look again. `erase` removes a fan from the indexes that answer.

    Another one may lie in the data folder, from before the house moved to a server or back.
    """
    if folder is not None:
        await Graveyard(folder).bury(fan_id, persona_id, now)
    words = telling(await journal.words(fan_id, persona_id=persona_id))
    memories = await erase(persona_id, fan_id)
    if folder is not None:
        await asyncio.to_thread(IndexNote(folder).forget, persona_id, fan_id)
    erased = await journal.erase_fan(fan_id, persona_id=persona_id)
    bytes_left = await asyncio.to_thread(occurrences, files_below(folder), words)
    if bytes_left:  # a rewrite holds everybody up, so it is not done unasked
        await journal.rewrite()
        bytes_left = await asyncio.to_thread(occurrences, files_below(folder), words)
    return Receipt(
        turns=erased.turns,
        utterances=erased.utterances,
        statements=erased.statements,
        memories=memories,
        feedback=erased.feedback,
        talks=erased.talks,
        consents=erased.consents,
        reviews=erased.reviews,
        rows_left=await journal.left(fan_id, persona_id=persona_id),
        memories_left=await erase(persona_id, fan_id),
        bytes_left=bytes_left,
        at=now,
    )


def files_below(folder: Path | None) -> list[Path]:
    """Every file of a data folder; none, if memories are kept elsewhere."""
    return [] if folder is None else [file for file in folder.rglob("*") if file.is_file()]
