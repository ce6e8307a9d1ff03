"""Tombstones outlive a crash that cuts one of them short, and forgetting reaches every index in the data folder."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.chroma_rows import hashed
from memory.chroma_store import ChromaStore
from memory.forgetting import TOMBSTONES, Graveyard
from memory.index_note import IndexNote
from memory.journal import Journal
from memory.memory import Memory
from memory.scope import Scope
from memory.testing import StoreInRam
from personas import Place
from serving.testing import HashingEncoder
from tests.memory.builders import WEB, bytes_in, chat

THEN = datetime(2026, 5, 1, tzinfo=UTC)
KIM = Scope("mika", "web:kim", WEB)
LEE = Scope("mika", "web:lee", Place("web:2"))


async def test_a_tombstone_after_one_that_a_crash_cut_short_counts_as_the_others_do(tmp_path: Path) -> None:
    graveyard, file = Graveyard(tmp_path), tmp_path / TOMBSTONES
    await graveyard.bury("web:kim", None, THEN)
    await graveyard.bury("web:lee", None, THEN)
    file.write_bytes(file.read_bytes()[:-20])

    await graveyard.bury("web:ann", None, THEN)
    stones = await graveyard.all()

    assert [stone.covers("web:kim", "mika") for stone in stones] == [True, False]
    assert [stone.covers("web:ann", "mika") for stone in stones] == [False, True]


@pytest.mark.parametrize("line", [b'{"fan": "a', b"5", b"null", b'{"fan": "a"}', b"\xff\xfe", b""])
async def test_a_line_that_is_no_tombstone_hides_no_other(tmp_path: Path, line: bytes) -> None:
    (tmp_path / TOMBSTONES).write_bytes(line + b"\n")

    await Graveyard(tmp_path).bury("web:kim", "mika", THEN)

    (stone,) = await Graveyard(tmp_path).all()
    assert stone.covers("web:kim", "mika")


async def test_forgetting_reaches_an_index_that_does_not_answer_any_more(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        await chat(journal, "I'm HIV+")
        await chat(journal, "Lee stays", by="web:lee", place=LEE.place)
        folders, server, encoder = (
            ChromaStore(tmp_path / "memories" / "ab", encoder="e"),
            StoreInRam(),
            HashingEncoder(16),
        )
        async with Memory(journal, folders, encoder, folder=tmp_path) as memory:
            await memory.sync(KIM)
            await memory.sync(LEE)

        async with Memory(journal, server, encoder, folder=tmp_path) as memory:
            receipt = await memory.forget_fan("web:kim")

        assert receipt.complete
        assert b"HIV+" not in bytes_in(tmp_path)
        assert b"Lee stays" in b"".join(file.read_bytes() for file in (tmp_path / "memories").rglob("*.sqlite3"))


async def test_forgetting_between_a_fan_and_one_persona_leaves_the_others_index(tmp_path: Path) -> None:
    note = IndexNote(tmp_path)
    for persona in ("mika", "orla"):
        (note.folder("e") / hashed(persona) / hashed("web:kim")).mkdir(parents=True)
        (note.folder("e") / hashed(persona) / f"{hashed('web:kim')}.lock").touch()

    note.forget("mika", "web:kim")

    assert list((note.folder("e") / hashed("mika")).iterdir()) == []
    assert len(list((note.folder("e") / hashed("orla")).iterdir())) == 2
