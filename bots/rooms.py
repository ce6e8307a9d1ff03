"""What the bots need of the rooms below, and nothing more: whoever has these calls can be played with."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from memory import Scope, Turn
from personas import Mood, Persona, Place, Recollection, Utterance


class Cast(Protocol):
    """The personas there are. `get` raises a `PersonaError` for an id it does not know."""

    def get(self, persona_id: str, /) -> Persona: ...

    def all(self) -> Sequence[Persona]: ...


class Journal(Protocol):
    """The durable record of turns, as far as a conversation writes and reads it."""

    async def hear(self, utterance: Utterance, *, persona_id: str) -> bool:
        """Writes down what was said to a persona; False if it stands there already, by its id."""

    async def overhear(self, utterance: Utterance, *, persona_id: str) -> bool:
        """Writes down what was said beside a persona; False if it stands there already."""

    async def overheard(
        self, place: Place, persona_id: str, *, limit: int = 20, to_others: bool = False
    ) -> Sequence[Utterance]:
        """What was said in a place and is in no turn yet, oldest first; `to_others`: not what was said to her."""

    async def begin(self, turn: Turn) -> bool:
        """Writes a turn down before it is answered, and shows its branch; False if some of its words changed."""

    async def standing(self, said: Sequence[Utterance], *, persona_id: str) -> tuple[Utterance, ...]:
        """What of it was not erased since a persona heard it, in the words it has now."""

    async def hearing(self, said: Utterance, *, persona_id: str) -> tuple[Turn, ...]:
        """The turns, on any branch, in which a persona heard what was said, the newest first."""

    async def finish(self, turn: Turn) -> bool:
        """Writes down how it came out; False if somebody else did, or its fan was forgotten."""

    async def path(
        self, place: Place, persona_id: str, *, leaf: str | None = None, limit: int = 50
    ) -> tuple[Turn, ...]:
        """The turns up to `leaf` (None: the current one), oldest first."""

    async def turn(self, turn_id: str) -> Turn:
        """Raises `UnknownTurn`."""

    async def unanswered(self) -> Sequence[Turn]:
        """Turns that were begun and never finished."""

    async def waiting(self) -> Sequence[tuple[str, Utterance]]:
        """(persona, utterance) for all that was addressed to somebody and never got a turn, oldest first."""

    def first(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Whether nobody else, in any process, is in such a block now."""


class Memory(Protocol):
    """What is remembered of a fan, as far as a turn needs it. Its calls raise `MemoryTrouble`s."""

    async def recall(
        self,
        scope: Scope,
        heard: Sequence[Utterance],
        *,
        limit: int,
        now: datetime | None = None,
        besides: Collection[str] = (),
    ) -> tuple[Recollection, ...]:
        """What comes to mind, likeliest first; not what stands in the prompt already (`besides`, by id)."""

    async def remember(self, scope: Scope, utterances: Sequence[Utterance]) -> object: ...

    async def sync(self, scope: Scope) -> object:
        """Follows the journal after another branch was chosen."""


class MoodReader(Protocol):
    """What a persona feels while saying this."""

    async def read(self, words: str) -> Mood: ...
