"""Opens the database behind the journal, brings its tables up to date, and turns its failures into sentences.

SQLite by default: WAL, `synchronous=FULL` (what was heard survives a power cut), `secure_delete` (what is deleted is
overwritten). PostgreSQL by address. A journal from a newer greenroom is refused before anything is written.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import StaticPool

from memory.errors import JournalAway, JournalDamaged, JournalTooNew, JournalUnwritable
from memory.journal_engines import IN_RAM, Awaited, Carrier, Threads
from memory.journal_postgres import connector, for_sqlalchemy
from memory.journal_rows import storable
from memory.journal_tables import METADATA

P = ParamSpec("P")
T = TypeVar("T")
DAMAGED = ("not a database", "malformed")
UNWRITABLE = ("readonly", "unable to open", "not a directory")
NEWEST = "0002"  # the last file of memory/migrations/versions
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
NO_ADDRESS = (
    "GREENROOM_JOURNAL holds no address of a database. Write postgresql://user:password@host:port/name, with %40 for "
    "an @ in the password, or leave it out: then the journal is a file in the data folder."
)
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA busy_timeout=10000",
)


class Database:
    """One journal's database: `await database.read(function, …)`, and the same with `write`.

    The function is given a connection and the rest of the arguments; it is one transaction, from beginning to end.
    """

    def __init__(self, url: URL, carrier: Carrier) -> None:
        self._url = url
        self._carrier = carrier
        self._closed = False

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    @property
    def file(self) -> Path | None:
        """The SQLite file, if there is one."""
        name = self._url.database
        return Path(name) if self.dialect == "sqlite" and name and name != ":memory:" else None

    @property
    def address(self) -> str:
        """Where it is, without its password."""
        return shown(self._url)

    async def read(self, work: Callable[Concatenate[sa.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the work finds in one state of the journal."""
        return await self._run(lambda connection: work(connection, *args, **kwargs), writes=False)

    async def write(self, work: Callable[Concatenate[sa.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the work returns; all it wrote is kept, durably, or, if it raises, none of it."""
        return await self._run(lambda connection: work(connection, *args, **kwargs), writes=True)

    async def _run(self, work: Callable[[sa.Connection], T], *, writes: bool, **options: object) -> T:
        if self._closed:
            raise JournalAway(f"The journal at {self.address} is closed.")
        with translated(self.address):
            return await self._carrier.run(work, writes=writes, **options)

    async def session(self) -> AsyncConnection:
        """A connection to PostgreSQL for what outlives a transaction; whoever asks for it closes it."""
        assert isinstance(self._carrier, Awaited), "SQLite has none"
        with translated(self.address):
            return await self._carrier.session()

    async def scrub(self, *, rewrite: bool) -> None:
        """Leave no byte of deleted rows behind: empty the log, and with `rewrite` write the whole file anew.

        Deleted rows were overwritten when they went; a rewrite is for what SQLite may have left by moving pages.
        """
        if self.dialect == "postgresql":
            await self._run(partial(vacuum_postgres, whole=rewrite), writes=True, isolation_level="AUTOCOMMIT")
        elif await self._run(partial(vacuum_sqlite, whole=rewrite), writes=True, bare=True):
            raise JournalAway(f"The journal at {self.address} is being read; its log could not be emptied.")

    async def aclose(self) -> None:
        """Close every connection, once those who have one are done with it."""
        self._closed = True
        await self._carrier.aclose()


def vacuum_postgres(connection: sa.Connection, *, whole: bool) -> None:
    """Give deleted rows' space free, or write every table anew."""
    connection.exec_driver_sql("VACUUM FULL" if whole else "VACUUM")


def vacuum_sqlite(connection: sa.Connection, *, whole: bool) -> bool:
    """Empty the log, if need be after writing the file anew; True if a reader was in the way."""
    if whole:
        connection.exec_driver_sql("VACUUM")
    return bool(connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0])


async def opened(url: str) -> Database:
    """The journal's database, made if it isn't there and migrated if it is older than this greenroom."""
    address = parsed(url)
    make_folder(address)
    try:
        database = Database(address, carrier_for(address))
    except (ArgumentError, InvalidRequestError, ImportError) as exc:
        raise JournalUnwritable(undriven(address, exc)) from exc
    async with AsyncExitStack() as undo:
        undo.push_async_callback(database.aclose)
        await database.write(bring_up_to_date)
        undo.pop_all()
    return database


def carrier_for(address: URL) -> Carrier:
    """The way into the database that an address names."""
    # parameters are what people said: they have no place in an error's text
    options: dict[str, Any] = {"json_serializer": readable, "hide_parameters": True}
    if address.get_backend_name() != "sqlite":
        if address.drivername == DRIVERS["postgresql"]:
            options |= {"connect_args": {"async_creator_fn": connector(address)}}
        return Awaited(create_async_engine(for_sqlalchemy(address), pool_pre_ping=True, pool_size=10, **options))
    if address.database in IN_RAM:
        options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    engine = sa.create_engine(address, **options)
    event.listen(engine, "connect", configure_sqlite)
    event.listen(engine, "begin", begin_sqlite)
    return Threads(engine)


def readable(value: object) -> str:
    """JSON as people write it, so that a search for somebody's words finds them in every script."""
    return storable(json.dumps(value, ensure_ascii=False))


def parsed(url: str) -> URL:
    """The address with the driver we use for it. One that can't be read isn't shown: its password may be anywhere."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise JournalUnwritable(NO_ADDRESS) from None  # what was raised holds a piece of it
    if "@" in (address.host or "") or not 0 <= (address.port or 0) <= 65535:
        raise JournalUnwritable(NO_ADDRESS)
    return address.set(drivername=DRIVERS.get(address.drivername, address.drivername))


def shown(address: URL) -> str:
    """An address fit to be read by others: without its password, which may also stand among its options."""
    return address.set(query={}).render_as_string(hide_password=True)


def make_folder(address: URL) -> None:
    """The folder a SQLite file is to stand in."""
    if address.get_backend_name() == "sqlite" and address.database not in IN_RAM:
        folder = Path(str(address.database)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise JournalUnwritable(unwritable(folder, exc)) from exc


def configure_sqlite(connection: Any, record: Any) -> None:
    """What each new connection is told; transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes the lock when it begins, a reader none; VACUUM wants no transaction at all."""
    options = connection.get_execution_options()
    if not options.get("bare"):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def bring_up_to_date(connection: sa.Connection) -> None:
    """Make the tables, migrate them, or refuse, by the revision the journal says it has."""
    revision = revision_of(connection)
    if revision is None:
        make_tables(connection)
    elif revision != NEWEST:
        migrate(connection, revision)


def revision_of(connection: sa.Connection) -> str | None:
    """What Alembic wrote into the journal, None for an empty database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def make_tables(connection: sa.Connection) -> None:
    """All tables at once and the newest revision's stamp; a test holds this and the migrations together."""
    METADATA.create_all(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{NEWEST}')")


def migrate(connection: sa.Connection, revision: str) -> None:
    """Run the migrations that the journal has not seen."""
    from alembic import command  # 0.2 s of import that an up-to-date journal is spared
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision not in known:
        raise JournalTooNew(revision, NEWEST)
    command.upgrade(config, "head")


def alembic_config(connection: sa.Connection) -> Any:
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
        if any(sign in str(exc.orig) for sign in DAMAGED):
            raise JournalDamaged(damaged(address, exc.orig)) from exc
        raise JournalAway(failed(address, exc.orig)) from exc
    except (SQLAlchemyError, OSError) as exc:
        raise JournalAway(failed(address, exc)) from exc


def failed(address: str, why: object) -> str:
    """What to say of a database that broke off."""
    return f"The journal at {address} failed: {why}"


def damaged(address: str, why: object) -> str:
    """What to say of a file that is no journal any more."""
    return (
        f"The journal at {address} is damaged ({why}). Put a backup in its place: "
        "greenroom memory restore BACKUP, or name another folder with --data."
    )


def unopened(address: str, why: object) -> str:
    """What to say of a journal that can't be opened."""
    return f"The journal at {address} can't be opened ({why}). Name a writable folder, or another address."


def undriven(address: URL, why: object) -> str:
    """What to say of a database that nothing here can talk to."""
    return (
        f"The journal at {shown(address)} can't be opened ({why}). It is kept in SQLite or in PostgreSQL, whose "
        "address begins with postgresql:// and whose driver comes with: pip install 'greenroom[postgres]'"
    )


def unwritable(folder: Path, why: OSError) -> str:
    """What to say of a folder that can't be written to."""
    return f"The journal's folder {folder} can't be written to ({why.strerror}). Name another one with --data."
