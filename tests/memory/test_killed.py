"""Whatever was acknowledged outlives `kill -9`, once and only once, and the index agrees with the journal again."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path

import pytest

from memory.chroma_store import ChromaStore
from memory.journal import Journal
from memory.memory import Memory
from memory.scope import Scope
from serving.testing import HashingEncoder
from tests.memory.killed_writer import FANS, place_of

HOUSE = Path(__file__).parent.parent.parent


async def killed(folder: Path, life: int, numbers: random.Random) -> list[tuple[str, str]]:
    """One life of the writer, ended at a moment nobody chose; returns what it had promised."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.memory.killed_writer", str(folder), str(life), stdout=PIPE, cwd=HOUSE
    )
    assert writer.stdout is not None
    promises: list[bytes] = []
    for _ in range(numbers.randint(1, 60)):
        promises.append(await asyncio.wait_for(writer.stdout.readline(), 120))
    await asyncio.sleep(numbers.random() * 0.05)
    writer.kill()
    promises += (await writer.stdout.read()).splitlines(keepends=True)
    await writer.wait()
    assert promises[0], "the writer died by itself"
    whole = [line.decode().split() for line in promises if line.endswith(b"\n")]
    return [(what, of) for what, of in whole]


async def kept(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Ids of all memories by the journal and by the index, after meeting each fan once."""
    encoder = HashingEncoder(16)
    journals: Counter[str] = Counter()
    indexes: Counter[str] = Counter()
    async with await Journal.in_folder(folder) as journal:
        store = ChromaStore(folder / "memories", encoder=encoder.name)
        async with Memory(journal, store, encoder) as memory:
            for fan in FANS:
                facts = [one for one in await journal.memories("mika", fan) if one.id.startswith("fact:")]
                assert len({(one.sources, one.text) for one in facts}) == len(facts)
                scope = Scope("mika", fan, place_of(fan))
                await memory.show(scope)
                journals.update(record.id for record in await journal.memories("mika", fan))
                indexes.update(record.id for record in await store.all(scope))
    return journals, indexes


async def live_and_die(folder: Path, times: int) -> None:
    numbers = random.Random(times)
    promised: dict[str, set[str]] = {what: set() for what in ("heard", "answered", "remembered", "stated", "thought")}
    for life in range(times):
        for what, of in await killed(folder, life, numbers):
            promised[what].add(of)

        journals, indexes = await kept(folder)

        replies = {one.removesuffix(":said") for one in journals if one.endswith(":said")}
        for what in ("heard", "remembered", "stated", "thought"):
            assert promised[what] <= journals.keys()
        assert promised["answered"] <= replies
        assert journals == indexes
        assert set(journals.values()) <= {1}


@pytest.mark.slow
async def test_five_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    await live_and_die(tmp_path, 5)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_hundred_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    await live_and_die(tmp_path, 100)
