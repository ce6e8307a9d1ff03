"""Memories in embedded Chroma, a folder per persona and fan; here and beside it is all that knows chromadb.

Privacy is a path, not a filter somebody might forget: `<folder>/<persona>/<fan>/<generation>`, names hashed. `current`
says which generation counts, so that a rewrite replaces a folder in one step, and forgetting is removing it.
What is not covered: bytes that a file system or a disk keeps of removed files.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from memory.chroma_rows import columns, hashed, neighbours_of, records_of
from memory.errors import StoreDamaged
from memory.record import Record
from memory.scope import Scope

if TYPE_CHECKING:  # chromadb takes over a second to import: its threads do that, and nobody waits for it at the start
    import chromadb

    from memory.chroma_store_folders import Folders

T = TypeVar("T")
THREADS = 4
READ_AT_ONCE = 10_000  # rows; SQLite takes 32,766 at most, and what Chroma then says reads like a damaged folder


class ChromaStore:
    """The `Store` protocol over a folder. `encoder` names who makes the vectors: vectors of two never mix.

    At most `open_at_most` fans' folders are open at a time (about 3 MB and 11 file handles each). Raises
    `StoreDamaged` for a folder that can't be read or that another encoder filled, `StoreTaken` for one that another
    process has open.
    """

    def __init__(self, folder: Path, *, encoder: str, open_at_most: int = 32) -> None:
        self._folder = folder
        self._encoder = encoder
        self._open_at_most = open_at_most
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="memories")
        self._making = threading.Lock()
        self._closed = False

    async def ready(self) -> None:
        """Loads what the first call would otherwise wait for."""
        await self._run(lambda: self._folders)

    async def upsert(self, scope: Scope, records: Sequence[Record]) -> None:
        """Add, or replace by id; every record needs its vector."""
        await self._run(lambda: self._upsert(scope, records))

    async def all(self, scope: Scope) -> list[Record]:
        """Every record of this persona about this fan, with vectors, by `order`."""
        return await self._run(lambda: self._all(scope))

    async def nearest(self, scope: Scope, vector: np.ndarray, n: int) -> list[tuple[str, float]]:
        """Ids of about the `n` nearest records with their cosine, best first (HNSW: nearly, not exactly)."""
        return await self._run(lambda: self._nearest(scope, vector, n))

    async def delete(self, scope: Scope, ids: Sequence[str]) -> None:
        """Remove records and write the folder anew: Chroma alone would keep their text in its log."""
        await self._run(lambda: self._delete(scope, set(ids)))
        await self._run(lambda: self._folders.close())  # any open folder may hold the words by accident, see the wiping

    async def erase(self, persona_id: str | None, fan_id: str) -> int:
        """Remove a fan's folders; returns how many records were in those that could be read."""
        erased = await self._run(lambda: sum(self._erase(path) for path in self._paths(persona_id, fan_id)))
        await self._run(lambda: self._folders.close())
        return erased

    async def count(self, scope: Scope) -> int:
        """How many records this persona has about this fan."""
        return await self._run(lambda: self._count(scope))

    async def discard(self, scope: Scope) -> None:
        """Throw away a folder that can't be read; the journal has all that was in it."""
        await self._run(lambda: self._folders.remove(self._path(scope)))

    async def replace(self, scope: Scope, records: Sequence[Record]) -> None:
        """Put exactly these records in the place of all that is there, in one step."""
        await self._run(lambda: self._replace(scope, records))
        await self._run(lambda: self._folders.close())

    async def aclose(self) -> None:
        """Close every folder; a second time does nothing."""
        if not self._closed:
            self._closed = True
            if "_made" in self.__dict__:
                await self._run(self._made.close)
            self._threads.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @property
    def _folders(self) -> "Folders":
        """Only for the threads: made by whichever of them comes first."""
        with self._making:
            return self._made

    @cached_property
    def _made(self) -> "Folders":
        from memory.chroma_store_folders import Folders

        return Folders(self._encoder, self._open_at_most)

    def _path(self, scope: Scope) -> Path:
        return self._folder / hashed(scope.persona_id) / hashed(scope.fan_id)

    def _paths(self, persona_id: str | None, fan_id: str) -> Iterator[Path]:
        persona = "*" if persona_id is None else hashed(persona_id)
        yield from sorted(self._folder.glob(f"{persona}/{hashed(fan_id)}"))

    @contextmanager
    def _open(self, scope: Scope) -> "Iterator[chromadb.Collection]":
        with self._folders.use(self._path(scope)) as collection:
            yield collection

    def _upsert(self, scope: Scope, records: Sequence[Record]) -> None:
        with self._open(scope) as collection:
            for some in columns(scope, records):
                collection.upsert(**some)

    def _all(self, scope: Scope) -> list[Record]:
        if not self._path(scope).exists():
            return []
        found: list[Record] = []
        include: Any = ["documents", "metadatas", "embeddings"]
        with self._open(scope) as collection:
            for start in range(0, collection.count(), READ_AT_ONCE):
                found += records_of(scope, collection.get(include=include, limit=READ_AT_ONCE, offset=start))
        return sorted(found, key=lambda record: record.order)

    def _nearest(self, scope: Scope, vector: np.ndarray, n: int) -> list[tuple[str, float]]:
        if not self._path(scope).exists() or n < 1:
            return []
        with self._open(scope) as collection:
            query = np.asarray(vector, dtype=np.float32)[None, :]
            found = collection.query(query_embeddings=query, n_results=n, include=["metadatas", "distances"])
        return neighbours_of(scope, found)

    def _delete(self, scope: Scope, ids: set[str]) -> None:
        if not self._path(scope).exists() or not ids:
            return
        with self._folders.alone(self._path(scope)):
            stays = [record for record in self._all(scope) if record.id not in ids]
            self._replace(scope, stays)

    def _replace(self, scope: Scope, records: Sequence[Record]) -> None:
        with self._folders.rewrite(self._path(scope)) as collection:
            for some in columns(scope, records):
                collection.upsert(**some)

    def _erase(self, path: Path) -> int:
        try:
            with self._folders.use(path) as collection:
                number = collection.count()
        except StoreDamaged:
            number = 0
        self._folders.remove(path)
        return number

    def _count(self, scope: Scope) -> int:
        if not self._path(scope).exists():
            return 0
        with self._open(scope) as collection:
            return collection.count()
