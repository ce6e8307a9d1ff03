"""Which lore, and which of her card's instructions, come to a persona's mind at a cue."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol

import structlog

from bots.cue import Cue
from memory import MemoryTrouble
from personas import COMPARED, LoreNote, Persona, Utterance
from serving import ServingError

log = structlog.get_logger()
LoreAt = Callable[[Cue, int | None], Awaitable[tuple[LoreNote, ...]]]
"""A cue and the engine's window in tokens (None: not known) to what comes to mind."""
Near = Callable[[str, Mapping[str, str], str], Awaitable[frozenset[str]]]
"""A persona's id, texts by their keys, and words: the keys of the texts that are near."""


class Keeper(Protocol):
    """Whoever keeps the cast's lorebooks."""

    def notes(
        self,
        persona: Persona,
        history: Sequence[Utterance],
        heard: Sequence[Utterance],
        *,
        window: int | None,
        near: Collection[str] | None,
    ) -> tuple[LoreNote, ...]: ...

    def vectorized(self, persona: Persona) -> Mapping[str, str]: ...


def lore_at(keeper: Keeper, near: Near) -> LoreAt:
    """With vectorised entries by `near`; for a turn of the past, whose lore is recorded, by what it had."""

    async def notes(cue: Cue, window: int | None) -> tuple[LoreNote, ...]:
        heard = cue.turn.heard
        return keeper.notes(cue.persona, cue.history, heard, window=window, near=await nearest(cue))

    async def nearest(cue: Cue) -> frozenset[str] | None:
        texts = keeper.vectorized(cue.persona)
        if not texts or cue.turn.lore:
            return frozenset(cue.turn.lore)
        try:
            newest = [one.text for one in (*cue.history, *cue.turn.heard)][-COMPARED:]
            return await near(cue.persona.id, texts, "\n".join(newest))
        except (MemoryTrouble, ServingError) as exc:
            log.warning("lore_by_keys_alone", persona=cue.persona.id, reason=str(exc))
            return None

    return notes
