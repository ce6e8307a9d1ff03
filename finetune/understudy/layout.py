"""Ties the weights to the layout they learnt: one canonical scene, rendered and hashed, stored beside the weights."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from personas import Example, Persona, Place, Recollection, Scene, Utterance, Voice, persona_speaker, render

AT = datetime(2026, 3, 9, 18, 30, tzinfo=UTC)
PLACE = Place("discord:1/2")


def canonical_scene() -> Scene:
    """A scene that uses every part of the layout."""
    persona = Persona(
        id="canon",
        name="Canon",
        role="a measure",
        who="Canon is what the layout is measured by.",
        personality="Patient.",
        scenario="On the bench.",
        facts={"length": "one metre"},
        likes=("rulers", "scales"),
        voice=Voice(tone="calm", says=("To the line!",), never=("bends",)),
        examples=(Example(fan="Hi!", says="Good day."),),
    )
    return Scene(
        persona=persona,
        place=PLACE,
        history=(
            Utterance("1", persona_speaker("canon"), "Canon", PLACE, "Welcome.", AT),
            Utterance("2", "discord:1", "Kim", PLACE, "My cat is Bo.", AT),
            Utterance("3", persona_speaker("canon"), "Canon", PLACE, "Noted.", AT),
        ),
        heard=(Utterance("4", "discord:1", "Kim", PLACE, "What's my cat called?", AT),),
        recollections=(Recollection("r", "I like tea.", "Kim", AT, 1.0),),
        mood="joy",
        now=AT,
    )


def layout_hash() -> str:
    """Changes when `personas.prompt.render` lays a scene out in another way."""
    return render(canonical_scene()).hash


def write(folder: Path, *, corpus: str) -> None:
    """`layout.json`: what the weights in this folder were trained and examined on."""
    text = json.dumps({"layout": layout_hash(), "corpus": corpus}, indent=2)
    (folder / "layout.json").write_text(text + "\n", encoding="utf-8")


def weights_hash(folder: Path) -> str:
    """Sixteen digits that name the weights in this folder, so that a report can't be taken for another's."""
    return sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:16]


def read(folder: Path) -> str:
    """The layout's hash that the weights in this folder know."""
    return str(json.loads((folder / "layout.json").read_text(encoding="utf-8"))["layout"])
