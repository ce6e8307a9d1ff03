"""Opens a creator's file, whatever it is, and gives its lines."""

from collections.abc import Sequence
from pathlib import Path

from finetune.errors import LinesUnreadable
from finetune.line import Line
from finetune.reader_chats import read_chats
from finetune.reader_scripts import read_fountain, read_play

CHATS, FOUNTAIN, PLAYS = {".json", ".jsonl"}, {".fountain", ".spmd"}, {".txt", ".md", ".text"}


def read_lines(paths: Sequence[Path]) -> list[Line]:
    """All lines of all files, in order; the file's name tells two files' scenes apart."""
    return [line for path in paths for line in read_file(path)]


def read_file(path: Path) -> list[Line]:
    """The lines of one file, by its ending. Raises `LinesUnreadable` with the file, the place and what was expected."""
    text = text_of(path)
    ending = path.suffix.lower()
    if ending in CHATS:
        found = list(read_chats(text, where=str(path)))
    elif ending in FOUNTAIN:
        found = list(read_fountain(text))
    elif ending in PLAYS:
        found = list(read_play(text))
    else:
        known = ", ".join(sorted(CHATS | FOUNTAIN | PLAYS))
        raise LinesUnreadable(
            f"{path}: no reader for {ending or 'a file without an ending'}; there is one for {known}."
        )
    if not found:
        raise LinesUnreadable(f"{path}: no line of dialogue was found. A play's lines look like 'NAME. What is said.'")
    scene = path.stem
    return [Line(one.speaker, one.text, f"{scene} {one.scene}".strip(), one.block, one.number) for one in found]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as exc:
        raise LinesUnreadable(f"{path}: there is no such file.") from exc
    except (UnicodeDecodeError, OSError) as exc:
        raise LinesUnreadable(f"{path}: it can't be read as UTF-8 text ({exc.__class__.__name__}).") from exc
