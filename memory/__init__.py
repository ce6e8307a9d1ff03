"""What happened, what is remembered, and by whom it may be recalled."""

from memory.errors import (
    JournalTooNew,
    JournalTrouble,
    MemoryTrouble,
    NotYours,
    RecallError,
    UnknownMemory,
    UnknownReview,
    UnknownTurn,
)
from memory.lesson import Lesson, Liking, Preference, Review, Verdict
from memory.receipt import Receipt
from memory.scope import Scope, Sharing
from memory.talk import Talk, Thumb
from memory.turn import Outcome, Turn

__all__ = [
    "JournalTooNew",
    "JournalTrouble",
    "Lesson",
    "Liking",
    "MemoryTrouble",
    "NotYours",
    "Outcome",
    "Preference",
    "RecallError",
    "Receipt",
    "Review",
    "Scope",
    "Sharing",
    "Talk",
    "Thumb",
    "Turn",
    "UnknownMemory",
    "UnknownReview",
    "UnknownTurn",
    "Verdict",
]
