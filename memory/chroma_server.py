"""Memories on a Chroma server, for when one machine is outgrown: a few collections per persona, each for many fans.

Fans are spread over hash buckets, since one collection per fan loses records and one for all is slow (docs/memory.md).
Here privacy is a filter, so every answer is checked as well. What is not covered: bytes that the server keeps of
deleted records until its operator runs `chroma vacuum`.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.config import Settings
from chromadb.errors import ChromaError

from memory.chroma_rows import AT_ONCE, columns, hashed, key_of, neighbours_of, records_of
from memory.chroma_store_folders import HNSW
from memory.errors import StoreAway
from memory.record import Record
from memory.scope import Scope

T = TypeVar("T")
BUCKETS = 16
PREFIX = "greenroom"
THREADS = 8


class ChromaServer:
    """The `Store` protocol over a server at `url` (`http://host:port`). `encoder` names who makes the vectors.

    Raises `StoreAway` when the server does not answer within `patience` seconds.
    """

    def __init__(self, url: str, *, encoder: str, buckets: int = BUCKETS, patience: float = 30.0) -> None:
        self._url = url
        self._encoder = hashed(encoder)[:8]
        self._buckets = buckets
        self._patience = patience
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="chroma")
        self._client: chromadb.api.ClientAPI | None = None

    async def ready(self) -> None:
        """Connects with the first call, not before: a server that is away delays no start."""

    async def upsert(self, scope: Scope, records: Sequence[Record]) -> None:
        """Add, or replace by id; every record needs its vector."""
        await self._run(lambda: self._upsert(scope, records))

    async def all(self, scope: Scope) -> list[Record]:
        """Every record of this persona about this fan, with vectors, by `order`."""
        return await self._run(lambda: self._all(scope))

    async def nearest(self, scope: Scope, vector: np.ndarray, n: int) -> list[tuple[str, float]]:
        """Ids of about the `n` nearest records with their cosine, best first."""
        return await self._run(lambda: self._nearest(scope, vector, n)) if n > 0 else []

    async def delete(self, scope: Scope, ids: Sequence[str]) -> None:
        """Remove records; the server keeps their bytes until it is vacuumed."""
        await self._run(lambda: self._delete(scope, ids))

    async def replace(self, scope: Scope, records: Sequence[Record]) -> None:
        """Put exactly these records in the place of all there are."""
        await self._run(lambda: self._replace(scope, records))

    async def erase(self, persona_id: str | None, fan_id: str) -> int:
        """Remove all of a fan, for one persona or for all; returns how many records went."""
        return await self._run(lambda: self._erase(persona_id, fan_id))

    async def count(self, scope: Scope) -> int:
        """How many records this persona has about this fan."""
        return await self._run(lambda: len(self._collection(scope).get(where=whose(scope), include=[])["ids"]))

    async def aclose(self) -> None:
        """Nothing is lost without it."""
        self._threads.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        def translated_work() -> T:
            with translated(self._url):
                return work()

        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.get_running_loop().run_in_executor(self._threads, translated_work)
        except TimeoutError as exc:
            raise StoreAway(f"The Chroma server at {self._url} did not answer in {self._patience:g} s.") from exc

    def _server(self) -> "chromadb.api.ClientAPI":
        if self._client is None:
            at = urlsplit(self._url)
            self._client = chromadb.HttpClient(
                host=at.hostname or "127.0.0.1",
                port=at.port or (443 if at.scheme == "https" else 80),
                ssl=at.scheme == "https",
                settings=Settings(anonymized_telemetry=False),
            )
        return self._client

    def _collection(self, scope: Scope) -> chromadb.Collection:
        bucket = int(hashed(scope.fan_id)[:8], 16) % self._buckets
        name = f"{PREFIX}-{hashed(scope.persona_id)}-{self._encoder}-{bucket}"
        return self._server().get_or_create_collection(name, embedding_function=None, configuration=HNSW)

    def _upsert(self, scope: Scope, records: Sequence[Record]) -> None:
        collection = self._collection(scope)
        for some in columns(scope, records):
            collection.upsert(**some)

    def _all(self, scope: Scope) -> list[Record]:
        collection = self._collection(scope)
        found: list[Record] = []
        include: Any = ["documents", "metadatas", "embeddings"]
        while True:
            page = collection.get(where=whose(scope), include=include, limit=AT_ONCE, offset=len(found))
            found += records_of(scope, page)
            if len(page["ids"]) < AT_ONCE:
                return sorted(found, key=lambda record: record.order)

    def _nearest(self, scope: Scope, vector: np.ndarray, n: int) -> list[tuple[str, float]]:
        query = np.asarray(vector, dtype=np.float32)[None, :]
        found = self._collection(scope).query(
            query_embeddings=query, n_results=n, where=whose(scope), include=["metadatas", "distances"]
        )
        return neighbours_of(scope, found)

    def _delete(self, scope: Scope, ids: Sequence[str]) -> None:
        collection = self._collection(scope)
        for start in range(0, len(ids), AT_ONCE):
            some = [key_of(scope, one) for one in ids[start : start + AT_ONCE]]
            collection.delete(ids=some, where=whose(scope))

    def _replace(self, scope: Scope, records: Sequence[Record]) -> None:
        stays = {record.id for record in records}
        self._delete(scope, [record.id for record in self._all(scope) if record.id not in stays])
        self._upsert(scope, records)

    def _erase(self, persona_id: str | None, fan_id: str) -> int:
        """In collections of other encoders, too."""
        start = PREFIX if persona_id is None else f"{PREFIX}-{hashed(persona_id)}"
        erased = 0
        for collection in self._server().list_collections():
            if collection.name.startswith(start + "-"):
                ids = collection.get(where={"fan": fan_id}, include=[])["ids"]
                for begin in range(0, len(ids), AT_ONCE):
                    collection.delete(ids=ids[begin : begin + AT_ONCE])
                erased += len(ids)
        return erased


def whose(scope: Scope) -> Any:
    """The filter that every request carries."""
    return {"$and": [{"persona": scope.persona_id}, {"fan": scope.fan_id}]}


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turns what the client raises into the store's errors."""
    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError) as exc:  # ValueError: "Could not connect to a Chroma server"
        raise StoreAway(f"The Chroma server at {url} failed: {exc}") from exc
