"""A journal and a memory that vanish with the test: the real ones, over a database in RAM and a store in RAM."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import numpy as np

from memory.journal import Journal, utc_now
from memory.memory import Memory
from memory.record import Record, Store
from memory.scope import Scope
from serving import Encoder
from serving.testing import HashingEncoder


@asynccontextmanager
async def journal_in_ram(*, now: Callable[[], datetime] = utc_now) -> AsyncIterator[Journal]:
    """A journal nobody else sees: `async with journal_in_ram() as journal`."""
    async with await Journal.open("sqlite://", now=now) as journal:
        yield journal


@asynccontextmanager
async def memory_in_ram(
    journal: Journal, store: Store | None = None, encoder: Encoder | None = None, **settings: Any
) -> AsyncIterator[Memory]:
    """The real memory over a store in RAM and an encoder without a model; `settings` are those of `Memory`."""
    async with Memory(journal, store or StoreInRam(), encoder or HashingEncoder(), **settings) as memory:
        yield memory


class StoreInRam:
    """The `Store` protocol over a dictionary; the test suite of the stores holds it and Chroma to the same behaviour.

    `fail_with` is raised by every call while it is set.
    """

    def __init__(self) -> None:
        self.fail_with: Exception | None = None
        self._kept: dict[tuple[str, str], dict[str, Record]] = {}

    def _of(self, scope: Scope) -> dict[str, Record]:
        if self.fail_with is not None:
            raise self.fail_with
        return self._kept.setdefault((scope.persona_id, scope.fan_id), {})

    @property
    def size(self) -> int:
        """How many records there are, of all fans."""
        return sum(map(len, self._kept.values()))

    async def ready(self) -> None:
        """Nothing is loaded."""

    async def upsert(self, scope: Scope, records: Sequence[Record]) -> None:
        self._of(scope).update({record.id: record for record in records})

    async def all(self, scope: Scope) -> list[Record]:
        return sorted(self._of(scope).values(), key=lambda record: record.order)

    async def nearest(self, scope: Scope, vector: np.ndarray, n: int) -> list[tuple[str, float]]:
        scored = [(record.id, float(record.vector @ vector)) for record in self._of(scope).values()
                  if record.vector is not None]  # fmt: skip
        return sorted(scored, key=lambda pair: -pair[1])[:n]

    async def delete(self, scope: Scope, ids: Sequence[str]) -> None:
        kept = self._of(scope)
        for one in ids:
            kept.pop(one, None)

    async def replace(self, scope: Scope, records: Sequence[Record]) -> None:
        self._of(scope).clear()
        await self.upsert(scope, records)

    async def erase(self, persona_id: str | None, fan_id: str) -> int:
        if self.fail_with is not None:
            raise self.fail_with
        gone = [key for key in self._kept if key[1] == fan_id and persona_id in (None, key[0])]
        return sum(len(self._kept.pop(key)) for key in gone)

    async def count(self, scope: Scope) -> int:
        return len(self._of(scope))

    async def aclose(self) -> None:
        return None
