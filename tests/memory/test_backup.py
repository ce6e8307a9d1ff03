"""A backup can be taken while everything runs, and a restored one brings nobody back who asked to be forgotten."""

import asyncio
from pathlib import Path

import pytest

from memory.backup import back_up, bury_again, restore
from memory.chroma_store import ChromaStore
from memory.errors import JournalTrouble
from memory.journal import FILE, Journal
from memory.memory import Memory
from memory.migration import migrate
from memory.scope import Scope
from memory.testing import StoreInRam, journal_in_ram, memory_in_ram
from personas import Place
from serving.testing import HashingEncoder
from tests.memory.builders import WEB, bytes_in, chat, ids, said

KIM = Scope("mika", "web:kim", WEB)


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

    kept = await restore(backup, data)

    async with await Journal.in_folder(data) as journal:
        store = ChromaStore(data / "memories", encoder=encoder.name)
        async with Memory(journal, store, encoder) as memory:
            assert ids(await journal.path(WEB, "mika")) == ids(turns)
            assert (await memory.recall(KIM, [said("my cat?", minutes=90)]))[0].text == "My cat is called Miso."
    assert kept is not None
    assert b"after the backup" in kept.read_bytes()


async def test_a_fan_who_was_forgotten_after_the_backup_stays_forgotten(tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = StoreInRam()
    async with await Journal.in_folder(data) as journal:
        await chat(journal, "the canary zanzibar sings")
        await chat(journal, "Lee stays", by="web:lee", place=Place("web:2"))
        backup = await back_up(journal, tmp_path / "monday.sqlite3")
        async with memory_in_ram(journal, store, folder=data) as memory:
            assert (await memory.forget_fan("web:kim")).complete

    await restore(backup, data)
    async with await Journal.in_folder(data) as journal:
        gone = await bury_again(journal, store, data)
        (data / (FILE + ".before-restore")).unlink()

        assert gone == 1
        assert [fan for _, fan, _ in await journal.fans()] == ["web:lee"]
        assert b"zanzibar" not in bytes_in(data)


async def test_a_fan_who_came_back_after_being_forgotten_is_not_forgotten_again(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        async with memory_in_ram(journal, folder=tmp_path) as memory:
            await memory.forget_fan("web:kim")
            late = said("I am back", minutes=60 * 24 * 365 * 100)
            await memory.remember(KIM, [late])

        gone = await bury_again(journal, StoreInRam(), tmp_path)

        assert gone == 0
        assert [fan for _, fan, _ in await journal.fans()] == ["web:kim"]


async def test_a_restore_waits_until_nobody_uses_the_journal(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with await Journal.in_folder(data) as journal:
        turns = await chat(journal, "one")
        backup = await back_up(journal, tmp_path / "monday.sqlite3")

        with pytest.raises(JournalTrouble, match="in use"):
            await restore(backup, data)

        assert ids(await journal.path(WEB, "mika")) == ids(turns)


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
