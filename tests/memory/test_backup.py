"""A backup can be taken while everything runs, and a restored one brings nobody back who asked to be forgotten."""

import asyncio
from pathlib import Path
from typing import NamedTuple

import pytest

from memory.backup import back_up, restore
from memory.burial import bury_again, lift
from memory.chroma_rows import hashed
from memory.chroma_store import ChromaStore
from memory.errors import JournalTrouble
from memory.forgetting import Graveyard
from memory.journal import FILE, Journal, utc_now
from memory.memory import Memory
from memory.migration import migrate
from memory.scope import Scope
from memory.testing import StoreInRam, journal_in_ram, memory_in_ram
from personas import Place
from serving.testing import HashingEncoder
from tests.memory.builders import WEB, bytes_in, chat, ids, said

KIM = Scope("mika", "web:kim", WEB)
CENTURY = 60 * 24 * 365 * 100  # minutes


class Forgotten(NamedTuple):
    """A house that forgot Kim after it was copied; Lee is there still."""

    data: Path
    backup: Path


@pytest.fixture
async def forgotten(tmp_path: Path) -> Forgotten:
    data = tmp_path / "data"
    async with await Journal.in_folder(data) as journal:
        await chat(journal, "the canary zanzibar sings")
        await chat(journal, "Lee stays", by="web:lee", place=Place("web:2"))
        backup = await back_up(journal, tmp_path / "monday.sqlite3")
        async with memory_in_ram(journal, folder=data) as memory:
            assert (await memory.forget_fan("web:kim")).complete
    return Forgotten(data, backup)


