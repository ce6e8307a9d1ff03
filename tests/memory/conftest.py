"""A PostgreSQL server for the tests that want a real one, started once."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.memory.servers import postgres, postgres_programs

needs_postgres = pytest.mark.skipif(
    postgres_programs() is None, reason="PostgreSQL is not installed here: apt-get install postgresql"
)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of our own."""
    with postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


async def emptied(url: str) -> str:
    """The same server without any table of an earlier test."""
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as connection:
        await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        await connection.execute(sa.text("CREATE SCHEMA public"))
    await engine.dispose()
    return url
