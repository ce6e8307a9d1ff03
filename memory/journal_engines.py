"""Carries whole transactions to the database: SQLite's into threads, PostgreSQL's over asyncpg.

A transaction is a plain function of a connection. SQLite's is one trip into a thread; its asynchronous driver makes
three for each statement (docs/log.md has the figures). Both carry it to its end even if whoever waits is cancelled: a
driver that is torn out of a statement loses its connection, and with it a journal in RAM.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from memory.uninterrupted import to_its_end

T = TypeVar("T")
READERS = 4
IN_RAM = (None, "", ":memory:")


class Carrier(Protocol):
    """Carries a transaction to a database and back; `options` are SQLAlchemy's for its connection."""

    async def run(self, work: Callable[[sa.Connection], T], *, writes: bool, **options: object) -> T:
        """What the work returns, once all it did is kept; nothing of it is if it raises."""
        ...

    async def aclose(self) -> None:
        """Closes every connection, once the work that is under way is done."""
        ...


class Threads:
    """SQLite. It lets one write at a time, so all writes go through one thread, in turn; reads go through a few."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._writing = ThreadPoolExecutor(1, "journal-writes")
        in_ram = engine.url.database in IN_RAM  # one connection is all there is
        self._reading = self._writing if in_ram else ThreadPoolExecutor(READERS, "journal-reads")

    async def run(self, work: Callable[[sa.Connection], T], *, writes: bool, **options: object) -> T:
        threads = self._writing if writes else self._reading
        options = {"writes": writes, **options}
        return await to_its_end(asyncio.get_running_loop().run_in_executor(threads, self._do, work, options))

    def _do(self, work: Callable[[sa.Connection], T], options: dict[str, object]) -> T:
        with self._engine.connect().execution_options(**options) as connection:
            done = work(connection)
            connection.commit()
            return done

    async def aclose(self) -> None:
        for threads in {self._writing, self._reading}:
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()


class Awaited:
    """PostgreSQL. Its writes wait for each other only where they must."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, work: Callable[[sa.Connection], T], *, writes: bool, **options: object) -> T:
        return await to_its_end(self._do(work, options))

    async def _do(self, work: Callable[[sa.Connection], T], options: dict[str, object]) -> T:
        async with self._engine.connect() as connection:
            await connection.execution_options(**options)
            done = await connection.run_sync(work)
            await connection.commit()
            return done

    async def session(self) -> AsyncConnection:
        """A connection for what outlives a transaction; whoever asks for it closes it."""
        return await (await self._engine.connect()).execution_options(isolation_level="AUTOCOMMIT")

    async def aclose(self) -> None:
        await self._engine.dispose()
