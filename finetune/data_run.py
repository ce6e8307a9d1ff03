"""One run from a creator's files to a frozen data set."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from finetune.cleaning import clean
from finetune.conversation import conversations
from finetune.dataset import DatasetSheet, write_dataset
from finetune.errors import LinesUnreadable
from finetune.line import Line
from finetune.readers import read_lines
from personas import load


def run(persona_file: Path, files: Sequence[Path], *, speaker: str, to: Path) -> DatasetSheet:
    """Reads, finds the persona's lines, cleans, splits, writes."""
    persona = load(persona_file)
    lines = read_lines(files)
    wanted = speaker or persona.name
    found = list(conversations(lines, wanted))
    if not found:
        raise LinesUnreadable(nobody(wanted, lines))
    others = sorted({line.speaker for line in lines} - {wanted})
    kept, report = clean(found, others=others)
    return write_dataset(to, kept, persona, wanted, report)


def nobody(wanted: str, lines: Sequence[Line]) -> str:
    """Who does speak, when the one who was looked for doesn't."""
    often = ", ".join(f"{name} ({count})" for name, count in Counter(line.speaker for line in lines).most_common(8))
    return f"Nobody called {wanted!r} answers anybody in these files. Who speaks: {often}. Name one with --speaker."
