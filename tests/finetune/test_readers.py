"""Whatever a creator has is read, and a damaged file is named with its place."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from finetune.cleaning import clean
from finetune.cli import app
from finetune.conversation import Conversation
from finetune.errors import LinesUnreadable
from finetune.language import speaks_otherwise
from finetune.reader_interviews import read_interview_markdown, read_interview_yaml
from finetune.reader_scripts import read_fountain, read_play
from finetune.readers import read_file
from tests.finetune.stage import persona_file

INTERVIEW = """\
- ask: What do you do when it rains?
  says: I sing louder.
- topic: childhood
  talk:
    - {ask: Where did you grow up?, says: Above a laundry.}
    - {ask: With whom?, says: With my aunt.}
"""
MARKDOWN = """\
# Rain
**Q:** What do you do
when it rains?
**A:** I sing louder.

And I dance.

# Home
Q: Where is home?
A: In the laundromat.
"""
CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "Mika",
        "description": "A singer.",
        "first_mes": "Hello!",
        "mes_example": "<START>\n{{user}}: Sing!\n{{char}}: Full spin, {{user}}!\n"
        "<START>\n{{user}}: Go!\n{{char}}: Hum.",
    },
}  # fmt: skip
FOUNTAIN = """Title: Rain
Author: Us

INT. LAUNDROMAT - NIGHT

[[a note to myself]]

ÉLODIE
(humming)
Is anybody there?

@McAvoy
Only me.

/* CUT
KIM
never said */

