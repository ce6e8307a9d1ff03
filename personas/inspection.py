"""Everything that is wrong with some personas: with their files, their lorebooks and their documents."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from personas.cast import Cast
from personas.errors import Finding, PersonaError
from personas.knowledge import document_passages
from personas.lore_check import lore_findings
from personas.persona import Persona
from personas.persona_file import load


def cast_findings(folders: Sequence[Path]) -> Iterator[Finding]:
    """What is wrong with everybody in some folders, as the house reads them."""
    cast = Cast(folders)
    for error in cast.errors:
        yield from error.findings
    for persona in cast.all():
        yield from beside(persona, cast.file(persona.id).parent)


def file_findings(file: Path) -> Sequence[Finding]:
    """What is wrong with one file, and with what it names."""
    try:
        return tuple(beside(load(file), file.parent))
    except PersonaError as exc:
        return exc.findings


def beside(persona: Persona, folder: Path) -> Iterator[Finding]:
    """What is wrong with a persona's lorebooks and documents."""
    for name in persona.lore:
        yield from lore_findings(folder / name)
    for name in persona.knowledge:
        try:
            deque(document_passages(folder / name, name), maxlen=0)
        except PersonaError as exc:
            yield from exc.findings
