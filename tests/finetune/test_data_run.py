"""Whose words a persona learns from a creator's files: hers, and nobody's who only wears her name."""

import json
import resource
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from finetune.cli import app
from finetune.data_run import Ingredients, run
from finetune.dataset import PARTS, read_part, read_sheet
from finetune.errors import LinesUnreadable
from tests.finetune.stage import persona_file

ANNA = {"id": "11", "name": "anna", "nickname": "Anna"}
MIKA = {"id": "99", "name": "mikabot", "nickname": "Mika"}
TROLL = {"id": "66", "name": "troll66", "nickname": "mika"}


async def learnt(folder: Path, *said: tuple[dict[str, Any], str], speaker: str = "") -> list[str]:
    """What a persona called Mika learns of an export, sorted."""
    messages = [{"author": author, "content": text} if "id" in author else author | {"content": text}
                for author, text in said]  # fmt: skip
    export = folder / "export.json"
    export.write_text(json.dumps({"messages": messages}), encoding="utf-8")
    to = folder / "out"
    await run(persona_file(folder), Ingredients((export,)), speaker=speaker, to=to)
    rows = [row for part in PARTS for row in read_part(to, part)]
    return sorted(row["completion"][0]["content"] for row in rows)


async def test_a_fan_whose_handle_is_assistant_is_not_taken_for_the_persona(tmp_path: Path) -> None:
    fan = {"id": "67", "name": "assistant"}

    found = await learnt(
        tmp_path, (ANNA, "Who comes?"), (MIKA, "I come with the guitar."), (ANNA, "And?"), (fan, "My ex drinks a lot.")
    )

    assert found == ["I come with the guitar."]


async def test_an_assistant_without_a_name_is_the_persona(tmp_path: Path) -> None:
    found = await learnt(tmp_path, ({"role": "user"}, "Who comes?"), ({"role": "assistant"}, "I come with a song."))

    assert found == ["I come with a song."]


async def test_where_two_accounts_wear_the_personas_name_the_creator_is_asked_which(tmp_path: Path) -> None:
    said = [(ANNA, "Who comes?"), (MIKA, "I come with the guitar."), (ANNA, "And you?"), (TROLL, "Clara drinks a lot.")]

    with pytest.raises(LinesUnreadable, match=r"66 \(1\), 99 \(1\).*--speaker ID"):
        await learnt(tmp_path, *said)

    assert await learnt(tmp_path, *said, speaker="99") == ["I come with the guitar."]


async def test_an_account_may_have_another_name_than_the_persona(tmp_path: Path) -> None:
    bot = {"id": "99", "name": "mikabot"}

    found = await learnt(tmp_path, (ANNA, "Who comes?"), (bot, "I come with the guitar."), speaker="99")

    assert found == ["I come with the guitar."]


@pytest.mark.parametrize("speaker", ["", "99"])
async def test_who_speaks_through_the_same_webhook_is_not_the_persona(tmp_path: Path, speaker: str) -> None:
    noor = MIKA | {"nickname": "Noor"}
    said = [(ANNA, "Who comes?"), (MIKA, "I come with a guitar."), (ANNA, "And you?"), (noor, "I sell tea tonight.")]

    assert await learnt(tmp_path, *said, speaker=speaker) == ["I come with a guitar."]


