"""An operator's own persona as a card: all that a card can carry is in it, and what it can't is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from personas import PersonaWrong
from personas.card_export import Exported, export
from tests.personas.cards.house import House
from tests.personas.cards.making import book, entry, v2

SHORT = "id: nova\nname: Nova\nwho: A lamp.\n"


def exported(folder: Path, text: str, **others: str) -> Exported:
    for name, words in others.items():
        (folder / f"{name}.yaml").write_text(words)
    (folder / "nova.yaml").write_text(text)
    return export(folder / "nova.yaml", now=lambda: 0)


def data_of(card: Exported) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(card.data)["data"]
    return found


def test_what_she_inherits_is_in_her_card(tmp_path: Path) -> None:
    card = exported(tmp_path, "extends: base.yaml\nid: nova\nname: Nova\n", base="who: A lamp.\ngreeting: Glow!\n")

    assert (data_of(card)["description"], data_of(card)["first_mes"]) == ("A lamp.", "Glow!")
    assert card.notes == ()


def test_a_number_in_a_text_goes_out_as_it_was_written(tmp_path: Path) -> None:
    card = exported(tmp_path, SHORT + "greeting: 007\ncard: {tags: [1.80]}\n")

    assert (data_of(card)["first_mes"], data_of(card)["tags"]) == ("007", ["1.80"])


def test_all_her_lorebooks_are_joined_in_the_one_of_a_card(tmp_path: Path) -> None:
    lore = {name: f"entries: [{{keys: [{name}], content: {name}.}}]\n" for name in ("lake", "boat")}

    card = exported(tmp_path, SHORT + "lore: [lake.yaml, boat.yaml]\n", **lore)

    assert [one["content"] for one in data_of(card)["character_book"]["entries"]] == ["lake.", "boat."]
    assert card.notes == ("2 lorebooks are joined into the one that a card has, with the first one's settings",)


def test_a_second_lorebook_beside_an_imported_one_goes_out_too(house: House) -> None:
    imported = house.take_in(v2(character_book=book(entry(content="Deep."))), "card.json")
    house.file(imported.id).with_name("more.yaml").write_text("entries: [{keys: [boat], content: Leaky.}]\n")
    house.edit(house.file(imported.id), "lore.yaml", "lore.yaml\n  - more.yaml")

    entries = json.loads(house.export(imported.id).data)["data"]["character_book"]["entries"]

    assert [one["content"] for one in entries] == ["Deep.", "Leaky."]


def test_what_a_card_has_no_field_for_is_said(tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_text("Be kind.\n")

    card = exported(tmp_path, SHORT + "likes: [rain]\nfacts: {age: 3}\nvoice: {tone: dry}\nknowledge: [rules.md]\n")

    assert card.notes == tuple(f"cards have no field for `{key}`" for key in ("likes", "facts", "voice", "knowledge"))


@pytest.mark.parametrize(
    ("wrong", "key"),
    [("look: {palette: [red, blue]}\n", "look.palette[0]"), ("examples: [{fan: Hi}]\n", "examples[0].says")],
)
def test_a_faulty_persona_is_told_as_check_tells_it(tmp_path: Path, wrong: str, key: str) -> None:
    with pytest.raises(PersonaWrong) as caught:
        exported(tmp_path, SHORT + wrong)

    assert caught.value.findings[0].key == key
