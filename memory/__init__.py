"""What happened, what is remembered, and by whom it may be recalled."""

from memory.errors import (
    JournalTooNew,
    JournalTrouble,
    MemoryTrouble,
    NotYours,
    RecallError,
    UnknownMemory,
    UnknownTurn,
)
from memory.receipt import Receipt
from memory.scope import Scope, Sharing
from memory.talk import Talk, Thumb
from memory.turn import Outcome, Turn

__all__ = [
    "JournalTooNew",
    "JournalTrouble",
    "MemoryTrouble",
    "NotYours",
    "Outcome",
    "RecallError",
    "Receipt",
    "Scope",
    "Sharing",
    "Talk",
    "Thumb",
    "Turn",
    "UnknownMemory",
    "UnknownTurn",
]