KIM ^
Me, too.
"""


def said(path: Path) -> list[tuple[str, str]]:
    return [(line.speaker, line.text) for line in read_file(path)]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_an_interview_in_yaml_is_questions_and_answers_by_topic(tmp_path: Path) -> None:
    lines = read_file(written(tmp_path, "mika.yaml", INTERVIEW))

    assert [(line.speaker, line.text) for line in lines[:2]] == [
        ("user", "What do you do when it rains?"),
        ("assistant", "I sing louder."),
    ]
    assert len({line.stretch for line in lines[2:]}) == 1
    assert lines[0].stretch != lines[2].stretch


def test_an_interview_in_markdown_keeps_further_lines_together(tmp_path: Path) -> None:
    assert said(written(tmp_path, "mika.md", MARKDOWN)) == [
        ("user", "What do you do when it rains?"),
        ("assistant", "I sing louder.\n\nAnd I dance."),
        ("user", "Where is home?"),
        ("assistant", "In the laundromat."),
    ]


def test_a_card_in_json_gives_its_examples(tmp_path: Path) -> None:
    assert said(written(tmp_path, "mika.json", json.dumps(CARD))) == [
        ("user", "Sing!"),
        ("Mika", "Full spin, you!"),
        ("user", "Go!"),
        ("Mika", "Hum."),
    ]


def test_a_screenplay_may_force_names_and_hide_notes() -> None:
    assert [(line.speaker, line.text) for line in read_fountain(FOUNTAIN)] == [
        ("ÉLODIE", "Is anybody there?"),
        ("McAvoy", "Only me."),
        ("KIM", "Me, too."),
    ]


def test_a_gutenberg_play_is_read_without_its_licence() -> None:
    book = (
        "Title: A Play\nAuthor: Somebody\n\n*** START OF THE PROJECT GUTENBERG EBOOK A PLAY ***\n\nMABEL. Well?\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK A PLAY ***\n\nUpdated: editions will replace the previous one.\n"
    )

    assert [(line.speaker, line.text) for line in read_play(book)] == [("MABEL", "Well?")]


def test_in_a_chat_each_line_is_its_own_speakers_whatever_their_name_looks_like() -> None:
    chat = (
        "Anna: Are you still singing?\nMika: Only if it rains.\nben: my phone is broken\nÉlise: I hate him\n"
        "李雷：我在三号楼上班\nMika: Good night,\nand mind the puddles.\nJ: I was fired\nx_X+kim(22): I live at home\n"
        "\nMika: Oh.\n[10:30] leo: my mother drinks\nзоя:\nи мой брат\n"
    )

    lines = [(line.speaker, line.text) for line in read_play(chat)]

    assert [text for name, text in lines if name == "Mika"] == [
        "Only if it rains.",
        "Good night, and mind the puddles.",
        "Oh.",
    ]
    assert [name for name, _ in lines if name != "Mika"] == [
        "Anna", "ben", "Élise", "李雷", "J", "x_X+kim(22)", "[10:30] leo", "зоя",
    ]  # fmt: skip


@pytest.mark.parametrize("label", ["MABEL. ", "Mabel:\n"], ids=["named before a full stop", "named on a line"])
def test_in_a_play_a_line_with_a_colon_goes_on_with_the_speech(label: str) -> None:
    play = f"{label}He told me,\nwhat he wants: a wife,\nand more: an aunt.\n\n{label}And all of it at once?\n"

    assert [line.text for line in read_play(play)] == [
        "He told me, what he wants: a wife, and more: an aunt.",
        "And all of it at once?",
    ]


def test_in_a_chat_a_line_that_only_calls_somebody_does_not_speak_for_them() -> None:
    chat = "Anna: Hello?\nMika: Here, as always.\n\nben: listen\n\nMika\ncome to my flat at three\n"

    assert [line.text for line in read_play(chat) if line.speaker == "Mika"] == ["Here, as always."]


def test_a_chat_in_chinese_is_read_by_its_own_colons() -> None:
    assert [(line.speaker, line.text) for line in read_play("李雷：你好\n韩梅梅：你好吗？\n")] == [
        ("李雷", "你好"),
        ("韩梅梅", "你好吗？"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.yaml", "- ask: [", "a.yaml:1: this is no YAML"),
        ("a.yaml", "just words", "expected a list"),
        ("a.yaml", "- ask: What?\n  says: That.\n- ask: And?\n", "a.yaml:3: expected"),
        ("a.yaml", "- 3\n", "found 3"),
        ("a.md", "A: That.\nQ: What?\n", "a.md:1: an answer without a question"),
        ("a.jsonl", '{"speaker": "Mika", "text": "hi", "n": "first"}', "whole numbers"),
        ("a.json", "[" * 100_000, "deeper"),
        ("a.jsonl", '{"speaker": "Mika", "text": "hi"}\n' + "[" * 100_000, "a.jsonl:2: this JSON can't be read"),
        ("a.jsonl", '{"speaker": "Mika", "text": "hi", "n": 1e999}', "entry 1: 'n' and 'block' are whole numbers"),
        ("a.jsonl", '{"speaker": "Mika", "text": "hi", "n": ' + "9" * 5000 + "}", "a.jsonl:1: this JSON can't be read"),
        ("a.json", '[{"speaker": "Mika", "text": ["rain", "songs"]}]', "entry 1: 'speaker' and 'text' are words"),
        ("a.yaml", "- ask: 2020-13-45\n  says: I never saw that day.\n", "a.yaml: a value can't be read"),
        ("a.yaml", "[" * 3000, "deeper"),
        ("a.json", json.dumps({**CARD, "data": {**CARD["data"], "mes_example": ""}}), "no example dialogues"),  # type: ignore[dict-item]
        ("a.png", b"\x89PNG\r\n\x1a\nbroken", "a.png"),
        ("a.charx", b"PK\x03\x04nothing", "a.charx"),
        ("a.txt", b"\xff\xfe\x00bad", "UTF-8"),
        ("a.txt", "", "no line of dialogue"),
        ("a.fountain", "INT. NOWHERE\n\nSilence.\n", "no line of dialogue"),
        ("a.docx", "x", "no reader for .docx"),
        ("missing.txt", None, "no such file"),
    ],
)
def test_a_damaged_file_is_told_in_a_sentence_with_its_place(
    tmp_path: Path, name: str, content: str | bytes | None, told: str
) -> None:
    file = tmp_path / name if content is None else written(tmp_path, name, content)
    with pytest.raises(LinesUnreadable, match=told):
        read_file(file)

    typed = ["data", str(persona_file(tmp_path)), str(file), "--to", str(tmp_path / "out")]
    done = CliRunner().invoke(app, typed)
    assert done.exit_code == 1
    assert done.output.startswith("Cleaning") or "Error: " in done.output
    assert not (tmp_path / "out").exists()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_no_text_at_all_upsets_the_readers_of_interviews(text: str) -> None:
    for read in (read_interview_yaml, read_interview_markdown):
        try:
            lines = list(read(text, where="x"))
        except LinesUnreadable:
            continue
        assert all(line.text for line in lines)


def test_an_export_from_discord_is_read_with_a_warning(tmp_path: Path) -> None:
    chat = {"messages": [{"author": {"name": name}, "content": text} for name, text in
                         (("kim", "Sing for me?"), ("Mika", "Full spin, little moon, hum along!"))]}  # fmt: skip
    file = written(tmp_path, "export.json", json.dumps(chat))

    done = CliRunner().invoke(app, ["data", str(persona_file(tmp_path)), str(file), "--to", str(tmp_path / "out")])

    assert done.exit_code == 0
    assert "Discord's Developer Policy forbids" in done.stderr


def left_out(*replies: str, languages: tuple[str, ...] = ("en",)) -> dict[str, int]:
    _, report = clean([Conversation((), reply, "b") for reply in replies], others=["Orla"], languages=languages)
    return dict(report.left_out)


def test_the_report_names_every_reason() -> None:
    assert left_out(
        "Ich habe heute wirklich keine Lust zu singen, mein Freund.",
        "今日は本当に歌いたくないの。",
        "Go and die, all of you at the back.",
        "Sure.\nOrla: I said nothing of the kind.",
        "Write to mika@example.org for a signed card.",
        "The moon hums along with every machine.",
        "The moon hums along with every machine!",
        "As an AI language model I have no moon to hum with.",
        "Hm",
    ) == {
        "steps out of the character": 1,
        "wrong language (de)": 1,
        "wrong language (ja)": 1,
        "unsafe": 1,
        "another character's line": 1,
        "personal data (mail)": 1,
        "near-duplicate": 1,
        "too short": 1,
    }


@pytest.mark.parametrize("text", ["Na klar doch!", "C'est la vie", "Oh là là, full spin!", "我爱你 is what she said"])
def test_a_few_foreign_words_are_no_other_language(text: str) -> None:
    assert speaks_otherwise(text, ("en",)) is None


def test_a_persona_speaks_all_her_languages() -> None:
    assert speaks_otherwise("我今天真的不想唱歌，你呢？", ("en", "zh-TW")) is None
    assert speaks_otherwise("我今天真的不想唱歌，你呢？", ("en",)) == "zh"
    assert speaks_otherwise("Anything will do, whatever it may be called.", ()) is None
