"""Copies the journal while it is in use, and puts a copy back without bringing anybody back who asked to be forgotten.

Only the journal is copied: the index is made from it. What is not covered: PostgreSQL has `pg_dump`, which does this
better; after restoring one, `greenroom memory rebuild` applies the tombstones.
"""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from memory.errors import JournalTrouble, JournalUnwritable
from memory.forgetting import Graveyard
from memory.journal import FILE, Journal
from memory.record import Store


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
        draft.replace(target)
    except (OSError, sqlite3.Error) as exc:
        draft.unlink(missing_ok=True)
        raise JournalUnwritable(f"The backup {target} can't be written ({exc}). Name another place.") from exc


async def restore(backup: Path, folder: Path) -> Path | None:
    """Put a copy in the place of a data folder's journal; returns where the replaced one is kept.

    A journal of a newer greenroom, and a file that is none, are refused before anything changes.
    """
    if not await asyncio.to_thread(backup.is_file):
        raise JournalTrouble(f"There is no backup {backup}. Name a file that `greenroom memory backup` wrote.")
    draft = folder / (FILE + ".restored")
    await asyncio.to_thread(copy, backup, draft)
    async with await Journal.open(f"sqlite:///{draft}") as restored:
        await restored.fans()  # reads it, so that a damaged one is refused now
    return await asyncio.to_thread(swap, draft, folder)


def swap(draft: Path, folder: Path) -> Path | None:
    """The draft becomes the journal, and the journal a file beside it."""
    current, before = folder / FILE, folder / (FILE + ".before-restore")
    alone(draft)
    kept = current.exists()
    if kept:
        alone(current)
        current.replace(before)
    draft.replace(current)
    return before if kept else None


def alone(path: Path) -> None:
    """Make a journal one file that nobody else has open."""
    try:
        with closing(sqlite3.connect(path, timeout=2)) as database:
            (mode,) = database.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as exc:
        raise JournalUnwritable(f"{path} is in use ({exc}). Stop greenroom, and restore then.") from exc
    if mode != "delete":
        raise JournalUnwritable(f"{path} is in use. Stop greenroom, and restore then.")


async def bury_again(journal: Journal, store: Store, folder: Path) -> int:
    """Forget once more everybody whose tombstone is younger than what a restored journal has of them."""
    tombstones = await Graveyard(folder).all()
    gone = 0
    for persona_id, fan_id, first in await journal.fans():
        if any(stone.covers(fan_id, persona_id) and first <= stone.at for stone in tombstones):
            await store.erase(persona_id, fan_id)
            await journal.erase_fan(fan_id, persona_id=persona_id)
            gone += 1
    return gone
