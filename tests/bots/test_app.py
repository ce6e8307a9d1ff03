"""The house is made of real things: personas of an operator's folder, their lore, and what is remembered in files."""

from pathlib import Path

import pytest

from bots.app import DataFolder, from_flags, open_house, prepare
from bots.terminal_talk import Talk

PERSONA = """
id: gate
name: Gate
who: Gate is an old gate that talks.
lore: [keep.lore.yaml]
plays: {engine: scripted}
"""
LORE = """
entries:
  - keys: [raven]
    content: The ravens of the keep carry letters, and read them first.
"""


@pytest.mark.slow
async def test_an_operators_persona_plays_with_her_lore_and_remembers_over_a_restart(tmp_path: Path) -> None:
    personas = tmp_path / "personas"
    (personas / "gate").mkdir(parents=True)
    (personas / "gate" / "gate.yaml").write_text(PERSONA)
    (personas / "gate" / "keep.lore.yaml").write_text(LORE)
    settings = from_flags({"data": tmp_path / "d", "personas": personas, "engine": "scripted", "persona": "gate"})

    async with open_house(settings) as house:
        assert house.first is not None
        first = await (
            await Talk(house, house.first, fan="kim").say("I saw a raven. My cat is called Biscuit.")
        ).ended()
    async with open_house(settings) as house:
        assert house.first is not None
        second = await (await Talk(house, house.first, fan="kim").say("What is my cat called?")).ended()

    assert len(first.lore) == 1
    assert second.lore == ()
    assert "Biscuit" in second.recalled[0].text


def test_a_data_folder_that_can_hold_nothing_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(DataFolder, match="--data"):
        prepare(tmp_path / "file" / "below")
