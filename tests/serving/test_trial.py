"""A new version is tried with a share of conversations; a place keeps its voice, and what goes worse goes back."""

from pathlib import Path

import pytest

from serving import ShelfError, Tally, Wardrobe, judged
from serving.served import newest
from serving.shelf import Card, Shelf

PROVEN = Card(base="tiny", persona="mira", evaluation={"passed": True})


@pytest.fixture
def shelf(tmp_path: Path, tiny_loras: Path) -> Shelf:
    """Mira's first version, and a second one on trial with a fifth of the conversations."""
    shelf = Shelf(tmp_path / "shelf")
    shelf.add("mira", tiny_loras / "mira", PROVEN)
    shelf.add("mira", tiny_loras / "mira", PROVEN, share=0.2)
    return shelf


def places(count: int = 2000) -> list[str]:
    return [f"web:{n}" for n in range(count)]


def test_a_version_on_trial_is_served_beside_the_one_before_and_nobody_gets_it_by_the_plain_name(shelf: Shelf) -> None:
    assert [shelved.id for shelved in shelf.in_use()] == ["mira/v1", "mira/trial/v2"]
    assert shelf.find("mira").id == "mira/v1"
    assert shelf.place("mira/trial/v2")[1] == shelf.folder / "mira" / "v2"
    assert newest("mira", ["base", "mira/v1", "mira/trial/v2"]) == "mira/v1"
    assert newest("mira/trial/v2", ["base", "mira/v1", "mira/trial/v2"]) == "mira/trial/v2"


def test_about_the_share_wears_it_and_a_place_always_wears_the_same(shelf: Shelf) -> None:
    wardrobe = Wardrobe(shelf)

    worn = [wardrobe.worn("mira", place) for place in places()]

    assert set(worn) == {"mira", "mira/trial/v2"}
    assert 0.16 < worn.count("mira/trial/v2") / len(worn) < 0.24
    assert worn == [Wardrobe(shelf).worn("mira", place) for place in places()]


def test_where_the_first_version_of_all_is_tried_the_others_wear_nothing(tmp_path: Path, tiny_loras: Path) -> None:
    shelf = Shelf(tmp_path / "new")
    shelf.add("mira", tiny_loras / "mira", PROVEN, share=0.5)

    worn = {Wardrobe(shelf).worn("mira", place) for place in places(50)}

    assert worn == {None, "mira/trial/v1"}
    with pytest.raises(ShelfError, match="no LoRA 'mira'"):
        shelf.find("mira")


def test_without_a_trial_everybody_wears_what_the_file_says(tmp_path: Path) -> None:
    wardrobe = Wardrobe(Shelf(tmp_path))

    assert wardrobe.worn("mira", "web:1") == "mira"
    assert wardrobe.worn(None, "web:1") is None


def test_promoted_it_is_everybodys_and_retired_it_is_nobodys(shelf: Shelf) -> None:
    shelf.promote("mira/trial/v2")
    assert [shelved.id for shelved in shelf.in_use()] == ["mira/v2"]
    assert {Wardrobe(shelf).worn("mira", place) for place in places(50)} == {"mira"}

    shelf.retire("mira/v2")
    assert [shelved.id for shelved in shelf.in_use()] == ["mira/v1"]


@pytest.mark.parametrize(
    ("trial", "verdict"),
    [
        (Tally(replies=12, down=4), "wait"),  # four thumbs prove nothing
        (Tally(replies=60, up=10, down=2), "wait"),
        (Tally(replies=60, up=2, down=10), "back"),
        (Tally(replies=60, broken=9), "back"),
        (Tally(replies=19, broken=9), "wait"),
        (Tally(replies=400, broken=4, up=50, down=9), "good"),
    ],
)
def test_what_goes_worse_goes_back_and_a_few_thumbs_prove_nothing(trial: Tally, verdict: str) -> None:
    assert judged(trial, Tally(replies=1000, broken=10, up=90, down=20)) == verdict