async def test_a_backup_taken_while_others_write_is_whole(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        await chat(journal, *(f"line {number}" for number in range(5)))
        writing = asyncio.create_task(chat(journal, *("more",) * 5, by="web:lee", place=Place("web:2")))

        backup = await back_up(journal, tmp_path / "safe" / "monday.sqlite3")
        await writing

    async with await Journal.open(f"sqlite:///{backup}") as copied:
        assert [turn.said for turn in await copied.path(WEB, "mika")] == [f"Reply to line {n}" for n in range(5)]


async def test_a_restore_drill_brings_everything_back(tmp_path: Path) -> None:
    data, encoder = tmp_path / "data", HashingEncoder(16)
    async with await Journal.in_folder(data) as journal:
        turns = await chat(journal, "My cat is called Miso.", "I bake.")
        backup = await back_up(journal, tmp_path / "monday.sqlite3")
        await chat(journal, "after the backup", place=Place("web:later"))

    kept = (await restore(backup, data)).kept

    async with await Journal.in_folder(data) as journal:
        store = ChromaStore(data / "memories", encoder=encoder.name)
        async with Memory(journal, store, encoder) as memory:
            assert ids(await journal.path(WEB, "mika")) == ids(turns)
            assert (await memory.recall(KIM, [said("my cat?", minutes=90)]))[0].text == "My cat is called Miso."
    assert kept is not None
    assert b"after the backup" in kept.read_bytes()


async def test_whoever_was_forgotten_after_the_backup_never_is_in_the_restored_journal(forgotten: Forgotten) -> None:
    index = forgotten.data / "memories" / "ab" / hashed("mika")
    (index / hashed("web:kim")).mkdir(parents=True)  # a crash left it

    restored = await restore(forgotten.backup, forgotten.data)

    assert [fan for _, fan, _ in restored.buried] == ["web:kim"]
    assert b"zanzibar" not in (forgotten.data / FILE).read_bytes()
    assert list(index.iterdir()) == []
    async with await Journal.in_folder(forgotten.data) as journal:
        assert [fan for _, fan, _ in await journal.fans()] == ["web:lee"]


async def test_a_journal_put_back_by_other_means_forgets_them_when_it_is_told_to(forgotten: Forgotten) -> None:
    store = StoreInRam()
    (forgotten.data / FILE).write_bytes(forgotten.backup.read_bytes())

    async with await Journal.in_folder(forgotten.data) as journal, memory_in_ram(journal, store) as memory:
        await memory.sync(KIM)
        gone = await bury_again(journal, store, forgotten.data)

        assert gone == 1
        assert await store.count(KIM) == 0
        assert [fan for _, fan, _ in await journal.fans()] == ["web:lee"]
    assert b"zanzibar" not in bytes_in(forgotten.data)


async def test_a_fan_who_came_back_after_being_forgotten_is_not_forgotten_again(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        async with memory_in_ram(journal, folder=tmp_path) as memory:
            await memory.forget_fan("web:kim")
            await memory.remember(KIM, [said("I am back", minutes=CENTURY)])

        gone = await bury_again(journal, StoreInRam(), tmp_path)

        assert gone == 0
        assert [fan for _, fan, _ in await journal.fans()] == ["web:kim"]


async def test_what_a_fan_said_since_they_were_forgotten_outlives_what_they_said_before(forgotten: Forgotten) -> None:
    (forgotten.data / FILE).write_bytes(forgotten.backup.read_bytes())
    async with await Journal.in_folder(forgotten.data) as journal, memory_in_ram(journal) as memory:
        await memory.remember(KIM, [said("I am back", minutes=CENTURY)])

        await bury_again(journal, StoreInRam(), forgotten.data)

        assert [record.text for record in await journal.memories("mika", "web:kim")] == ["I am back"]


async def test_what_a_fan_brought_back_themselves_stays_until_they_are_forgotten_anew(forgotten: Forgotten) -> None:
    async with await Journal.open(f"sqlite:///{forgotten.backup}") as old:
        export = await old.export("web:kim")
    async with await Journal.in_folder(forgotten.data) as journal:
        await journal.bring_back("web:kim", export)

        await lift(journal, forgotten.data, "web:kim", utc_now())
        kept = await bury_again(journal, StoreInRam(), forgotten.data)
        await Graveyard(forgotten.data).bury("web:kim", None, utc_now())
        gone = await bury_again(journal, StoreInRam(), forgotten.data)

        assert (kept, gone) == (0, 1)


async def test_restoring_another_backup_loses_no_journal(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with await Journal.in_folder(data) as journal:
        await chat(journal, "one")
        monday = await back_up(journal, tmp_path / "monday.sqlite3")
        await chat(journal, "two", place=Place("web:2"))
        tuesday = await back_up(journal, tmp_path / "tuesday.sqlite3")
        await chat(journal, "the last words before the trouble", place=Place("web:3"))

    kept = [(await restore(backup, data)).kept for backup in (monday, tuesday, monday)]

    assert len(set(kept)) == 3
    assert kept[0] is not None
    assert b"the last words before the trouble" in kept[0].read_bytes()


async def test_a_backup_takes_the_place_of_a_journal_that_is_damaged(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with await Journal.in_folder(data) as journal:
        turns = await chat(journal, "one")
        backup = await back_up(journal, tmp_path / "monday.sqlite3")
    (data / FILE).write_bytes(b"nothing of the kind" * 500)

    kept = (await restore(backup, data)).kept

    assert kept is not None
    assert kept.read_bytes().startswith(b"nothing of the kind")
    async with await Journal.in_folder(data) as journal:
        assert ids(await journal.path(WEB, "mika")) == ids(turns)


async def test_a_restore_waits_until_nobody_uses_the_journal(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with await Journal.in_folder(data) as journal:
        turns = await chat(journal, "one")
        backup = await back_up(journal, tmp_path / "monday.sqlite3")

        with pytest.raises(JournalTrouble, match="in use"):
            await restore(backup, data)

        assert ids(await journal.path(WEB, "mika")) == ids(turns)
    assert [file.name for file in data.iterdir()] == [FILE]


async def test_the_log_of_a_journal_that_is_gone_does_not_spoil_the_backup(tmp_path: Path) -> None:
    data = tmp_path / "data"
    log = data / (FILE + "-wal")
    async with await Journal.in_folder(data) as journal:
        turns = await chat(journal, "one")
        backup = await back_up(journal, tmp_path / "monday.sqlite3")
        await chat(journal, "two", place=Place("web:2"))
        left = log.read_bytes()
    (data / FILE).unlink()
    log.write_bytes(left)

    kept = (await restore(backup, data)).kept

    assert kept is None
    async with await Journal.in_folder(data) as journal:
        assert ids(await journal.path(WEB, "mika")) == ids(turns)
        assert await journal.path(Place("web:2"), "mika") == ()
    assert (data / (FILE + ".before-restore-1-wal")).read_bytes() == left


async def test_what_is_no_backup_is_refused_before_anything_changes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "broken.sqlite3").write_bytes(b"nothing of the kind" * 500)
    async with await Journal.in_folder(data) as journal:
        await chat(journal, "one")
    before = (data / FILE).read_bytes()

    for name in ("broken.sqlite3", "missing.sqlite3"):
        with pytest.raises(JournalTrouble):
            await restore(tmp_path / name, data)

    assert (data / FILE).read_bytes() == before


async def test_an_export_can_be_brought_back_into_another_house() -> None:
    async with journal_in_ram() as old, journal_in_ram() as new:
        turns = await chat(old, "My cat is called Miso.", "I bake.")
        await old.feedback(turns[0].id, fan_id="web:kim", thumb="up")
        export = await old.export("web:kim")

        added = await new.bring_back("web:kim", export)
        again = await new.bring_back("web:kim", export)

        assert await new.path(WEB, "mika") == await old.path(WEB, "mika")
        assert await new.export("web:kim") == export
        assert (added, again) == (6, 0)


async def test_an_import_takes_nothing_that_is_somebody_elses() -> None:
    async with journal_in_ram() as old, journal_in_ram() as new:
        await chat(old, "Lee's words", by="web:lee", place=Place("web:2"))

        added = await new.bring_back("web:kim", await old.export("web:lee"))

        assert added == 0


async def test_an_index_moves_to_another_store_without_a_loss() -> None:
    source, target = StoreInRam(), StoreInRam()
    async with journal_in_ram() as journal, memory_in_ram(journal, source) as memory:
        await chat(journal, "one", "two")
        await chat(journal, "three", by="web:lee", place=Place("web:2"))
        lee = Scope("mika", "web:lee", Place("web:2"))
        for scope in (KIM, lee):
            await memory.sync(scope)

        moved = [(one.fan_id, one.records) async for one in migrate(journal, source, target)]

        assert sorted(moved) == [("web:kim", 4), ("web:lee", 2)]
        assert await target.all(KIM) == await source.all(KIM)
