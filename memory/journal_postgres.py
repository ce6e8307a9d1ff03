"""Connections to PostgreSQL. Its address is read by asyncpg, in libpq's words, as providers hand them out."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import URL

NO_BINDING = "channel_binding=require is more than the driver can do; take it out of the address, TLS stays."
IN_LIBPQ = {"ssl": "sslmode"}  # SQLAlchemy's word for it
NUMBERS: dict[str, tuple[str, Callable[[str], float]]] = {  # what asyncpg takes beside the address
    "connect_timeout": ("timeout", float),
    "command_timeout": ("command_timeout", float),
    "statement_cache_size": ("statement_cache_size", int),
}
OF_SQLALCHEMY = ("prepared_statement_cache_size",)


def connector(address: URL) -> Callable[..., Awaitable[Any]]:
    """What opens one connection, whatever it is called with. Whatever refuses it, server, address or network, is a
    ConnectionError or an OSError.

    Raises ImportError without asyncpg.
    """
    import asyncpg  # comes with greenroom[postgres]

    options = {IN_LIBPQ.get(name, name): str(said) for name, said in address.query.items() if name not in OF_SQLALCHEMY}
    binding = options.pop("channel_binding", "")
    numbers = [(*NUMBERS[name], options.pop(name)) for name in NUMBERS if name in options]
    dsn = address.set(drivername="postgresql", query=options).render_as_string(hide_password=False)

    async def connect(*_: object, **__: object) -> Any:
        try:
            if binding == "require":
                raise ValueError(NO_BINDING)
            return await asyncpg.connect(dsn, **{name: number(text) for name, number, text in numbers})
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as exc:
            raise ConnectionError(str(exc)) from exc

    return connect


def for_sqlalchemy(address: URL) -> URL:
    """The address with no more than SQLAlchemy itself wants to know."""
    return address.set(query={name: said for name, said in address.query.items() if name in OF_SQLALCHEMY})
