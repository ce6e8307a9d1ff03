"""What memory costs as it grows: one fan with ever more memories, many fans with a few, and a long history.

Vectors are made up (size is measured here, `benchmarks.locomo` measures recall); everything else is what answers fans:
journal on disk, index in Chroma, ranking in RAM. Plain Chroma stands beside it in the same run: one collection for
everybody, filtered by fan. Times are wall time of one call, in milliseconds.

    python -m benchmarks.memory_scale [--whole] [--fans 1000] [--server http://127.0.0.1:8001]
"""

import argparse
import asyncio
import resource
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import chromadb
import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from memory.chroma_server import ChromaServer
from memory.chroma_store import ChromaStore
from memory.journal import Journal
from memory.memory import Memory
from memory.record import Store
from memory.scope import Scope
from memory.turn import Turn
from personas import Place, Utterance
from serving.embedding import Encoder, OnnxEncoder, Vectors
from serving.testing import HashingEncoder

DIM = 384
CALLS = 60
TURNS = 160  # every eighth reads what was said
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
SYLLABLES = ("ca", "ri", "so", "tan", "ba", "ki", "lam", "te", "mo", "gar", "wi", "bre", "lu", "jo")
console = Console()


class MadeUp(HashingEncoder):
    """Unit vectors of the default encoder's size that need no model."""

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), 384); equal texts have equal vectors."""
        rows = np.stack([np.random.default_rng(hash(text) % 2**32).standard_normal(DIM) for text in texts])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def line(scope: Scope, number: int) -> Utterance:
    """The number-th thing a fan says."""
    numbers = Random(number)
    words = " ".join("".join(numbers.choices(SYLLABLES, k=numbers.choice((1, 2, 2, 3)))) for _ in range(9))
    at = BEGAN + timedelta(minutes=7 * number)
    return Utterance(f"{scope.fan_id}-{number}", scope.fan_id, "Kim", scope.place, f"I think {words} {number}", at)


def scope_of(number: int) -> Scope:
    return Scope("mika", f"web:{number}", Place(f"web:talk-{number}"))


async def timed(calls: int, call: Callable[[int], Awaitable[object]]) -> list[float]:
    """Milliseconds of each call."""
    times = []
    for number in range(calls):
        began = perf_counter()
        await call(number)
        times.append((perf_counter() - began) * 1000)
    return times


def figures(times: Sequence[float]) -> str:
    """Median and 99th percentile."""
    return f"{np.percentile(times, 50):.1f} / {np.percentile(times, 99):.1f}"


@asynccontextmanager
async def opened(folder: Path, store: Store, encoder: Encoder | None = None) -> AsyncIterator[tuple[Journal, Memory]]:
    encoder = encoder or MadeUp(DIM)
    async with await Journal.in_folder(folder) as journal, Memory(journal, store, encoder, folder=folder) as memory:
        yield journal, memory


def store_in(folder: Path, server: str | None) -> Store:
    return ChromaServer(server, encoder=str(folder)) if server else ChromaStore(folder / "memories", encoder="made up")


async def one_fan(sizes: Sequence[int], server: str | None) -> None:
    """One fan's memories grow."""
    table = table_of(
        "One fan", "memories", "first build s", "cold recall", "recall p50/p99", "remember p50/p99", "disk MB"
    )
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder, scope = Path(name), scope_of(0)
            async with opened(folder, store_in(folder, server)) as (_, memory):
                began = perf_counter()
                await memory.remember(scope, [line(scope, number) for number in range(size)])
                built = perf_counter() - began
            async with opened(folder, store_in(folder, server)) as (_, memory):
                asked = [line(scope, size + CALLS * 2)]
                (cold,) = await timed(1, lambda _: memory.recall(scope, asked))  # noqa: B023  awaited at once
                recalls = await timed(CALLS, lambda n: memory.recall(scope, [line(scope, size + 200 + n)]))  # noqa: B023
                writes = await timed(CALLS, lambda n: memory.remember(scope, [line(scope, size + n)]))  # noqa: B023
            row = [f"{size:,}", f"{built:.1f}", f"{cold:.0f}", figures(recalls), figures(writes), f"{disk(folder):.1f}"]
            table.add_row(*row)
    console.print(table)


