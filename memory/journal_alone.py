"""Lets one process at a time into a place: a lock that dies with whoever holds it.

PostgreSQL: advisory locks of one session that a process keeps for them. SQLite: a locked file beside the journal, since
its processes share a machine. In RAM there are no others. What is not covered: whoever waits is not served in order.
"""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from weakref import WeakValueDictionary

from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.errors import JournalAway, JournalTrouble
from memory.journal_database import Database
from memory.uninterrupted import to_its_end

ASKS_EVERY = 0.1  # seconds
TAKE = text("SELECT pg_try_advisory_lock(:key)")
GIVE = text("SELECT pg_advisory_unlock(:key)")


class Alone:
    """`async with alone(name)`: nobody else, in this process or another on the same journal, is in there meanwhile.

    `async with alone.first(name) as first`: the same without waiting; whoever isn't first knows it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._session: AsyncConnection | None = None
        self._asking = asyncio.Lock()

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[None]:
        here = self._here.setdefault(name, asyncio.Lock())
        async with here:
            if self._database.dialect == "postgresql":
                async with self._in_postgres(key_of(name)):
                    yield
            elif self._folder:
                async with in_a_folder(self._folder, name):
                    yield
            else:
                yield

    @asynccontextmanager
    async def first(self, name: str) -> AsyncIterator[bool]:
        here = self._here.setdefault(name, asyncio.Lock())
        if here.locked():
            yield False
            return
        async with here:
            if self._database.dialect == "postgresql":
                first = await to_its_end(self._ask(TAKE, key_of(name)))
                async with self._given_back(key_of(name)) if first else nullcontext():
                    yield first
            elif self._folder:
                file = await asyncio.to_thread(opened, path_of(self._folder, name))
                try:
                    first = taken(file)
                except OSError:  # a file system that knows no locks has one house
                    first = True
                try:
                    yield first
                finally:
                    os.close(file)
            else:
                yield True

    @property
    def _folder(self) -> Path | None:
        """Where the files stand that are locked."""
        return self._database.file.parent / "places" if self._database.file else None

    async def aclose(self) -> None:
        """Gives every lock back by ending the session that holds them."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    @asynccontextmanager
    async def _in_postgres(self, key: int) -> AsyncIterator[None]:
        while not await to_its_end(self._ask(TAKE, key)):  # noqa: ASYNC110  nobody tells us when it is free
            await asyncio.sleep(ASKS_EVERY)
        async with self._given_back(key):
            yield

    @asynccontextmanager
    async def _given_back(self, key: int) -> AsyncIterator[None]:
        try:
            yield
        finally:
            if self._session is not None:  # one that broke has given its locks back already
                with suppress(JournalTrouble):
                    await to_its_end(self._ask(GIVE, key))

    async def _ask(self, statement: TextClause, key: int) -> bool:
        """One statement at a time: a session can't do two."""
        async with self._asking:
            if self._session is None:
                self._session = await self._database.session()
            try:
                return bool((await self._session.execute(statement, {"key": key})).scalar_one())
            except (SQLAlchemyError, OSError) as exc:  # the locks are gone, and the next one needs another session
                broken, self._session = self._session, None
                await broken.invalidate()
                await broken.close()
                raise JournalAway(f"The journal's locks at {self._database.address} broke off: {exc}") from exc


@asynccontextmanager
async def in_a_folder(folder: Path, name: str) -> AsyncIterator[None]:
    """Holds the lock on a name's file; the system gives it back when the process dies."""
    file = await asyncio.to_thread(opened, path_of(folder, name))
    try:
        while not taken(file):  # noqa: ASYNC110  nobody tells us when it is free
            await asyncio.sleep(ASKS_EVERY)
        yield
    finally:
        os.close(file)


def path_of(folder: Path, name: str) -> Path:
    """The file whose lock stands for a name; names hold what file systems don't take."""
    return folder / hashlib.sha256(name.encode()).hexdigest()[:24]


def opened(path: Path) -> int:
    """A file to lock, made if it isn't there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def taken(file: int) -> bool:
    """Whether the lock could be had."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def key_of(name: str) -> int:
    """PostgreSQL's locks go by numbers of 64 bits."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
