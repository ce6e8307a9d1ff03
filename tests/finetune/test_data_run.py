"""Whose words a persona learns from a creator's files: hers, and nobody's who only wears her name."""

import json
from pathlib import Path
from typing import Any

import pytest

from finetune.data_run import Ingredients, run
from finetune.dataset import read_part
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
    rows = [row for part in ("train", "validation", "test") for row in read_part(to, part)]
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


async def test_an_account_is_the_persona_under_whatever_nickname(tmp_path: Path) -> None:
    renamed = MIKA | {"nickname": "Mika on tour"}

    said = [(ANNA, "Who comes?"), (renamed, "I come with a guitar."), (ANNA, "Alone?"), (MIKA, "With the rain.")]

    found = await learnt(tmp_path, *said, speaker="99")

    assert found == ["I come with a guitar.", "With the rain."]
