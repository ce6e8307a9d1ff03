"""Two versions of a persona side by side, and old versions found again."""

from pathlib import Path

import pytest

from personas import PersonaUnreadable, Voice
from personas.archive import Archive
from personas.comparison import changes_the_prompt, differences
from tests.personas.scenes import NOVA


def test_every_value_that_changed_is_told_by_its_key() -> None:
    after = NOVA.model_copy(update={"role": "lamp", "likes": ("rain",), "voice": Voice(tone="dry")})

    found = [str(difference) for difference in differences(NOVA, after)]

    assert found == [
        'role: nothing → "lamp"',
        'likes[0]: nothing → "rain"',
        'voice.tone: nothing → "dry"',
    ]


def test_a_change_of_looks_alone_leaves_the_prompt_as_it_was() -> None:
    painted = NOVA.model_copy(update={"look": NOVA.look.model_copy(update={"portrait": "p.svg"})})

    assert not changes_the_prompt(NOVA, painted)
    assert changes_the_prompt(NOVA, NOVA.model_copy(update={"role": "lamp"}))
    assert NOVA.version != painted.version


def test_a_version_that_played_is_found_again_by_its_first_digits(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    later = NOVA.model_copy(update={"role": "lamp"})
    archive.keep(NOVA)
    archive.keep(later)

    found = archive.find("nova", NOVA.version[:6])

    assert found == NOVA
    assert found.version == NOVA.version


@pytest.mark.parametrize("version", ["ffffffff", "", "*", "../../etc"])
def test_a_version_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, version: str) -> None:
    archive = Archive(tmp_path)
    archive.keep(NOVA)

    with pytest.raises(PersonaUnreadable, match=f"Kept are: {NOVA.version}"):
        archive.find("nova", version)
