"""The one place where this room opens the journal, and it takes nothing from it but lessons.

A test holds the rest of the room to that: nothing else here may read what fans said.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from finetune.errors import LinesUnreadable
from finetune.journal_reader import Staged
from memory import Lesson, Review, Verdict
from memory.opening import open_journal
from memory.settings import MemorySettings
from personas import SHIPPED, Cast, Persona, load
from personas.lore_scene import Lorekeeper


class Lessons(Protocol):
    """What `memory` lets be learnt. Its calls may raise a `JournalTrouble`."""

    async def of(self, persona_id: str) -> tuple[tuple[Lesson, ...], ...]:
        """A persona's lessons, talk by talk."""
        ...

    async def reviews(self, persona_id: str) -> tuple[Review, ...]:
        """What fans liked better, with the operator's verdicts."""
        ...

    async def decide(self, persona_id: str, review_id: str, verdict: Verdict) -> None:
        """Keeps a verdict. Raises `UnknownReview`."""


@asynccontextmanager
async def opened_lessons(data: Path) -> AsyncIterator[Lessons]:
    """The lessons of a data folder, or of the journal that the settings name. Raises `LinesUnreadable`."""
    async with await open_journal(data, settings_for(data)) as journal:
        yield journal.lessons


def settings_for(data: Path) -> MemorySettings:
    """What the operator says about memory; an empty journal is not made just to be read."""
    settings = MemorySettings.read()
    if settings.journal is None and not data.is_dir():
        raise LinesUnreadable(f"There is no data folder {data}. Name one that exists with --data.")
    return settings


def staged(persona: Persona, file: Path) -> Staged:
    """What makes conversations of a persona's lessons, with her lorebooks."""
    return Staged(persona, Lorekeeper(lambda _: file).notes)


def cast_member(named: str) -> tuple[Persona, Path]:
    """A persona by her file, or by her id in the shipped cast, with the file. Raises a `PersonaError`."""
    if named.endswith((".yaml", ".yml")):
        return load(Path(named)), Path(named)
    cast = Cast([SHIPPED])
    return cast.get(named), cast.file(named)
