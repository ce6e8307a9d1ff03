"""What fans liked better waits for an operator, outlives a kill, and goes with the fan."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from finetune.cli import app
from memory import Turn
from memory.forgetting import forget_fan
from memory.journal import Journal, utc_now
from memory.testing import StoreInRam
from tests.finetune.stage import agree, persona_file, talk
from tests.memory.builders import said, take, turn


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which Kim asked for another reply, went on with it, and put two thumbs elsewhere."""
    monkeypatch.setenv("GREENROOM_MEMORY__LEARNING__WEB", "true")
    folder = tmp_path / "data"
    asyncio.run(an_evening(folder))
    return folder


async def an_evening(folder: Path) -> None:
    async with await Journal.in_folder(folder) as journal:
        (first,) = await talk(journal, ("Sing for Zebedee", "Hum hum, mail me at mika@example.org"), name="Zebedee")
        second = await take(journal, again(first), "Full spin, little moon, for Zebedee!")
        good = turn(said("And now?", name="Zebedee", minutes=4), after=second.id)
        good = await take(journal, good, "Now the dryer joins in.")
        bad = await take(journal, turn(said("Louder!", name="Zebedee", minutes=5), after=good.id), "No. Go home.")
        await journal.feedback(good.id, fan_id="web:kim", thumb="up")
        await journal.feedback(bad.id, fan_id="web:kim", thumb="down")
        await agree(journal, "web:kim")


def again(first: Turn) -> Turn:
    return replace(turn(*first.heard), trace={"again": first.id})


def typed(data: Path, *words: str) -> Result:
    done = CliRunner().invoke(app, ["review", *words, "--data", str(data)])
    assert "Traceback" not in done.output
    return done


def listed(data: Path, *words: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(typed(data, "list", "mika", "--json", *words).stdout)
    return found


def rows(file: Path) -> Sequence[dict[str, object]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_what_was_liked_waits_in_masked_words(data: Path) -> None:
    found = listed(data)

    assert [(one["kind"], one["verdict"]) for one in found] == [
        ("again", "waiting"),
        ("up", "waiting"),
        ("down", "waiting"),
    ]
    assert "Zebedee" not in json.dumps(found)
    assert "[MAIL]" in found[0]["rejected"]


def test_the_terminal_shows_both_replies(data: Path) -> None:
    shown = typed(data, "list", "mika").stdout

    assert "👍 Full spin, little moon" in shown
    assert "👎 Hum hum" in shown


def test_only_what_was_approved_is_written(data: Path, tmp_path: Path) -> None:
    pair, up, down = listed(data)
    typed(data, "approve", "mika", pair["id"][:6], down["id"])
    typed(data, "reject", "mika", up["id"])

    done = typed(data, "export", str(persona_file(tmp_path)), "--to", str(tmp_path / "out"), "--json")

    assert json.loads(done.stdout)["rows"] == {"preferences.jsonl": 1, "thumbs.jsonl": 3}
    (row,) = rows(tmp_path / "out" / "preferences.jsonl")
    assert row["prompt"][0]["role"] == "system"  # type: ignore[index]
    assert row["chosen"][0]["content"].startswith("Full spin, little moon")  # type: ignore[index]
    assert [row["label"] for row in rows(tmp_path / "out" / "thumbs.jsonl")] == [True, False, False]
    assert listed(data) == []
    assert [one["verdict"] for one in listed(data, "--everything")] == ["approved", "rejected", "approved"]


def test_the_rows_are_read_by_the_training(data: Path, tmp_path: Path) -> None:
    preferences = pytest.importorskip("finetune.train_preferences")
    typed(data, "approve", "mika", "--all")
    typed(data, "export", str(persona_file(tmp_path)), "--to", str(tmp_path / "out"))

    for kind, count in (("dpo", 1), ("kto", 4)):
        learnt, held_out, _ = preferences.read_preferences(tmp_path / "out", kind)
        assert len(learnt) + len(held_out) <= count
        assert all(row["prompt"][-1]["role"] == "user" for row in [*learnt, *held_out])


def test_walking_through_keeps_each_answer_at_once(data: Path) -> None:
    CliRunner().invoke(app, ["review", "walk", "mika", "--data", str(data)], input="y\nn\nq\n")

    assert [one["verdict"] for one in listed(data, "--everything")] == ["approved", "rejected", "waiting"]


@pytest.mark.parametrize(("words", "told"), [(["zzzz"], "No review begins with"), ([], "Name what you decide on")])
def test_what_is_meant_by_nothing_is_told_and_nothing_is_decided(data: Path, words: list[str], told: str) -> None:
    done = typed(data, "approve", "mika", *words)

    assert done.exit_code == 1
    assert told in done.output
    assert {one["verdict"] for one in listed(data, "--everything")} == {"waiting"}


def test_a_forgotten_fan_leaves_nothing_to_review_nor_to_export(data: Path, tmp_path: Path) -> None:
    typed(data, "approve", "mika", "--all")

    async def forget() -> int:
        async with await Journal.in_folder(data) as journal:
            return (await forget_fan(journal, StoreInRam().erase, "web:kim", None, folder=data, now=utc_now())).reviews

    assert asyncio.run(forget()) == 3
    assert listed(data, "--everything") == []
    typed(data, "export", str(persona_file(tmp_path)), "--to", str(tmp_path / "out"))
    assert (tmp_path / "out" / "preferences.jsonl").read_text() == ""


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = typed(tmp_path / "nowhere", "list", "mika")

    assert done.exit_code == 1
    assert "There is no data folder" in done.output
