"""Connections to PostgreSQL. Its address is read by asyncpg, in libpq's words, as providers hand them out."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import URL

NO_BINDING = "channel_binding=require is more than the driver can do; take it out of the address, TLS stays."
IN_LIBPQ = {"ssl": "sslmode"}  # SQLAlchemy's word for it


def connector(address: URL) -> Callable[[], Awaitable[Any]]:
    """What opens one connection. Whatever refuses it, server, address or network, is a ConnectionError or an OSError.

    Raises ImportError without asyncpg.
    """
    import asyncpg  # comes with greenroom[postgres]

    options = {IN_LIBPQ.get(name, name): said for name, said in address.query.items()}
    binding, seconds = options.pop("channel_binding", ""), options.pop("connect_timeout", "")
    dsn = address.set(drivername="postgresql", query=options).render_as_string(hide_password=False)

    async def connect() -> Any:
        try:
            if binding == "require":
                raise ValueError(NO_BINDING)
            return await asyncpg.connect(dsn, **({"timeout": float(str(seconds))} if seconds else {}))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as exc:
            raise ConnectionError(str(exc)) from exc

    return connect