async def rows_of(folder: Path, *files: tuple[str, str]) -> list[dict[str, Any]]:
    """What a persona called Mika learns of files, in order of the replies."""
    paths = [folder / name for name, _ in files]
    for path, (_, content) in zip(paths, files, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    await run(persona_file(folder), Ingredients(paths), speaker="", to=folder / "out")
    found = [row for part in PARTS for row in read_part(folder / "out", part)]
    return sorted(found, key=lambda row: str(row["completion"][0]["content"]))


def chat(asked: str, answered: str, **more: Any) -> dict[str, Any]:
    return {**more, "messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]}


async def test_a_reply_may_hold_any_sign_that_breaks_a_line(tmp_path: Path) -> None:
    said = "It fell on me.\u2028It always\u0085does."
    chats = [chat("Rain\u2028today?", said), chat("And?", "Now the sun.")]

    rows = "\n".join(json.dumps(one, ensure_ascii=False) for one in chats)
    one, two = await rows_of(tmp_path, ("chat.jsonl", rows))

    assert one["completion"][0]["content"] == said
    assert two["completion"][0]["content"] == "Now the sun."


async def test_half_an_emoji_is_no_reason_to_stop(tmp_path: Path) -> None:
    half = '{"messages":[{"role":"user","content":"How is it \\ud83d"},{"role":"assistant","content":"Like a tram."}]}'

    (row,) = await rows_of(tmp_path, ("chat.json", half))

    assert row["prompt"][-1]["content"] == "How is it \ufffd"


async def test_a_name_in_another_case_goes_on_with_what_it_said(tmp_path: Path) -> None:
    play = "ANNA. Are you there?\n\nMIKA. I am here, as always.\n\nMika. And I stay.\n"

    (row,) = await rows_of(tmp_path, ("play.txt", play))

    assert row["completion"][0]["content"] == "I am here, as always. And I stay."


@pytest.mark.parametrize("known", [{"id": None}, {"id": "a"}, {}])
async def test_no_chat_runs_on_into_the_next_whatever_their_ids(tmp_path: Path, known: dict[str, Any]) -> None:
    first = chat("My secret is the blue door.", "All secrets are like a song.", **known)
    second = chat("Hello, who are you?", "Only a singer in the rain.", **known)

    found = await rows_of(tmp_path, ("chats.json", json.dumps([first, second])))
    files = [("one/chat.json", json.dumps(first)), ("two/chat.json", json.dumps(second))]
    apart = await rows_of(tmp_path / "apart", *files)

    for rows in (found, apart):
        assert [[m["content"] for m in row["prompt"][1:]] for row in rows] == [
            ["My secret is the blue door."],
            ["Hello, who are you?"],
        ]
        assert rows[0]["block"] != rows[1]["block"]


async def test_a_persona_may_have_several_accounts(tmp_path: Path) -> None:
    hook = MIKA | {"id": "98"}
    said = [(ANNA, "Who comes?"), (MIKA, "I come with a guitar."), (ANNA, "Alone?"), (hook, "With the rain."),
            (ANNA, "And you?"), (TROLL, "Clara drinks a lot.")]  # fmt: skip

    found = await learnt(tmp_path, *said, speaker="98, 99")

    assert found == ["I come with a guitar.", "With the rain."]


def made(folder: Path, lines: int, *options: str) -> str:
    """What the command says that makes a data set of so many exchanges in `folder / "set"`."""
    said = [{"speaker": who, "text": f"{who} says {n} and hums like {n * 7} trams"}
            for n in range(lines) for who in ("Kim", "Mika")]  # fmt: skip
    file = folder / "chat.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in said))
    typed = ["data", str(persona_file(folder)), str(file), "--to", str(folder / "set"), *options]
    done = CliRunner().invoke(app, typed)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stderr


def test_another_data_set_in_the_folder_is_replaced_only_where_that_is_said(tmp_path: Path) -> None:
    made(tmp_path, 40)
    first = read_sheet(tmp_path / "set")

    again, refused = made(tmp_path, 40), made(tmp_path, 41)

    assert "Error" not in again
    assert "Error: " in refused
    assert "--force" in refused
    assert read_sheet(tmp_path / "set") == first
    made(tmp_path, 41, "--force")
    assert read_sheet(tmp_path / "set").hash != first.hash
    assert len(list((tmp_path / "set").iterdir())) == 4


def test_a_disk_that_is_full_leaves_the_data_set_that_was_there(tmp_path: Path) -> None:
    made(tmp_path, 40)
    first = read_sheet(tmp_path / "set")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # as if there were no room for more
    try:
        told = made(tmp_path, 90, "--force")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert "Error: " in told
    assert "room on the disk" in told
    assert read_sheet(tmp_path / "set") == first
    assert len(read_part(tmp_path / "set", "train")) == first.conversations["train"]


def test_a_file_is_no_place_for_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("mine")

    assert f"{tmp_path / 'set'} is a file" in made(tmp_path, 40)
    assert (tmp_path / "set").read_text() == "mine"
