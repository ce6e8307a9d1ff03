"""What `greenroom memory …` tells an operator."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from memory.cli import app
from memory.journal import Journal
from tests.memory.builders import WEB, chat, said, take, turn

EVERY = (
    "show", "search", "correct", "forget", "export", "import", "stats", "rebuild", "migrate", "backup", "restore",
    "reflect",
)  # fmt: skip
pytestmark = pytest.mark.slow  # each command loads the real encoder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A house in which Kim told Mika two things."""

    async def talk() -> None:
        async with await Journal.in_folder(tmp_path / "data") as journal:
            await chat(journal, "My cat is called Miso.", "I work in a bakery.")

    asyncio.run(talk())
    return tmp_path / "data"


def greenroom(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [words[0], *words[1:], "--data", str(data)])


def shown(data: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(greenroom(data, "show", "web:kim", "--json").stdout)
    return found


def test_memories_are_shown_searched_and_corrected(data: Path) -> None:
    cat = next(one["id"] for one in shown(data) if one["text"] == "My cat is called Miso.")

    found = json.loads(greenroom(data, "search", "web:kim", "What is my cat called?", "--json").stdout)
    corrected = greenroom(data, "correct", "web:kim", cat, "My cat is called Mochi.")

    assert found[0]["text"] == "My cat is called Miso."
    assert corrected.exit_code == 0
    assert "My cat is called Mochi." in [one["text"] for one in shown(data)]
    assert "My cat is called Miso." not in [one["text"] for one in shown(data)]


def test_one_memory_and_then_a_fan_are_forgotten(data: Path) -> None:
    cat = shown(data)[0]["id"]

    one = greenroom(data, "forget", "web:kim", "--memory", cat, "--yes")
    rest = [memory["text"] for memory in shown(data)]
    fan = greenroom(data, "forget", "web:kim", "--yes", "--json")

    assert one.exit_code == 0
    assert rest == ["I work in a bakery.", "Reply to I work in a bakery."]
    assert json.loads(fan.stdout)["complete"] is True
    assert shown(data) == []


def test_nothing_is_forgotten_without_a_yes(data: Path) -> None:
    result = CliRunner().invoke(app, ["forget", "web:kim", "--data", str(data)], input="n\n")

    assert result.exit_code == 1
    assert len(shown(data)) == 4


def test_an_export_is_brought_back_after_forgetting(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "kim.json"
    file.write_text(greenroom(data, "export", "web:kim").stdout)
    before = [one["text"] for one in shown(data)]
    greenroom(data, "forget", "web:kim", "--yes")

    result = greenroom(data, "import", "web:kim", str(file))

    assert result.exit_code == 0
    assert [one["text"] for one in shown(data)] == before


def test_a_backup_is_restored_and_the_index_rebuilt(data: Path, tmp_path: Path) -> None:
    backup = greenroom(data, "backup", str(tmp_path / "monday.sqlite3"))
    greenroom(data, "forget", "web:kim", "--yes")

    restored = greenroom(data, "restore", str(tmp_path / "monday.sqlite3"))
    rebuilt = greenroom(data, "rebuild")

    assert backup.exit_code == restored.exit_code == rebuilt.exit_code == 0
    assert "1 forgotten fans stay forgotten" in restored.stdout
    assert "0 memories" in rebuilt.stdout


@pytest.fixture
def monday(data: Path, tmp_path: Path) -> Path:
    """A backup from before Kim was forgotten."""
    greenroom(data, "backup", str(tmp_path / "monday.sqlite3"))
    greenroom(data, "forget", "web:kim", "--yes")
    return tmp_path / "monday.sqlite3"


def test_without_an_encoder_too_the_restored_journal_has_nobody_who_was_forgotten(
    data: Path, monday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENROOM_SERVING__ENCODER", json.dumps({"kind": "local", "model": "/nowhere"}))

    restored = greenroom(data, "restore", str(monday))

    assert restored.exit_code == 0
    assert "1 forgotten fans stay forgotten" in restored.stdout
    assert asyncio.run(fans_in(data)) == ()


def test_a_server_that_is_away_keeps_nobody_in_the_journal_and_is_told_of(
    data: Path, monday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENROOM_MEMORY__INDEX", "http://127.0.0.1:9")

    restored = greenroom(data, "restore", str(monday))

    assert restored.exit_code == 1
    assert "Restore once more" in restored.stderr
    assert asyncio.run(fans_in(data)) == ()


def test_a_backup_is_not_put_where_nobody_would_read_it(
    data: Path, monday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (data / "journal.sqlite3").read_bytes()
    monkeypatch.setenv("GREENROOM_JOURNAL", "postgresql://house:hunter2@127.0.0.1:9/greenroom")

    refused = greenroom(data, "restore", str(monday))

    assert refused.exit_code == 1
    assert "GREENROOM_JOURNAL" in refused.stderr
    assert (data / "journal.sqlite3").read_bytes() == before


def test_a_rebuild_forgets_whom_a_copied_journal_brought_back(data: Path, monday: Path) -> None:
    (data / "journal.sqlite3").write_bytes(monday.read_bytes())

    rebuilt = greenroom(data, "rebuild")

    assert "1 forgotten fans stay forgotten" in rebuilt.stderr
    assert "0 memories" in rebuilt.stdout
    assert asyncio.run(fans_in(data)) == ()


def test_a_rebuild_keeps_what_a_fan_brought_back_themselves(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "kim.json"
    file.write_text(greenroom(data, "export", "web:kim").stdout)
    greenroom(data, "forget", "web:kim", "--yes")
    greenroom(data, "import", "web:kim", str(file))

    rebuilt = greenroom(data, "rebuild")

    assert "4 memories" in rebuilt.stdout


async def fans_in(data: Path) -> tuple[str, ...]:
    async with await Journal.in_folder(data) as journal:
        return tuple(fan for _, fan, _ in await journal.fans())


def test_with_the_understudy_only_promises_are_thought_of(tmp_path: Path) -> None:
    async def talk() -> None:
        async with await Journal.in_folder(tmp_path / "data") as journal:
            begun = turn(said("Sing for me?"))
            await take(journal, begun, "I promise I'll sing for you on Friday!")

    asyncio.run(talk())

    (first,) = json.loads(greenroom(tmp_path / "data", "reflect", "--json").stdout)
    (second,) = json.loads(greenroom(tmp_path / "data", "reflect", "--json").stdout)

    assert (first["promises"], first["facts"], first["tokens"]) == (1, 0, 0)
    assert second["stretches"] == 0
    assert "promise" in {one["kind"] for one in shown(tmp_path / "data")}


def test_an_engine_that_is_not_there_is_named(data: Path) -> None:
    result = greenroom(data, "reflect", "--engine", "nosuch")

    assert result.exit_code == 1
    assert "There is no engine 'nosuch'" in result.stderr


def test_the_figures_and_a_rebuild_count_the_same(data: Path) -> None:
    rebuilt = greenroom(data, "rebuild", "--fan", "web:kim")
    (row,) = json.loads(greenroom(data, "stats", "--json").stdout)

    assert "4 memories" in rebuilt.stdout
    assert (row["persona"], row["fan"], row["memories"]) == ("mika", "web:kim", 4)


@pytest.mark.parametrize(
    "words",
    [
        ("show", "web:kim", "--data", "/nowhere/at/all"),
        ("correct", "web:kim", "no-such", "x"),
        ("forget", "web:kim", "--memory", "no-such", "--yes"),
        ("import", "web:kim", "/nowhere/at/all.json"),
        ("restore", "/nowhere/at/all.sqlite3"),
        ("migrate", "--to", "http://127.0.0.1:9"),
    ],
)
def test_a_failure_is_a_sentence_without_a_traceback(data: Path, words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words] if "--data" in words else [*words, "--data", str(data)])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output


@pytest.mark.parametrize("fan", ["", " ", "a\udcffb"])
@pytest.mark.parametrize("command", ["show", "forget", "export"])
def test_an_id_that_nobody_can_have_is_refused_in_a_sentence(data: Path, command: str, fan: str) -> None:
    result = CliRunner().invoke(app, [command, fan, "--data", str(data)])

    assert result.exit_code == 2
    assert "greenroom memory stats" in " ".join(result.output.split())


@pytest.mark.parametrize("command", EVERY)
def test_every_help_has_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])

    assert f"Example: greenroom memory {command}" in " ".join(result.output.split())


def test_the_talk_itself_is_untouched_by_looking(data: Path) -> None:
    shown(data)

    async def look() -> int:
        async with await Journal.in_folder(data) as journal:
            return len(await journal.path(WEB, "mika"))

    assert asyncio.run(look()) == 2
