"""Who the characters are, and how they are put into words."""

from personas.cast import SHIPPED, Cast, Changes
from personas.danger import is_in_danger
from personas.errors import Finding, PersonaError, PersonaTwice, PersonaUnknown, PersonaUnreadable, PersonaWrong
from personas.fitting import steady
from personas.honesty import asks_if_real
from personas.knowledge import Passage, passages
from personas.labels import Labels
from personas.owning_up import leaves_it_open
from personas.persona import (
    MOODS,
    Boundaries,
    Example,
    Look,
    Mood,
    OnDiscord,
    Persona,
    Plays,
    Presence,
    Remembers,
    Translation,
    Voice,
)
from personas.persona_file import load
from personas.place import Place, audience_of, is_private, platform_of
from personas.prompt import Prompt, render
from personas.rescue import points_to_help
from personas.scene import COMPARED, LoreNote, Recollection, Scene
from personas.spelling import spelled
from personas.stepping_out import steps_out
from personas.stops import stops
from personas.utterance import Utterance, persona_speaker

__all__ = [
    "COMPARED",
    "MOODS",
    "SHIPPED",
    "Boundaries",
    "Cast",
    "Changes",
    "Example",
    "Finding",
    "Labels",
    "Look",
    "LoreNote",
    "Mood",
    "OnDiscord",
    "Passage",
    "Persona",
    "PersonaError",
    "PersonaTwice",
    "PersonaUnknown",
    "PersonaUnreadable",
    "PersonaWrong",
    "Place",
    "Plays",
    "Presence",
    "Prompt",
    "Recollection",
    "Remembers",
    "Scene",
    "Translation",
    "Utterance",
    "Voice",
    "asks_if_real",
    "audience_of",
    "is_in_danger",
    "is_private",
    "leaves_it_open",
    "load",
    "passages",
    "persona_speaker",
    "platform_of",
    "points_to_help",
    "render",
    "spelled",
    "steady",
    "steps_out",
    "stops",
]
