"""Scenes as tests need them, and a counter of tokens that is easy to check by hand."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from personas import Example, LoreNote, Persona, Place, Recollection, Scene, Utterance, persona_speaker
from serving import ChatMessage, Window

BEGAN = datetime(2026, 3, 9, 19, tzinfo=UTC)
PRIVATE, PUBLIC = Place("web:1"), Place("discord:1/2")
NOVA = Persona(
    id="nova",
    name="Nova",
    who="Nova is a lamp that hums.",
    examples=(Example(fan="Are you on?", says="Always, for you."),),
)


def said(number: int, text: str, *, by: str = "fan:1", name: str = "Kim", place: Place = PRIVATE) -> Utterance:
    """One thing said, a minute after the one before it."""
    return Utterance(f"u{number}", by, name, place, text, BEGAN + timedelta(minutes=number))


def own(number: int, text: str, *, place: Place = PRIVATE) -> Utterance:
    """One thing Nova said."""
    return said(number, text, by=persona_speaker("nova"), name="Nova", place=place)


def chat(turns: int, *, words: int = 12) -> tuple[Utterance, ...]:
    """What was said in so many turns, each line of another length."""
    lines = []
    for number in range(turns):
        lines.append(said(2 * number, f"fan says {number} " + "so " * (words + number % 7)))
        lines.append(own(2 * number + 1, f"nova says {number} " + "yes " * (words + number % 5)))
    return tuple(lines)


def recollection(number: int, *, score: float = 0.5, text: str = "") -> Recollection:
    """Something Kim once said."""
    return Recollection(f"r{number}", text or f"memory {number} of a cat", "Kim", BEGAN, score)


def lore(number: int, *, priority: float = 0) -> LoreNote:
    """A lore note."""
    return LoreNote(f"l{number}", f"lore {number} about the town", priority=priority)


def scene(text: str = "And now?", *, place: Place = PRIVATE, **more: object) -> Scene:
    """Nova, hearing one thing."""
    return Scene(**{"persona": NOVA, "place": place, "heard": (said(9999, text, place=place),), **more})  # type: ignore[arg-type]


def pieces(messages: Sequence[ChatMessage]) -> list[str]:
    """Tokens of four letters at most, a sign each for the rest, and the frame around every message."""
    return [
        piece
        for message in messages
        for piece in (f"<{message.role}>", *re.findall(r"\w{1,4}|[^\w\s]|\n", message.content), "<end>")
    ]


def window(tokens: int) -> Window:
    """A window of so many pieces."""
    return Window(tokens, lambda messages: len(pieces(messages)))
