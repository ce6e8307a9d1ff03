"""What every store of memories promises, wherever it keeps them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import chromadb
import numpy as np
import pytest

from memory.chroma_server import ChromaServer
from memory.chroma_store import ChromaStore
from memory.record import Record, Store
from memory.scope import Scope
from memory.testing import StoreInRam
from personas import Place
from tests.memory.builders import NOON, WEB
from tests.memory.servers import chroma

KIM = Scope("mika", "web:kim", WEB)
DIM = 16


def vector(seed: int) -> np.ndarray:
    """A unit vector that is nobody else's."""
    row = np.random.default_rng(seed).standard_normal(DIM)
    return (row / np.linalg.norm(row)).astype(np.float32)


def record(number: int, text: str = "") -> Record:
    return Record(
        id=f"r{number}",
        text=text or f"memory {number}",
        speaker_id="web:kim",
        speaker_name="Kim 猫",
        place=WEB,
        audience="private",
        at=NOON + timedelta(minutes=number),
        kind="utterance",
        sources=(f"r{number}", "another"),
        vector=vector(number),
        session="s1",
        order=number,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma(tmp_path_factory.mktemp("server")) as url:
        yield url


def emptied(url: str) -> None:
    """The server as it was before the last test."""
    client = chromadb.HttpClient(host="127.0.0.1", port=int(url.rpartition(":")[2]))
    for collection in client.list_collections():
        client.delete_collection(collection.name)


@pytest.fixture(params=["ram", "embedded", pytest.param("server", marks=pytest.mark.slow)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = StoreInRam()
    if request.param == "embedded":
        opened = ChromaStore(tmp_path, encoder="test", open_at_most=3)
    elif request.param == "server":
        url = request.getfixturevalue("server")
        await asyncio.to_thread(emptied, url)
        opened = ChromaServer(url, encoder="test", buckets=2)
    yield opened
    await opened.aclose()


async def test_records_come_back_as_they_were_kept_in_their_order(store: Store) -> None:
    kept = [
        record(1),
        replace(record(2), kind="fact", valid_from=NOON, valid_to=NOON + timedelta(days=1), superseded_by="r3"),
        record(3, "quotes ' \" and \n lines, 猫, \u202e"),
    ]

    await store.upsert(KIM, kept[::-1])

    found = await store.all(KIM)
    assert found == kept
    for one in found:
        assert one.vector is not None
        assert one.vector.dtype == np.float32
        np.testing.assert_allclose(one.vector, vector(one.order), atol=1e-6)


async def test_a_record_of_the_same_id_replaces_the_one_before(store: Store) -> None:
    await store.upsert(KIM, [record(1, "old"), record(2)])

    await store.upsert(KIM, [record(1, "new")])

    assert [one.text for one in await store.all(KIM)] == ["new", "memory 2"]
    assert await store.count(KIM) == 2


async def test_the_nearest_come_first_with_their_cosine(store: Store) -> None:
    await store.upsert(KIM, [record(number) for number in range(20)])

    found = await store.nearest(KIM, vector(7), 3)

    assert found[0][0] == "r7"
    cosines = [float(vector(int(one[1:])) @ vector(7)) for one, _ in found]
    assert [score for _, score in found] == pytest.approx(cosines, abs=1e-5)
    assert cosines == sorted(cosines, reverse=True)


async def test_a_deleted_record_is_gone_and_the_others_stay(store: Store) -> None:
    await store.upsert(KIM, [record(number) for number in range(5)])

    await store.delete(KIM, ["r2", "unknown"])

    assert [one.id for one in await store.all(KIM)] == ["r0", "r1", "r3", "r4"]
    assert "r2" not in [one for one, _ in await store.nearest(KIM, vector(2), 5)]


async def test_nobody_sees_what_is_kept_of_somebody_else(store: Store) -> None:
    others = [replace(KIM, fan_id="web:lee"), replace(KIM, persona_id="ren"), replace(KIM, fan_id="WEB:KIM")]
    await store.upsert(KIM, [record(1)])

    for other in others:
        assert await store.all(other) == []
        assert await store.nearest(other, vector(1), 5) == []
        assert await store.count(other) == 0
        await store.delete(other, ["r1"])
    assert await store.count(KIM) == 1


async def test_the_same_id_may_be_kept_of_two_fans(store: Store) -> None:
    lee = replace(KIM, fan_id="web:lee")
    await store.upsert(KIM, [record(1, "kim's")])

    await store.upsert(lee, [record(1, "lee's")])

    assert [one.text for one in await store.all(KIM)] == ["kim's"]
    assert [one.text for one in await store.all(lee)] == ["lee's"]


@pytest.mark.parametrize("fan", ["web:kim@example.org", "discord:猫", "a/../../b", ".", "x" * 300, "web:kim "])
async def test_any_fan_id_has_memories_of_its_own(store: Store, fan: str) -> None:
    scope = replace(KIM, fan_id=fan, place=Place("web:odd"))

    await store.upsert(scope, [record(1)])

    assert await store.count(scope) == 1
    assert await store.count(KIM) == 0


async def test_erasing_a_fan_takes_every_persona_or_only_one(store: Store) -> None:
    ren, lee = replace(KIM, persona_id="ren"), replace(KIM, fan_id="web:lee")
    for scope in (KIM, ren, lee):
        await store.upsert(scope, [record(1), record(2)])

    one = await store.erase("mika", "web:kim")
    rest = await store.erase(None, "web:kim")

    assert (one, rest) == (2, 2)
    assert [await store.count(scope) for scope in (KIM, ren, lee)] == [0, 0, 2]


async def test_more_fans_than_may_be_open_at_a_time_all_keep_theirs(store: Store) -> None:
    scopes = [replace(KIM, fan_id=f"web:{number}") for number in range(8)]
    for number, scope in enumerate(scopes):
        await store.upsert(scope, [record(number)])

    found = [await store.all(scope) for scope in scopes]

    assert [[one.order for one in records] for records in found] == [[number] for number in range(8)]


@pytest.mark.slow
async def test_a_fan_with_more_memories_than_sqlite_takes_at_once_is_read_whole(tmp_path: Path) -> None:
    store, number = ChromaStore(tmp_path, encoder="test"), 33_000

    await store.upsert(KIM, [record(one) for one in range(number)])

    assert [one.order for one in await store.all(KIM)] == list(range(number))
    await store.aclose()
