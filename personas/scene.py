"""All that a persona has in mind when it answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from personas.persona import Persona
from personas.place import Place
from personas.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Recollection:
    """Something remembered, as it comes to mind now: an episode, a fact, or a thing once said.

    `score` grows with likeness and is comparable within one recall; `confidence` is 0 to 1, how sure the recall is
    that this answers what was heard. `speaker_id` is empty where nobody in particular said it, or nobody knows who.
    """

    id: str
    text: str
    speaker_name: str
    at: datetime
    score: float
    confidence: float = 1.0
    kind: Literal["utterance", "fact", "episode", "promise", "knowledge"] = "utterance"
    source: str = ""
    speaker_id: str = ""


COMPARED = 2  # messages that vectorised lore is compared with, as in SillyTavern

LorePosition: TypeAlias = Literal[
    "notes",
    "before_char",
    "after_char",
    "personality",
    "scenario",
    "depth",
    "note_top",
    "note_bottom",
    "examples_top",
    "examples_bottom",
    "outlet",
]


@dataclass(frozen=True, slots=True)
class LoreNote:
    """A lore entry that is active now, with its macros expanded and its decorators gone.

    `depth` counts messages up from the newest for `position="depth"`. `priority` decides what is dropped first
    when the window is full (lowest first).
    """

    id: str
    text: str
    position: LorePosition = "notes"
    depth: int = 0
    role: Literal["system", "user", "assistant"] = "system"
    order: float = 0
    priority: float = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """`history` is what was said before, oldest first; `heard` is what the persona answers now, never empty."""

    persona: Persona
    place: Place
    heard: tuple[Utterance, ...]
    history: tuple[Utterance, ...] = ()
    recollections: tuple[Recollection, ...] = ()
    lore: tuple[LoreNote, ...] = ()
    mood: str = ""
    now: datetime | None = None
