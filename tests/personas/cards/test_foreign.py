"""Personas of other programs come in with their name, their words and their examples."""

import json
from pathlib import Path
from typing import Any

import pytest

from personas.persona_file import load
from tests.personas.cards.house import House

TALK = "{{user}}: Hi.\n{{char}}: Hello, hello."
FOREIGN: dict[str, tuple[str, str]] = {
    "sillytavern-yaml": (
        "p.yaml",
        f"name: Rin\ncontext: Rin sails.\ngreeting: Ahoy!\nexample_dialogue: {json.dumps(TALK)}\n",
    ),
    "pygmalion": (
        "p.json",
        json.dumps(
            {"char_name": "Rin", "char_persona": "Rin sails.", "char_greeting": "Ahoy!", "example_dialogue": TALK}
        ),
    ),
    "elizaos": (
        "p.json",
        json.dumps(
            {
                "name": "Rin",
                "bio": ["Rin sails.", "Rin sings."],
                "style": {"all": ["short"]},
                "messageExamples": [
                    [
                        {"user": "{{user1}}", "content": {"text": "Hi."}},
                        {"user": "Rin", "content": {"text": "Hello, hello."}},
                    ]
                ],
            }
        ),
    ),
    "companion": (
        "rin.txt",
        "Rin sails.\n###ENDPREAMBLE###\nHuman: Hi.\nRin: Hello, hello.\n###ENDSEEDCHAT###\nRin was born at sea.\n",
    ),
    "open-llm-vtuber": (
        "p.yaml",
        "character_config:\n  conf_name: rin\n  character_name: Rin\n  persona_prompt: Rin sails.\n",
    ),
}


@pytest.mark.parametrize("form", FOREIGN)
def test_a_foreign_persona_can_be_played_and_goes_back_as_it_came(house: House, form: str) -> None:
    name, text = FOREIGN[form]

    imported = house.take_in(text.encode(), name)

    persona = load(house.file(imported.id))
    assert imported.version == form
    assert (persona.name, persona.who.startswith("Rin sails.")) == ("Rin", True)
    assert form == "open-llm-vtuber" or persona.examples[0].says == "Hello, hello."
    assert house.export(imported.id).data == text.encode()


def test_an_edited_foreign_persona_becomes_a_card(house: House) -> None:
    imported = house.take_in(FOREIGN["pygmalion"][1].encode(), "p.json")
    house.edit(house.file(imported.id), "Ahoy!", "Land!")

    exported = house.export(imported.id)

    card: Any = json.loads(exported.data)
    assert (card["spec"], card["data"]["first_mes"]) == ("chara_card_v3", "Land!")
    assert exported.notes


def test_a_backstory_becomes_a_document_the_persona_knows(house: House) -> None:
    imported = house.take_in(FOREIGN["companion"][1].encode(), "rin.txt")

    persona = load(house.file(imported.id))

    assert persona.knowledge == ("backstory.txt",)


def test_a_chat_haruhi_folder_brings_its_scenes(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "haruhi_suzumiya"
    (folder / "texts").mkdir(parents=True)
    (folder / "system_prompt.txt").write_text("You are Haruhi.", encoding="utf-8")
    (folder / "texts" / "club.txt").write_text("春日:「社团！」", encoding="utf-8")
    from personas.card_import import import_file

    imported = import_file(folder, house.folder / "cast")

    persona = load(house.file(imported.id))
    assert (persona.who, persona.knowledge) == ("You are Haruhi.", ("scene-001.txt",))
    assert json.loads(house.export(imported.id).data)["data"]["name"] == "Haruhi Suzumiya"
