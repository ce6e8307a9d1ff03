"""A data folder is opened with the encoder that the settings name, and moves when they name another."""

import json
from pathlib import Path

import pytest

from memory.opening import Opened, open_memory
from memory.scope import Scope
from memory.settings import MemorySettings
from serving import EngineMissing
from serving.encoder_settings import EncoderSettings
from serving.settings import ServingSettings
from tests.memory.builders import WEB, bytes_in, chat, said
from tests.serving.tiny_encoder import make_encoder

KIM = Scope("mika", "web:kim", WEB)
pytestmark = pytest.mark.slow  # encoders are exported here


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.prefix", str(tmp_path))  # exports lie beside the Python that runs


def local(folder: Path) -> ServingSettings:
    return ServingSettings(encoder=EncoderSettings(kind="local", model=str(folder)))


async def answers(opened: Opened) -> list[str]:
    found = await opened.memory.recall(KIM, [said("What is my cat called?", minutes=99)])
    return [one.text for one in found][:1]


def indexes(data: Path) -> int:
    return len(list((data / "memories").iterdir()))


async def test_a_change_of_encoder_moves_the_index_and_removes_the_old_one(tmp_path: Path) -> None:
    data, one, two = tmp_path / "data", make_encoder(tmp_path / "one"), make_encoder(tmp_path / "two", family="xlm")
    async with open_memory(data, settings=MemorySettings(), serving=local(one)) as opened:
        await chat(opened.journal, "My cat is called Miso.")
        await opened.memory.sync(KIM)
        first = opened.noted

    async with open_memory(data, settings=MemorySettings(), serving=local(two)) as opened:
        before = await opened.memory.show(KIM)
        steps = [(*step, indexes(data)) async for step in opened.move()]
        after = await opened.memory.show(KIM)

    assert before == after
    assert steps == [(1, 1, 2)]
    assert indexes(data) == 1
    assert json.loads((data / "memories.json").read_text())["made_by"] != first.made_by
    async with open_memory(data, settings=MemorySettings(), serving=local(two)) as opened:
        assert [step async for step in opened.move()] == []
        assert len(await opened.store.all(KIM)) == 2


async def test_an_encoder_that_is_gone_leaves_an_index_that_is_made_anew(tmp_path: Path) -> None:
    data, one, two = tmp_path / "data", make_encoder(tmp_path / "one"), make_encoder(tmp_path / "two", family="xlm")
    async with open_memory(data, settings=MemorySettings(), serving=local(one)) as opened:
        await chat(opened.journal, "My cat is called Miso.")
        await opened.memory.sync(KIM)
    (one / "config.json").write_text("{")

    async with open_memory(data, settings=MemorySettings(), serving=local(two)) as opened:
        shown = await opened.memory.show(KIM)

    assert [record.text for record in shown] == ["My cat is called Miso.", "Reply to My cat is called Miso."]
    assert indexes(data) == 1


async def test_forgetting_in_the_middle_of_a_move_leaves_no_byte(tmp_path: Path) -> None:
    data, one, two = tmp_path / "data", make_encoder(tmp_path / "one"), make_encoder(tmp_path / "two", family="xlm")
    async with open_memory(data, settings=MemorySettings(), serving=local(one)) as opened:
        await chat(opened.journal, "My password is canary-4711-sesame.")
        await opened.memory.sync(KIM)

    async with open_memory(data, settings=MemorySettings(), serving=local(two)) as opened:
        receipt = await opened.memory.forget_fan("web:kim")
        [step async for step in opened.move()]

    assert receipt.complete
    assert b"canary-4711" not in bytes_in(data)


async def test_a_model_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(EngineMissing, match="can't be read"):
        async with open_memory(tmp_path / "data", settings=MemorySettings(), serving=local(tmp_path / "empty")):
            pass


async def test_once_a_server_answers_no_index_is_left_in_the_data_folder(tmp_path: Path) -> None:
    data, encoder = tmp_path / "data", make_encoder(tmp_path / "one")
    async with open_memory(data, settings=MemorySettings(), serving=local(encoder)) as opened:
        await chat(opened.journal, "My password is canary-4711-sesame.")
        await opened.memory.sync(KIM)
        lines = await opened.journal.memories("mika", "web:kim")

    server = MemorySettings(index="http://127.0.0.1:9")
    async with open_memory(data, settings=server, serving=local(encoder)) as opened:
        assert await opened.journal.memories("mika", "web:kim") == lines

    assert [file.name for file in data.rglob("*") if b"canary-4711" in bytes_of(file)] == ["journal.sqlite3"]
    async with open_memory(data, settings=MemorySettings(), serving=local(encoder)) as opened:
        assert len(await opened.memory.show(KIM)) == 2


def bytes_of(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""
