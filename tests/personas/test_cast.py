"""The cast: everybody there is, with a place kept for whoever's file is broken just now."""

from pathlib import Path

import pytest

from personas import SHIPPED, Cast, PersonaTwice, PersonaUnknown
from personas.prompt import about


def write(folder: Path, persona_id: str, *, name: str = "", text: str = "", own_folder: bool = False) -> Path:
    file = folder / persona_id / f"{persona_id}.yaml" if own_folder else folder / f"{persona_id}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text or f"id: {persona_id}\nname: {name or persona_id.title()}\nwho: Somebody.\n")
    return file


def test_three_shipped_characters_have_a_picture_for_every_mood() -> None:
    cast = Cast()

    pictures = {p.id: {mood: cast.picture(p.id, mood) for mood in p.look.expressions} for p in cast.all()}

    assert sorted(pictures) == ["bram", "mika", "orla"]
    assert cast.errors == ()
    for shown in pictures.values():
        assert len(shown) == 8
        assert all(picture and picture.is_file() for picture in shown.values())


def test_a_shipped_characters_prompt_is_short_enough_for_the_understudy() -> None:
    lengths = {persona.id: len(about(persona).split()) for persona in Cast().all()}

    assert all(length <= 300 for length in lengths.values()), lengths


def test_a_shipped_character_greets_in_chinese_too() -> None:
    for persona in Cast().all():
        chinese = persona.speaking("zh-CN")

        assert chinese.greeting != persona.greeting
        assert chinese.at_a_loss != persona.at_a_loss
        assert persona.speaking("fr") is persona


def test_personas_come_from_several_folders_flat_or_in_folders_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, "nova")
    write(tmp_path, "kip", own_folder=True)

    cast = Cast([SHIPPED, tmp_path])

    assert [persona.id for persona in cast.all()] == ["bram", "kip", "mika", "nova", "orla"]
    assert cast.file("kip") == tmp_path / "kip" / "kip.yaml"


def test_an_id_in_two_files_is_an_error_that_names_both(tmp_path: Path) -> None:
    first = write(tmp_path / "a", "nova", name="First")
    second = write(tmp_path / "b", "nova", name="Second")

    cast = Cast([tmp_path / "a", tmp_path / "b"])

    (error,) = cast.errors
    assert isinstance(error, PersonaTwice)
    assert error.files == (first, second)
    assert str(first) in str(error)
    assert str(second) in str(error)
    assert cast.get("nova").name == "First"


def test_a_broken_file_takes_nobody_else_off_the_stage(tmp_path: Path) -> None:
    write(tmp_path, "nova")
    broken = write(tmp_path, "kip", text="id: kip\n")

    cast = Cast([tmp_path])

    assert [persona.id for persona in cast.all()] == ["nova"]
    with pytest.raises(PersonaUnknown, match=rf"Mend {broken} first"):
        cast.get("kip")


def test_a_file_that_others_extend_needs_no_id(tmp_path: Path) -> None:
    write(tmp_path, "base", text="who: Somebody.\n")
    write(tmp_path, "nova", text="extends: base.yaml\nid: nova\nname: Nova\n")

    cast = Cast([tmp_path])

    assert [persona.id for persona in cast.all()] == ["nova"]
    assert cast.errors == ()


def test_an_unknown_id_is_told_the_nearest() -> None:
    with pytest.raises(PersonaUnknown, match=r"There is no persona 'mikka' in the cast\. Did you mean 'mika'\?"):
        Cast().get("mikka")


def test_a_missing_expression_is_played_with_a_neutral_face(tmp_path: Path) -> None:
    (tmp_path / "n.svg").write_text("<svg/>")
    write(tmp_path, "nova", text="id: nova\nname: N\nwho: W.\nlook: {expressions: {neutral: n.svg}}\n")

    cast = Cast([tmp_path])

    assert cast.picture("nova", "joy") == tmp_path / "n.svg"


def test_a_reload_brings_the_new_version_and_leaves_the_old_to_those_who_hold_it(tmp_path: Path) -> None:
    write(tmp_path, "nova", name="Old")
    cast = Cast([tmp_path])
    held = cast.get("nova")
    write(tmp_path, "nova", name="New")
    write(tmp_path, "kip")

    changes = cast.reload()

    assert (changes.came, changes.changed, changes.went) == (("kip",), ("nova",), ())
    assert held.name == "Old"
    assert cast.get("nova").name == "New"
    assert held.version != cast.get("nova").version


def test_a_file_that_breaks_keeps_its_last_good_version_and_says_so_once(tmp_path: Path) -> None:
    write(tmp_path, "nova", name="Good")
    cast = Cast([tmp_path])
    write(tmp_path, "nova", text="id: nova\nnmae: x\n")

    first, second = cast.reload(), cast.reload()

    assert cast.get("nova").name == "Good"
    assert len(first.broke) == 1
    assert second.broke == ()
    assert len(cast.errors) == 1


def test_an_operators_own_persona_plays_in_place_of_the_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, "mika", name="Own")

    cast = Cast([tmp_path, SHIPPED])

    assert cast.get("mika").name == "Own"
    assert cast.errors == ()


def test_a_file_may_end_in_yml_in_a_folder_of_its_own_too(tmp_path: Path) -> None:
    write(tmp_path, "nova", own_folder=True).rename(tmp_path / "nova" / "nova.yml")

    assert Cast([tmp_path]).file("nova") == tmp_path / "nova" / "nova.yml"


def test_a_lorebook_beside_its_persona_is_no_broken_persona(tmp_path: Path) -> None:
    (tmp_path / "lake.yaml").write_text("entries: [{keys: [lake], content: Deep.}]\n")
    write(tmp_path, "nova", text="id: nova\nname: Nova\nwho: W.\nlore: [lake.yaml]\n")

    assert Cast([tmp_path]).errors == ()


def test_what_the_system_does_not_let_one_read_is_an_error_beside_the_others(tmp_path: Path) -> None:
    write(tmp_path, "nova")
    (tmp_path / ("x" * 253)).mkdir()  # too long for a name once .yaml is behind it
    unreadable = tmp_path / ("y" * 300)

    cast = Cast([unreadable, tmp_path])

    assert [persona.id for persona in cast.all()] == ["nova"]
    assert ["can't be opened" in str(error) or "can't be read" in str(error) for error in cast.errors] == [True, True]


def test_one_who_went_while_her_turn_is_under_way_has_her_file_still(tmp_path: Path) -> None:
    file = write(tmp_path, "nova")
    cast = Cast([tmp_path])
    file.unlink()

    cast.reload()

    assert cast.file("nova") == file
    with pytest.raises(PersonaUnknown):
        cast.get("nova")
