"""Opens the database behind the journal, brings its tables up to date, and turns its failures into sentences.

SQLite by default: WAL, `synchronous=FULL` (what was heard survives a power cut), `secure_delete` (what is deleted is
overwritten). PostgreSQL by address. A journal from a newer greenroom is refused before anything is written.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from memory.errors import JournalAway, JournalTooNew, JournalUnwritable
from memory.journal_connection import Uninterrupted
from memory.journal_tables import METADATA

UNWRITABLE = ("readonly", "unable to open", "not a directory")
NEWEST = "0002"  # the last file of memory/migrations/versions
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA busy_timeout=10000",
)


CLOSING_PATIENCE = 5.0  # seconds


class Database:
    """One journal's database. `async with database.read() as connection`, and the same with `write()`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # SQLite lets one write at a time; asking for the lock at once avoids a deadlock of two that began by reading
        self._writer = engine.execution_options(writes=True)
        # and those who wait for it in one process go in turn; SQLite lets whoever happens to look first
        self._pen: AbstractAsyncContextManager[None] = (
            asyncio.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        )
        self._lent: set[AsyncConnection] = set()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def file(self) -> Path | None:
        """The SQLite file, if there is one."""
        name = self._engine.url.database
        return Path(name) if self.dialect == "sqlite" and name and name != ":memory:" else None

    @property
    def address(self) -> str:
        """Where it is, without its password."""
        return self._engine.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one state of the journal."""
        with translated(self.address):
            async with self._connected(self._engine) as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: all of it is kept, durably, when the block ends, or none of it."""
        with translated(self.address):
            async with self._pen, self._connected(self._writer) as connection:
                yield connection
                await connection.commit()

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection that is given back whatever happens; what was not committed is undone by that."""
        connection = Uninterrupted(engine)
        self._lent.add(connection)
        try:
            await connection.start()
            await connection.begun()
            yield connection
        finally:
            try:
                await connection.close()
            finally:  # closed, even if the caller was cancelled meanwhile
                self._lent.discard(connection)

    async def session(self) -> AsyncConnection:
        """A connection for what outlives a transaction; whoever asks for it closes it."""
        with translated(self.address):
            return await Uninterrupted(self._engine.execution_options(isolation_level="AUTOCOMMIT")).start()

    @property
    def lent(self) -> int:
        """How many connections are in somebody's hands."""
        return len(self._lent)

    async def scrub(self, *, rewrite: bool) -> None:
        """Leave no byte of deleted rows behind: empty the log, and with `rewrite` write the whole file anew.

        Deleted rows were overwritten when they went; a rewrite is for what SQLite may have left by moving pages.
        """
        bare = {"bare": True} if self.dialect == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        with translated(self.address):
            async with Uninterrupted(self._engine.execution_options(**bare)) as connection:
                if self.dialect == "postgresql":
                    await connection.exec_driver_sql("VACUUM FULL" if rewrite else "VACUUM")
                    return
                if rewrite:
                    await connection.exec_driver_sql("VACUUM")
                busy = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
                if busy:
                    raise JournalAway(f"The journal at {self.address} is being read; its log could not be emptied.")

    async def aclose(self) -> None:
        """Close every connection, once those who have one are done with it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_PATIENCE):
                while self._lent:  # noqa: ASYNC110  a few milliseconds, once in a lifetime
                    await asyncio.sleep(0.01)
        await self._engine.dispose()


async def opened(url: str) -> Database:
    """The journal's database, made if it isn't there and migrated if it is older than this greenroom."""
    address = parsed(url)
    make_folder(address)
    try:
        # parameters are what people said: they have no place in an error's text
        options = {"json_serializer": readable, "hide_parameters": True, **engine_options(address)}
        engine = create_async_engine(address, **options)
    except (ArgumentError, NoSuchModuleError, ImportError) as exc:
        raise JournalUnwritable(unopened(url, exc)) from exc
    if address.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", configure_sqlite)
        event.listen(engine.sync_engine, "begin", begin_sqlite)
    database = Database(engine)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(database.aclose)
        await bring_up_to_date(database)
        undo.pop_all()
    return database


def readable(value: object) -> str:
    """JSON as people write it, so that a search for somebody's words finds them in every script."""
    return json.dumps(value, ensure_ascii=False)


def parsed(url: str) -> URL:
    """The address with the asynchronous driver for it."""
    try:
        address = make_url(url)
    except ArgumentError as exc:
        raise JournalUnwritable(unopened(url, exc)) from exc
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    return address.set(drivername=drivers.get(address.drivername, address.drivername))


def make_folder(address: URL) -> None:
    """The folder a SQLite file is to stand in."""
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        folder = Path(str(address.database)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise JournalUnwritable(unwritable(folder, exc)) from exc


def engine_options(address: URL) -> dict[str, Any]:
    """How connections are pooled."""
    if address.get_backend_name() != "sqlite":
        return {"pool_pre_ping": True, "pool_size": 10}
    if address.database in (None, "", ":memory:"):
        return {"poolclass": AsyncAdaptedQueuePool, "pool_size": 1, "max_overflow": 0}  # a second one would be empty
    return {"pool_size": 8, "max_overflow": 24}


def configure_sqlite(connection: Any, record: Any) -> None:
    """What each new connection is told; transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def begin_sqlite(connection: sqlalchemy.Connection) -> None:
    """A writer takes the lock when it begins, a reader none; VACUUM wants no transaction at all."""
    options = connection.get_execution_options()
    if not options.get("bare"):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


async def bring_up_to_date(database: Database) -> None:
    """Make the tables, migrate them, or refuse, by the revision the journal says it has."""
    async with database.write() as connection:
        revision = await connection.run_sync(revision_of)
        if revision == NEWEST:
            return
        if revision is None:
            await connection.run_sync(make_tables)
        else:
            await connection.run_sync(migrate, revision)


def revision_of(connection: sqlalchemy.Connection) -> str | None:
    """What Alembic wrote into the journal, None for an empty database."""
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def make_tables(connection: sqlalchemy.Connection) -> None:
    """All tables at once and the newest revision's stamp; a test holds this and the migrations together."""
    METADATA.create_all(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{NEWEST}')")


def migrate(connection: sqlalchemy.Connection, revision: str) -> None:
    """Run the migrations that the journal has not seen."""
    from alembic import command  # 0.2 s of import that an up-to-date journal is spared
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision not in known:
        raise JournalTooNew(revision, NEWEST)
    command.upgrade(config, "head")


def alembic_config(connection: sqlalchemy.Connection) -> Any:
    """Alembic's configuration for an open connection, without any file of settings."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turns the database's errors into the journal's."""
    try:
        yield
    except OperationalError as exc:
        kind = JournalUnwritable if any(sign in str(exc) for sign in UNWRITABLE) else JournalAway
        raise kind(unopened(address, exc.orig) if kind is JournalUnwritable else failed(address, exc.orig)) from exc
    except DBAPIError as exc:
        raise JournalAway(failed(address, exc.orig)) from exc
    except (SQLAlchemyError, OSError) as exc:
        raise JournalAway(failed(address, exc)) from exc


def failed(address: str, why: object) -> str:
    """What to say of a database that broke off."""
    return f"The journal at {address} failed: {why}"


def unopened(url: str, why: object) -> str:
    """What to say of a journal that can't be opened."""
    return f"The journal at {url} can't be opened ({why}). Name a folder that can be written to, or another address."


def unwritable(folder: Path, why: OSError) -> str:
    """What to say of a folder that can't be written to."""
    return f"The journal's folder {folder} can't be written to ({why.strerror}). Name another one with --data."
