"""Copies the journal while it is in use, and puts a copy back without bringing anybody back who asked to be forgotten.

Only the journal is copied: the index is made from it. Whoever was forgotten since is taken out of the copy before it
becomes the journal, so that nothing that breaks off in between brings them back. What is not covered: PostgreSQL has
`pg_dump`, which does this better; after restoring one, `greenroom memory rebuild` applies the tombstones.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from memory.burial import Due, bury, due
from memory.errors import JournalTrouble, JournalUnwritable
from memory.index_note import IndexNote
from memory.journal import FILE, Journal

LOGS = ("-wal", "-shm")
BESIDE = ("", *LOGS)  # a SQLite database's files


@dataclass(frozen=True, slots=True)
class Restored:
    """`kept` is where the replaced journal is, if there was one; `buried` are those who stay forgotten."""

    kept: Path | None
    buried: tuple[Due, ...]


async def back_up(journal: Journal, target: Path) -> Path:
    """A consistent copy of the journal's file, made while others write; returns where it is."""
    source = journal.database.file
    if source is None:
        raise JournalTrouble("Only a SQLite journal is copied here. For PostgreSQL use pg_dump.")
    await asyncio.to_thread(copy, source, target)
    return target


def copy(source: Path, target: Path) -> None:
    """SQLite's own online copy, under another name until it is whole."""
    draft = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(source)) as living, closing(sqlite3.connect(draft)) as copied:
            living.backup(copied, pages=1000)
            copied.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself
        discard(target, LOGS)  # SQLite would read what stood there before into this one
        draft.replace(target)
    except (OSError, sqlite3.Error) as exc:
        if draft.is_file():
            draft.unlink()
        raise JournalUnwritable(f"The backup {target} can't be written ({exc}). Name another place.") from exc


async def restore(backup: Path, folder: Path) -> Restored:
    """Put a copy in the place of a data folder's journal, without those who were forgotten since it was made.

    A journal of a newer greenroom, and a file that is none, are refused before anything changes. What a server's index
    has of the forgotten is for the caller to erase (`memory.burial.unindex`).
    """
    if not await asyncio.to_thread(backup.is_file):
        raise JournalTrouble(f"There is no backup {backup}. Name a file that `greenroom memory backup` wrote.")
    draft = folder / (FILE + ".restored")
    await asyncio.to_thread(copy, backup, draft)
    try:
        async with await Journal.open(f"sqlite:///{draft}") as journal:
            whom = await due(journal, folder)  # reads it, so that a damaged one is refused now
            await bury(journal, whom)
        kept = await asyncio.to_thread(swap, draft, folder)
    finally:
        await asyncio.to_thread(discard, draft, BESIDE)  # a draft that stays holds people's words
    for persona_id, fan_id, _ in whom:
        await asyncio.to_thread(IndexNote(folder).forget, persona_id, fan_id)
    return Restored(kept, tuple(whom))


def discard(path: Path, suffixes: Sequence[str]) -> None:
    """Remove these files of a database where they are."""
    for suffix in suffixes:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def swap(draft: Path, folder: Path) -> Path | None:
    """The draft becomes the journal, and the journal a file beside it."""
    alone(draft)
    kept = put_aside(folder / FILE)
    draft.replace(folder / FILE)
    return kept


def put_aside(current: Path) -> Path | None:
    """Move a journal to a name that nothing has, so that no restoring loses it; None if there is none."""
    if current.exists():
        alone(current)
    there = [suffix for suffix in BESIDE if current.with_name(current.name + suffix).exists()]
    kept = free_name(current)
    for suffix in there:
        current.with_name(current.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept if "" in there else None


def free_name(current: Path) -> Path:
    """The first of the names for replaced journals that is free."""
    names = (current.with_name(f"{current.name}.before-restore-{number}") for number in count(1))
    return next(name for name in names if not any(name.with_name(name.name + suffix).exists() for suffix in BESIDE))


def alone(path: Path) -> None:
    """Make a journal one file that nobody else has open; a damaged one stays as it is."""
    try:
        with closing(sqlite3.connect(path, timeout=2)) as database:
            (mode,) = database.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as exc:
        raise JournalUnwritable(f"{path} is in use ({exc}). Stop greenroom, and restore then.") from exc
    except sqlite3.DatabaseError:
        return  # no journal any more, which is why another one is to take its place
    if mode != "delete":
        raise JournalUnwritable(f"{path} is in use. Stop greenroom, and restore then.")
