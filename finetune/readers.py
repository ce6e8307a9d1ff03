"""Opens a creator's file, whatever it is, and gives its lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from finetune.errors import LinesUnreadable
from finetune.line import Line
from finetune.reader_cards import read_card
from finetune.reader_chats import is_card_json, read_chats
from finetune.reader_interviews import is_interview, read_interview_markdown, read_interview_yaml
from finetune.reader_scripts import read_fountain, read_play

HALF = re.compile("[\ud800-\udfff]")
CHATS, FOUNTAIN, PLAYS = {".json", ".jsonl"}, {".fountain", ".spmd"}, {".txt", ".md", ".text"}
INTERVIEWS, CARDS = {".yaml", ".yml"}, {".png", ".apng", ".charx", ".webp", ".jpg", ".jpeg"}


def read_lines(paths: Sequence[Path]) -> list[Line]:
    """All lines of all files, in order; the file's name tells two files' scenes apart."""
    lines, names = list[Line](), set[str]()
    for number, path in enumerate(paths):
        name = f"{number} {path.stem}" if path.stem in names else path.stem
        names.add(path.stem)
        lines += read_file(path, name=name)
    return lines


def read_file(path: Path, *, name: str = "") -> list[Line]:
    """The lines of one file, by its ending; `name` (its own, if left out) begins the name of each scene.

    Raises `LinesUnreadable` with the file, the place and what was expected.
    """
    found = list(lines_in(path))
    if not found:
        raise LinesUnreadable(f"{path}: no line of dialogue was found. A play's lines look like 'NAME. What is said.'")
    name = name or path.stem
    return [writable(replace(one, scene=f"{name} {one.scene}".strip())) for one in found]


def writable(line: Line) -> Line:
    """The line without half characters, which a JSON export can hold where it cut an emoji in two."""
    speaker, text, scene = (HALF.sub("\ufffd", words) for words in (line.speaker, line.text, line.scene))
    return replace(line, speaker=speaker, text=text, scene=scene)


def lines_in(path: Path) -> Iterator[Line]:
    """The lines of a file as its own reader gives them."""
    ending = path.suffix.lower()
    if ending in CARDS:
        return read_card(path)
    if ending not in CHATS | FOUNTAIN | PLAYS | INTERVIEWS:
        known = ", ".join(sorted(CHATS | FOUNTAIN | PLAYS | INTERVIEWS | CARDS))
        named = ending or "a file without an ending"
        raise LinesUnreadable(f"{path}: no reader for {named}; there is one for {known}.")
    text = text_of(path)
    if ending in CHATS:
        return read_card(path) if is_card_json(text) else read_chats(text, where=str(path))
    if ending in INTERVIEWS:
        return read_interview_yaml(text, where=str(path))
    if ending in FOUNTAIN:
        return read_fountain(text)
    return read_interview_markdown(text, where=str(path)) if is_interview(text) else read_play(text)


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as exc:
        raise LinesUnreadable(f"{path}: there is no such file.") from exc
    except (UnicodeDecodeError, OSError) as exc:
        raise LinesUnreadable(f"{path}: it can't be read as UTF-8 text ({exc.__class__.__name__}).") from exc
