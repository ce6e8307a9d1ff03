"""One thing said, by a fan or by a persona, with who, where and when."""

from dataclasses import dataclass
from datetime import datetime

from personas.place import Place


@dataclass(frozen=True, slots=True)
class Utterance:
    """`speaker_id` is stable (`web:3f…`, `discord:42`, `persona:mika`); `speaker_name` is a nickname.

    `id` is unique for the place's platform, so that a second delivery of the same thing is harmless. `at` carries
    its time zone.
    """

    id: str
    speaker_id: str
    speaker_name: str
    place: Place
    text: str
    at: datetime


def persona_speaker(persona_id: str) -> str:
    """The speaker id of a persona; no fan's id starts like it."""
    return f"persona:{persona_id}"