async def many_fans(fans: int, each: int, turns: int, server: str | None) -> None:
    """Many fans with a few memories each; four in five turns are of somebody not met lately."""
    with tempfile.TemporaryDirectory() as name:
        folder, numbers = Path(name), Random(1)
        async with opened(folder, store_in(folder, server)) as (_, memory):
            began = perf_counter()
            for fan in range(fans):
                await memory.remember(scope_of(fan), [line(scope_of(fan), number) for number in range(each)])
            built = perf_counter() - began
        async with await Journal.in_folder(folder) as journal:
            store = store_in(folder, server)
            async with Memory(journal, store, MadeUp(DIM), records_in_ram=each * 32) as memory:
                warm = [scope_of(numbers.randrange(fans)) for _ in range(16)]

                async def turn(number: int) -> None:
                    scope = scope_of(numbers.randrange(fans)) if numbers.random() < 0.8 else numbers.choice(warm)
                    await memory.recall(scope, [line(scope, 10_000 + number)])

                async def write(number: int) -> None:
                    scope = numbers.choice(warm)
                    await memory.remember(scope, [line(scope, 20_000 + number)])

                recalls, writes = await timed(turns, turn), await timed(turns // 5, write)
                handles = open_files()
        table = table_of(
            "Many fans, 80% met anew",
            "fans x memories",
            "build s",
            "recall",
            "remember",
            "disk MB",
            "RSS MB",
            "handles",
        )
        table.add_row(
            f"{fans:,} x {each}",
            f"{built:.0f}",
            figures(recalls),
            figures(writes),
            f"{disk(folder):.0f}",
            f"{rss():.0f}",
            str(handles),
        )
        console.print(table)


async def plain_chroma(records: int, each: int) -> None:
    """The baseline: one collection for all fans, every query filtered."""
    with tempfile.TemporaryDirectory() as name:
        client = chromadb.PersistentClient(path=name)
        collection = client.create_collection("all", embedding_function=None, metadata={"hnsw:space": "cosine"})
        encoder = MadeUp(DIM)
        for start in range(0, records, 1000):
            texts = [line(scope_of(0), number).text for number in range(start, start + 1000)]
            fans: list[Any] = [{"fan": f"web:{number // each}"} for number in range(start, start + 1000)]
            ids = [str(number) for number in range(start, start + 1000)]
            collection.upsert(ids=ids, embeddings=await encoder.encode(texts), documents=texts, metadatas=fans)

        async def query(number: int) -> None:
            vector = await encoder.encode([f"question {number}"])
            collection.query(query_embeddings=vector, n_results=10, where={"fan": f"web:{number % (records // each)}"})

        times = await timed(CALLS, query)
        table = table_of("Plain Chroma, one collection filtered by fan", "memories", "query p50/p99", "disk MB")
        table.add_row(f"{records:,}", figures(times), f"{disk(Path(name)):.0f}")
        console.print(table)


async def long_history(lengths: Sequence[int]) -> None:
    """What a turn costs the journal and the memory, with the default encoder, when much was said before.

    The talks take turns, so that a machine that slows down does so for all. The first turn, in which the fan is met
    and all they said is put in order, is told apart.
    """
    columns = "turns before", "hear + begin + recall + finish + remember", "mean", "before the engine", "the first"
    table = table_of("A turn after a long history", *columns)
    async with AsyncExitStack() as open_ones:
        talks = [await talk_of(length, open_ones) for length in lengths]
        for _ in range(TURNS):
            for talk in talks:
                await talk.go_on()
    for length, talk in zip(lengths, talks, strict=True):
        first, *times = talk.times
        before = figures(talk.before[1:])
        table.add_row(f"{length:,}", figures(times), f"{np.mean(times):.1f}", before, f"{first:.0f}")
    console.print(table)


async def talk_of(length: int, open_ones: AsyncExitStack) -> "Talk":
    """A talk of so many turns, in a folder of its own."""
    folder = Path(open_ones.enter_context(tempfile.TemporaryDirectory()))
    house = opened(folder, store_in(folder, None), OnnxEncoder.default())
    talk = Talk(*await open_ones.enter_async_context(house))
    for _ in range(length):
        talk.leaf, _ = await one_turn(talk.journal, None, talk.scope, talk.turns, talk.leaf)
        talk.turns += 1
    await talk.memory.sync(talk.scope)
    return talk


@dataclass(slots=True)
class Talk:
    """Times in milliseconds: of each turn, and of its part before the engine could have begun."""

    journal: Journal
    memory: Memory
    scope: Scope = field(default_factory=lambda: scope_of(0))
    turns: int = 0
    leaf: str | None = None
    times: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)

    async def go_on(self) -> None:
        began = perf_counter()
        self.leaf, answering = await one_turn(self.journal, self.memory, self.scope, self.turns, self.leaf)
        self.times.append((perf_counter() - began) * 1000)
        self.before.append((answering - began) * 1000)
        self.turns += 1


async def one_turn(
    journal: Journal, memory: Memory | None, scope: Scope, number: int, leaf: str | None
) -> tuple[str, float]:
    """As a bot does it, without the engine: what the prompt shows of the talk need not be recalled.

    Returns the turn's id, and when the engine could have begun.
    """
    heard = line(scope, number)
    turn = Turn(f"t{number}", leaf, scope.persona_id, "v", scope.place, (heard,), heard.at)
    await journal.hear(heard, persona_id=scope.persona_id)
    await journal.begin(turn)
    if memory is not None:
        before = await journal.path(scope.place, scope.persona_id, limit=50)
        shown = [one for past in before for one in (*(said.id for said in past.heard), f"{past.id}:said")]
        await memory.recall(scope, [heard], now=heard.at, besides=shown)
    answering = perf_counter()
    await journal.finish(replace(turn, said=f"reply {number}", outcome="answered"))
    if memory is not None:
        reply = Utterance(f"{turn.id}:said", "persona:mika", "Mika", scope.place, f"reply {number}", heard.at)
        await memory.remember(scope, [heard, reply])
    return turn.id, answering


def disk(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def open_files() -> int:
    """File handles of this process (Linux)."""
    return len(list(Path("/proc/self/fd").iterdir()))


def rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table_of(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, justify="right")
    return table


async def main() -> None:
    """Prints every table."""
    threadpool_limits(1, user_api="blas")  # as in an open house (memory/opening.py)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true", help="up to 100,000 memories and 10,000 fans; an hour")
    parser.add_argument("--fans", type=int, help="how many fans in the second table")
    parser.add_argument("--server", help="a Chroma server instead of folders")
    asked = parser.parse_args()
    sizes = (100, 1_000, 10_000, 100_000) if asked.whole else (100, 1_000, 10_000)
    fans = asked.fans or (10_000 if asked.whole else 200)
    await one_fan(sizes, asked.server)
    await many_fans(fans, 100, 1_500 if asked.whole else 300, asked.server)
    await plain_chroma(100_000 if asked.whole else 20_000, 100)
    await long_history((10, 10_000 if asked.whole else 1_000))


if __name__ == "__main__":
    asyncio.run(main())
