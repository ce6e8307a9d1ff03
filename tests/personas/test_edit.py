"""A value changed by a tool: one line is another, and everything the author wrote around it is still there."""

import stat
from difflib import unified_diff
from pathlib import Path

import pytest

from personas import SHIPPED, PersonaWrong, load
from personas.edit import set_value

TEXT = """\
# Nova, for the winter season
id: nova
name: Nova   # never Nora

who: >-
  Nova is a lamp
  that hums.
likes: [rain, "tea"]   # in this order
voice:
    # her sister says so, too
    says:
    - Glow!
    - 'Hm.'
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "nova.yaml"
    path.write_text(TEXT)
    return path


def changed_lines(before: str, after: str) -> list[str]:
    diff = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in diff if line[0] in "+-" and not line.startswith(("+++", "---"))]


def test_one_value_changes_and_every_comment_stays(file: Path) -> None:
    persona = set_value(file, "name", "Nora")

    assert persona.name == "Nora"
    assert changed_lines(TEXT, file.read_text()) == ["-name: Nova   # never Nora", "+name: Nora   # never Nora"]


def test_a_key_that_was_not_there_is_added_with_the_parts_above_it(file: Path) -> None:
    set_value(file, "plays.sampling.temperature", "0.3")

    assert load(file).plays.sampling.temperature == 0.3
    assert changed_lines(TEXT, file.read_text()) == ["+plays:", "+  sampling:", "+    temperature: 0.3"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("likes", "[moths, 'night trains']", ("moths", "night trains")),
        ("likes[1]", "cocoa", ("rain", "cocoa")),
        ("likes[2]", "cocoa", ("rain", "tea", "cocoa")),
        ("greeting", "*waves* Hi: you!", "*waves* Hi: you!"),
        ("greeting", "[bows]", "[bows]"),
        ("role", "17", "17"),
        ("scenario", "", ""),
    ],
)
def test_a_value_is_read_as_it_is_meant(file: Path, key: str, value: str, expected: object) -> None:
    persona = set_value(file, key, value)

    assert getattr(persona, key.partition("[")[0]) == expected
    assert load(file) == persona


@pytest.mark.parametrize(
    ("key", "value"), [("nmae", "x"), ("likes[9]", "x"), ("who[0]", "x"), ("a..b", "x"), ("id", "No!")]
)
def test_what_would_break_the_file_is_refused_and_the_file_untouched(file: Path, key: str, value: str) -> None:
    with pytest.raises(PersonaWrong):
        set_value(file, key, value)

    assert file.read_text() == TEXT
    assert list(file.parent.iterdir()) == [file]


def test_the_files_permissions_stay(file: Path) -> None:
    file.chmod(0o640)

    set_value(file, "role", "lamp")

    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize("persona_id", ["mika", "bram", "orla"])
def test_an_edit_of_a_shipped_file_changes_one_line_of_it(persona_id: str, tmp_path: Path) -> None:
    for source in (SHIPPED / persona_id).iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    file = tmp_path / f"{persona_id}.yaml"
    before = file.read_text()

    set_value(file, "role", "somebody else")

    assert len(changed_lines(before, file.read_text())) == 2


@pytest.mark.parametrize("word", ["#1 fan!", "0042", "1.80", "1_000", "null", "2024-3-9", "{{user}}", "~"])
def test_what_yaml_would_read_otherwise_is_the_word_itself_where_text_is_wanted(file: Path, word: str) -> None:
    persona = set_value(file, "greeting", word)

    assert persona.greeting == word
    assert load(file) == persona


def test_numbers_in_a_list_are_written_as_they_were_given(file: Path) -> None:
    assert set_value(file, "likes", "[0042, 1.80]").likes == ("0042", "1.80")


def test_line_ends_and_byte_order_mark_stay(file: Path) -> None:
    before = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    file.write_bytes(before)

    set_value(file, "role", "lamp")

    assert file.read_bytes() == before + b"role: lamp\r\n"


def test_what_stands_over_two_lines_elsewhere_stays_as_it_is(file: Path) -> None:
    text = TEXT.replace(
        "name: Nova ", "role: a lamp\n  of many words\nfacts: {birthday: 9 March,\n        age: 3}\nname:  Nova "
    )
    file.write_text(text)

    set_value(file, "voice.says[1]", "So.")

    assert changed_lines(text, file.read_text()) == ["-    - 'Hm.'", "+    - So."]


def test_a_link_stays_a_link(file: Path) -> None:
    link = file.with_name("link.yaml")
    link.symlink_to(file.name)

    set_value(link, "role", "lamp")

    assert link.is_symlink()
    assert load(file).role == "lamp"
