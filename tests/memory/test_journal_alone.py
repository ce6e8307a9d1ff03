"""Who is alone in a block, and who was there first: the same for processes that share a file or a server."""

import asyncio
from pathlib import Path

import pytest

from memory.journal import FILE, Journal
from tests.memory.conftest import emptied, needs_postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.slow, needs_postgres])])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where two processes find the same journal."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / FILE}"
    return await emptied(request.getfixturevalue("postgres_server"))


async def test_whoever_is_first_stays_so_until_the_block_ends(address: str) -> None:
    async with await Journal.open(address) as one, await Journal.open(address) as other:
        async with (
            one.first("recovery of web") as first,
            other.first("recovery of web") as second,
            one.first("recovery of web") as again,
            other.first("recovery of api") as elsewhere,
        ):
            assert (first, second, again, elsewhere) == (True, False, False, True)

        async with other.first("recovery of web") as later:
            assert later


async def test_one_waits_until_another_process_has_left(address: str) -> None:
    order = []
    async with await Journal.open(address) as one, await Journal.open(address) as other:

        async def visit(journal: Journal, name: str) -> None:
            async with journal.alone("a place"):
                order.append(f"{name} in")
                await asyncio.sleep(0.02)
                order.append(f"{name} out")

        await asyncio.gather(visit(one, "a"), visit(other, "b"))

    assert order in (["a in", "a out", "b in", "b out"], ["b in", "b out", "a in", "a out"])
