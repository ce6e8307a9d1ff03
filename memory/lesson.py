"""What a persona may learn from: a turn with what came before it, and which of two replies was liked better."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from memory.talk import Thumb
from memory.turn import Turn

Liking = Literal["thumbs", "again", "edited", "up", "down"]
Verdict = Literal["waiting", "approved", "rejected"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A turn that was answered: `talk[number]`. Everybody heard in the talk until then has agreed.

    All lessons of a talk share its turns, oldest first, so that a long one does not stand in memory once a turn.
    """

    talk: tuple[Turn, ...]
    number: int
    thumb: Thumb | None = None

    @property
    def turn(self) -> Turn:
        """What is learnt."""
        return self.talk[self.number]

    @property
    def before(self) -> tuple[Turn, ...]:
        """What came before it, oldest first."""
        return self.talk[: self.number]

    @property
    def fans(self) -> tuple[str, ...]:
        """Whose words it holds."""
        return tuple(sorted({said.speaker_id for turn in (*self.before, self.turn) for said in turn.heard}))


@dataclass(frozen=True, slots=True)
class Preference:
    """Which reply was liked: of two to the same words (`thumbs`, `again`, `edited`), or of one alone (`up`, `down`).

    `lesson` is the one whose prompt both answer. `chosen` is None for `down`, `rejected` for `up`.
    """

    kind: Liking
    lesson: Lesson
    chosen: Turn | None
    rejected: Turn | None

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits, the same whenever it is found again."""
        names = "|".join(turn.id if turn else "" for turn in (self.chosen, self.rejected))
        return hashlib.sha256(names.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Review:
    """A preference, and what the operator said to it."""

    preference: Preference
    verdict: Verdict
