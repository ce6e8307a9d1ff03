"""The shipped pictures: drawn from the drawings beside them, a face for every mood, and nothing that could do harm."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from personas import MOODS, SHIPPED
from personas.faces import FACES
from personas.portraits import draw

PICTURES = sorted(SHIPPED.glob("*/*.svg"))


@pytest.mark.parametrize("persona_id", sorted(FACES))
def test_the_committed_pictures_are_what_the_drawing_yields(persona_id: str) -> None:
    folder = SHIPPED / persona_id

    stale = [mood for mood in MOODS if (folder / f"{mood}.svg").read_text(encoding="utf-8") != draw(persona_id, mood)]

    assert stale == [], "run: python -m personas.portraits"


@pytest.mark.parametrize("persona_id", sorted(FACES))
def test_every_mood_has_a_face_of_its_own(persona_id: str) -> None:
    faces = {draw(persona_id, mood) for mood in MOODS}

    assert len(faces) == len(MOODS)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_picture_runs_nothing_and_loads_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")

    root = ElementTree.fromstring(text)

    assert {element.tag.rpartition("}")[2] for element in root.iter()}.isdisjoint(
        {"script", "image", "foreignObject", "use"}
    )
    assert not re.search(r"\bon\w+=|href|@import|@font-face|https?://(?!www\.w3\.org/2000/svg)", text)


def test_a_page_finds_the_parts_it_moves() -> None:
    classes = set(re.findall(r'class="([^"]+)"', draw("mika", "neutral")))

    assert {"body", "head", "eyes", "lids", "mouth", "brows"} <= classes
