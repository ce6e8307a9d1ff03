"""What embedded Chroma must stand: damage, other processes, foreign rows, and words that have to go."""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from memory.chroma_rows import hashed
from memory.chroma_store import ChromaStore
from memory.chroma_store_files import HEADER
from memory.errors import ForeignRecord, StoreDamaged, StoreTaken, StoreTrouble
from memory.journal import Journal
from memory.memory import Memory
from memory.testing import journal_in_ram, memory_in_ram
from personas import Place
from serving.testing import HashingEncoder
from tests.memory.builders import bytes_in, chat, said
from tests.memory.test_stores import KIM, record, vector

MANY = 150  # more than Chroma's sync threshold, so that its files on disk are in use


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ChromaStore]:
    opened = ChromaStore(tmp_path, encoder="test")
    yield opened
    await opened.aclose()


def folder_of(root: Path) -> Path:
    """Kim's folder with Mika: the newest generation."""
    return next(path for path in (root / hashed("mika") / hashed("web:kim")).iterdir() if path.is_dir())


def garbage(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"no database" * 1000)


def half(folder: Path) -> None:
    content = (folder / "chroma.sqlite3").read_bytes()
    (folder / "chroma.sqlite3").write_bytes(content[: len(content) // 2])


def without_vectors(folder: Path) -> None:
    for segment in [path for path in folder.iterdir() if path.is_dir()]:
        shutil.rmtree(segment)


def empty_vectors(folder: Path) -> None:
    for file in folder.glob("*/data_level0.bin"):
        file.write_bytes(b"")


def half_the_vectors(folder: Path) -> None:
    for file in folder.glob("*/data_level0.bin"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def short_lengths(folder: Path) -> None:
    for file in folder.glob("*/length.bin"):
        file.write_bytes(file.read_bytes()[:-4])


def unpointed(folder: Path) -> None:
    (folder.parent / "current").write_text("{")


async def written_down() -> None:
    """A closed Chroma may still write what it held, on a thread of its own; who opens it meanwhile finds half of it.

    To a store that is a damaged folder, and a memory makes it anew from the journal.
    """
    await asyncio.sleep(0.5)


DAMAGES = [garbage, half, without_vectors, empty_vectors, half_the_vectors, short_lengths, unpointed]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_folder_says_so(damage: Callable[[Path], None], tmp_path: Path) -> None:
    store = ChromaStore(tmp_path, encoder="test")
    await store.upsert(KIM, [record(number) for number in range(MANY)])
    await store.aclose()
    await written_down()
    damage(folder_of(tmp_path))

    again = ChromaStore(tmp_path, encoder="test")
    with pytest.raises(StoreDamaged):
        await again.all(KIM)
    await again.aclose()


@pytest.mark.parametrize("damage", [*DAMAGES, shutil.rmtree])
async def test_a_damaged_folder_is_rebuilt_from_the_journal(damage: Callable[[Path], None], tmp_path: Path) -> None:
    encoder = HashingEncoder(16)
    async with journal_in_ram() as journal:
        async with Memory(journal, ChromaStore(tmp_path, encoder="test"), encoder) as memory:
            await memory.remember(KIM, [said(f"line {number}", minutes=number) for number in range(MANY)])
        await written_down()
        damage(folder_of(tmp_path))

        async with Memory(journal, ChromaStore(tmp_path, encoder="test"), encoder) as memory:
            shown = await memory.show(KIM)

        await written_down()
        store = ChromaStore(tmp_path, encoder="test")
        kept = await store.all(KIM)
        await store.aclose()
    assert [one.text for one in shown] == [one.text for one in kept] == [f"line {number}" for number in range(MANY)]


async def test_vectors_of_another_encoder_are_made_anew(tmp_path: Path) -> None:
    async with journal_in_ram() as journal:
        async with Memory(journal, ChromaStore(tmp_path, encoder="small"), HashingEncoder(16)) as memory:
            await memory.remember(KIM, [said("My cat is called Miso.")])

        async with Memory(journal, ChromaStore(tmp_path, encoder="large"), HashingEncoder(32)) as memory:
            found = await memory.recall(KIM, [said("my cat?", minutes=60)])

    assert [one.text for one in found] == ["My cat is called Miso."]


@pytest.mark.parametrize("column", ["fan", "persona"])
async def test_one_foreign_record_and_nothing_is_returned(column: str, store: ChromaStore) -> None:
    await store.upsert(KIM, [record(1), record(2)])
    with store._open(KIM) as collection:
        collection.update(ids=[f"{hashed('web:kim')}:r1"], metadatas=[{column: "somebody else"}])

    with pytest.raises(ForeignRecord):
        await store.all(KIM)
    with pytest.raises(ForeignRecord):
        await store.nearest(KIM, vector(1), 2)


async def test_a_deleted_record_leaves_no_byte_in_the_folder(store: ChromaStore, tmp_path: Path) -> None:
    await store.upsert(KIM, [record(1, "the canary sings"), record(2, "others stay")])

    await store.delete(KIM, ["r1"])

    await store.aclose()
    assert b"canary" not in bytes_in(tmp_path)
    assert b"others stay" in bytes_in(tmp_path)


@pytest.mark.parametrize("number", [2, 130])
async def test_room_for_more_vectors_is_empty_on_disk(number: int, store: ChromaStore, tmp_path: Path) -> None:
    litter = [f"somebody else's words {number} " * 8 for number in range(5000)]
    del litter  # what Chroma asks memory for next may have been this
    await store.upsert(KIM, [record(one) for one in range(number)])

    await store.aclose()

    (header,) = folder_of(tmp_path).glob("*/header.bin")
    _, _, _, used, element, *_ = HEADER.unpack_from(header.read_bytes())
    vectors = header.with_name("data_level0.bin").read_bytes()
    assert len(vectors) >= used * element > 0 or number < 100
    assert not any(vectors[used * element :])
    assert not any(header.with_name("length.bin").read_bytes()[used * 4 :])


async def test_an_erased_fan_leaves_nothing_at_all(store: ChromaStore, tmp_path: Path) -> None:
    await store.upsert(KIM, [record(1)])
    await store.upsert(replace(KIM, persona_id="ren"), [record(1)])

    await store.erase(None, "web:kim")

    assert bytes_in(tmp_path) == b""


async def test_a_folder_belongs_to_one_process_at_a_time(store: ChromaStore, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from memory.chroma_store_folders import taken; "
        "lock = taken(Path(sys.argv[1])); print('taken', flush=True); sys.stdin.read()"
    )
    path = tmp_path / hashed("mika") / hashed("web:kim")
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(path), stdin=PIPE, stdout=PIPE)
    assert other.stdout is not None
    assert await asyncio.wait_for(other.stdout.readline(), 60) == b"taken\n"

    with pytest.raises(StoreTaken):
        await store.upsert(KIM, [record(1)])
    assert other.stdin is not None
    other.stdin.close()
    await asyncio.wait_for(other.wait(), 20)

    await store.upsert(KIM, [record(1)])
    assert await store.count(KIM) == 1


async def test_a_recall_goes_on_when_a_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = ChromaStore(tmp_path / "file", encoder="test")

    with pytest.raises(StoreTrouble):
        await store.upsert(KIM, [record(1)])
    await store.aclose()


async def test_a_rewrite_that_breaks_off_leaves_what_was_there(store: ChromaStore) -> None:
    await store.upsert(KIM, [record(1), record(2)])

    with pytest.raises(StoreTrouble):
        await store.replace(KIM, [record(1), replace(record(3), vector=None)])

    assert [one.id for one in await store.all(KIM)] == ["r1", "r2"]


async def test_many_tasks_on_many_fans_at_once_lose_nothing(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path, encoder="test", open_at_most=3)
    scopes = [replace(KIM, fan_id=f"web:{number}") for number in range(10)]

    await asyncio.gather(*(store.upsert(scope, [record(n)]) for n in range(6) for scope in scopes))

    assert [await store.count(scope) for scope in scopes] == [6] * 10
    await store.aclose()


async def test_forgetting_one_memory_leaves_no_byte_of_it_in_the_data_folder(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        store = ChromaStore(tmp_path / "memories", encoder="test")
        async with Memory(journal, store, HashingEncoder(16), folder=tmp_path) as memory:
            turns = await chat(journal, "the canary zanzibar sings", "others stay")
            await memory.sync(KIM)
            await memory.recall(KIM, [said("canary?", minutes=90)])

            await memory.forget(KIM, turns[0].heard[0].id)

            left = bytes_in(tmp_path)
    assert b"zanzibar" not in left
    assert b"others stay" in left


async def test_a_forgotten_fan_leaves_no_byte_in_the_data_folder_beside_a_busy_house(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        store = ChromaStore(tmp_path / "memories", encoder="test")
        async with Memory(journal, store, HashingEncoder(16), folder=tmp_path) as memory:
            for number in range(8):  # rows of both lie in the same pages
                place = Place(f"web:{number}")
                await chat(journal, "the canary zanzibar sings " * 150, "zanzibar again", place=place)
                await chat(journal, "others stay " * 40, by="web:lee", place=Place(f"web:lee-{number}"))
            await memory.sync(KIM)
            busy = asyncio.create_task(chat(journal, *("go on",) * 5, by="web:lee", place=Place("web:busy")))

            receipt = await memory.forget_fan("web:kim")
            await busy

            left = bytes_in(tmp_path)
    assert receipt.complete
    assert (receipt.turns, receipt.memories) == (16, 32)
    assert b"zanzibar" not in left
    assert b"web:kim" not in left
    assert b"others stay" in left


async def test_a_receipt_says_when_somebody_repeated_a_fans_words(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal, memory_in_ram(journal, folder=tmp_path) as memory:
        await chat(journal, "the canary zanzibar sings")
        await chat(journal, "Kim said: the canary zanzibar sings", by="web:lee", place=Place("web:lee"))

        receipt = await memory.forget_fan("web:kim")

    assert not receipt.complete
    assert (receipt.rows_left, receipt.memories_left, receipt.bytes_left) == (0, 0, 1)


async def test_correcting_a_memory_leaves_no_old_word_in_the_index(tmp_path: Path) -> None:
    async with journal_in_ram() as journal:
        store = ChromaStore(tmp_path, encoder="test")
        async with Memory(journal, store, HashingEncoder(16)) as memory:
            await memory.remember(KIM, [said("my name is Zanzibar", id="name"), said("others stay")])

            await memory.correct(KIM, "name", "my name is Kim")

    assert b"Zanzibar" not in bytes_in(tmp_path)
    assert b"my name is Kim" in bytes_in(tmp_path)
