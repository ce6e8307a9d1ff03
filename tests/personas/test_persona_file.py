"""What an operator writes becomes a persona, or a list of sentences about what is wrong and where."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from personas import Persona, PersonaError, PersonaUnreadable, PersonaWrong
from personas.persona_file import load, load_text, read

SHORT = "id: nova\nname: Nova\nwho: Nova is a lamp.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def written(folder: Path, text: str | bytes, name: str = "nova.yaml") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def complaints(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(PersonaError) as caught:
        load(written(folder, text))
    return [f"{f.line}:{f.column} {f.sentence} {f.cure}".strip() for f in caught.value.findings]


def test_id_name_and_who_are_enough(folder: Path) -> None:
    file = written(folder, SHORT)

    persona = load(file)

    assert (persona.id, persona.name, persona.who) == ("nova", "Nova", "Nova is a lamp.")


def test_a_windows_file_with_a_byte_order_mark_is_read_like_any_other(folder: Path) -> None:
    file = written(folder, b"\xef\xbb\xbf" + SHORT.replace("\n", "\r\n").encode())

    assert load(file) == load(written(folder, SHORT, "plain.yaml"))


def test_a_key_without_a_value_counts_as_left_out(folder: Path) -> None:
    file = written(folder, SHORT + "scenario:\nplays:\n  lora:\n")

    assert load(file) == load(written(folder, SHORT, "plain.yaml"))


def test_numbers_and_dates_may_stand_where_text_is_wanted(folder: Path) -> None:
    file = written(folder, SHORT + "facts:\n  age: 17\n  debut: 2024-03-09\n  answer: no\n")

    assert load(file).facts == {"age": "17", "debut": "2024-03-09", "answer": "no"}


def test_a_number_is_told_as_it_was_written_where_text_is_wanted(folder: Path) -> None:
    text = SHORT.replace("Nova\n", "007\n") + "role: 0x1F\nlikes: [1.80]\nfacts: {pin: 0042, fans: 1_000}\n"

    persona = load(written(folder, text + "plays: {sampling: {temperature: 0.50, max_tokens: 0_100}}\n"))

    assert (persona.name, persona.role, persona.likes) == ("007", "0x1F", ("1.80",))
    assert persona.facts == {"pin": "0042", "fans": "1_000"}
    assert (persona.plays.sampling.temperature, persona.plays.sampling.max_tokens) == (0.5, 100)


def test_an_emoji_escaped_as_json_does_it_is_one_letter(folder: Path) -> None:
    persona = load(
        written(folder, SHORT + 'greeting: "\\ud83d\\ude00 hi"\nfacts: {"\\ud83d\\ude00": "\\ud83d\\ude00"}\n')
    )

    assert (persona.greeting, persona.facts) == ("😀 hi", {"😀": "😀"})
    assert persona.version


def test_a_link_to_itself_is_no_picture_and_no_base(folder: Path) -> None:
    (folder / "round.svg").symlink_to("round.svg")
    (folder / "round.yaml").symlink_to("round.yaml")

    assert "'round.svg' is no file's name." in complaints(folder, SHORT + "look: {portrait: round.svg}\n")[0]
    assert "'round.yaml' can't be used" in complaints(folder, SHORT + "extends: round.yaml\n")[0]


def test_all_errors_of_a_file_are_told_at_once_with_line_and_column(folder: Path) -> None:
    text = "id: Nova!\nnmae: Nova\nwho: A lamp.\nvoice:\n  tone: [a]\n  langauges: [en]\nlikes: rain\n"

    found = complaints(folder, text)

    assert [line.split(" ", 1)[0] for line in found] == ["1:1", "1:1", "2:1", "5:3", "6:3", "7:1"]
    assert "2:1 'nmae' is not a key of a persona. Did you mean 'name'?" in found
    assert "6:3 'langauges' is not a key of voice. Did you mean 'languages'?" in found
    assert "7:1 'likes' should be a list, not text." in found


def test_a_key_in_the_wrong_place_is_told_where_it_belongs(folder: Path) -> None:
    assert complaints(folder, SHORT + "tone: dry\n") == [
        "4:1 'tone' is not a key of a persona. It belongs to 'voice.tone'."
    ]


def test_a_wrong_word_of_a_few_is_told_the_nearest(folder: Path) -> None:
    found = complaints(folder, SHORT + "boundaries:\n  rating: teens\n")

    assert found == ["5:3 'boundaries.rating' should be 'everyone', 'teen' or 'adult'. Did you mean 'teen'?"]


def test_the_excerpt_shows_the_line_with_a_caret_under_the_key(folder: Path) -> None:
    with pytest.raises(PersonaWrong) as caught:
        load(written(folder, SHORT + "examples:\n  - {fan: 你好, sagt: hi}\n"))

    excerpt = caught.value.findings[-1].excerpt

    assert excerpt == "    5 |   - {fan: 你好, sagt: hi}\n      |                 ^"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\tid: nova\n", "A tab stands here."),
        ("id: nova\nvoice:\n\ttone: dry\n", "A tab stands here."),
        (SHORT + "name: Again\n", "'name' stands here twice; first in line 2."),
        ("- nova\n", "The file holds a list."),
        ("just words\n", "The file holds text."),
        ("", "'id' is missing."),
        ("id: nova\nwho: Nova: a lamp\n", "A colon here makes a key inside a value."),
        ("id: 'nova\n", "A quotation mark is opened here and never closed."),
        (SHORT + "---\n" + SHORT, "A second document begins here (---)."),
        (SHORT + "likes: [*rain]\n", "This alias (*) names an anchor that isn't there."),
        (SHORT + "likes: &a [*a]\n", "This alias contains itself, or nests without end."),
        (SHORT + "<<: {role: x}\n", "Merge keys (<<) are not read here."),
        (SHORT + "role: !!python/object:os.system x\n", "object:os.system) are not read here."),
        (SHORT + "? [a]\n: b\n", "A key is a word, not a list or a mapping."),
        (SHORT + "role: a\x07b\n", "The control character U+0007 stands here."),
        (SHORT + "plays: {sampling: {temperature: .inf}}\n", "'.inf' is no number one can use."),
        (SHORT + 'greeting: "\\ud83d hi"\n', "4:11 Half of a letter is escaped here"),
        (SHORT + 'facts: {"\\ude00": x}\n', "4:9 Half of a letter is escaped here"),
        (SHORT + f"extends: {'a' * 300}\n", "can't be used: file name too long."),
        (SHORT + f"memory: {{recall: {'9' * 400}}}\n", "is no number one can use."),
        (b"id: nova\nname: N\xf6va\n", "Byte 0xf6 is not UTF-8 text."),
        (SHORT.encode("utf-16"), "The file is written in UTF-16."),
        (b"# " + b"x" * 600_000, "The file is larger than 512 KiB."),
        (SHORT + "likes: " + "[" * 5000, "The document is nested deeper than 24 levels."),
        ("[" * 100_000, "The document is nested deeper than 24 levels."),
        (SHORT + "look: {portrait: ../../secret.svg}\n", "'../../secret.svg' lies outside the persona's folder."),
        (SHORT + "lore: [agency.yaml]\n", "There is no file 'agency.yaml' beside this one."),
        (SHORT + "presence: {discord: {name: Discord Nova}}\n", "is wrong: Discord refuses names"),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_in_a_sentence(folder: Path, text: str | bytes, sentence: str) -> None:
    assert any(sentence in found for found in complaints(folder, text))


def test_aliases_of_aliases_end_before_they_fill_the_memory(folder: Path) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert "Aliases make this more than 20000 values." in complaints(folder, bomb)[0]


def test_a_missing_file_and_a_folder_are_told_apart(folder: Path) -> None:
    with pytest.raises(PersonaUnreadable, match=r"nobody\.yaml: There is no such file\."):
        load(folder / "nobody.yaml")
    with pytest.raises(PersonaUnreadable, match=r"This is a folder\. Name the YAML file in it\."):
        load(folder)


def test_a_persona_lies_over_what_it_extends(folder: Path) -> None:
    written(folder, "id: base\nwho: Someone.\nvoice: {tone: dry, says: [Hm.]}\nlikes: [tea]\nrole: host\n", "base.yaml")
    file = written(folder, "extends: base.yaml\nid: nova\nname: Nova\nvoice: {tone: warm}\nlikes: [rain]\nrole:\n")

    reading = read(file)

    assert reading.persona == load_text(
        "id: nova\nname: Nova\nwho: Someone.\nvoice: {tone: warm, says: [Hm.]}\nlikes: [rain]\n", file
    )
    assert reading.files == (file, folder / "base.yaml")


def test_an_error_in_a_base_is_told_in_the_bases_own_file(folder: Path) -> None:
    written(folder, "who: Someone.\nvoice:\n  tune: dry\n", "base.yaml")

    with pytest.raises(PersonaWrong) as caught:
        load(written(folder, "extends: base.yaml\nid: nova\nname: Nova\nvoice: {tone: warm}\n"))

    assert [(f.file.name, f.line, f.cure) for f in caught.value.findings] == [("base.yaml", 3, "Did you mean 'tone'?")]


def test_an_id_is_never_inherited(folder: Path) -> None:
    written(folder, SHORT, "base.yaml")

    assert "'id' is missing." in complaints(folder, "extends: base.yaml\n")[0]


def test_files_that_extend_each_other_in_a_circle_are_an_error(folder: Path) -> None:
    written(folder, "extends: nova.yaml\n", "base.yaml")

    assert complaints(folder, SHORT + "extends: base.yaml\n") == [
        "1:1 These files extend each other in a circle: nova.yaml → base.yaml → nova.yaml."
    ]


SIGNS = "\n\t :-?[]{}&*!|>'\"%@`#,~<\\=.\ufeff\x85\u2028\x00\ud800"
WORDS = ["id", "name", "voice", "extends", "&a", "*a", "!!", "0x", "0o8", "1e999", "|2-", "<<"]
LINES = ["%YAML 1.1\n", "---\n", "...\n", "- ", ": ", "? ", '"\\U99999999"', "\\x"]
PIECES = st.sampled_from([*SIGNS, *WORDS, *LINES])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200)))
@example("likes: [&a x, &a y]\n")
@example("%YAML x\n---\n")
@example("%TAG ! tag:x,2000:\n---\n!y z")
@example('id: "\\U99999999"')
@example("a: !<x y>")
@example("0o8: 0o8\n0x: 0x")
def test_no_text_ends_in_a_traceback(folder: Path, text: str) -> None:
    for body in (text, SHORT + text):
        outcome = persona_or_error(body, folder / "nova.yaml")

        assert isinstance(outcome, Persona) or all(found.sentence and str(found) for found in outcome.findings)


def persona_or_error(text: str, file: Path) -> Persona | PersonaError:
    try:
        return load_text(text, file)
    except PersonaError as exc:
        return exc


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_end_in_a_traceback(folder: Path, data: bytes) -> None:
    with pytest.raises(PersonaError):
        load(written(folder, data))
