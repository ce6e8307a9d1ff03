"""One remembered thing as the index keeps it, and the protocol of whoever keeps such things."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import numpy as np

from memory.scope import Scope
from personas import Place

Kind = Literal["utterance", "fact", "episode", "promise", "knowledge"]


@dataclass(frozen=True, slots=True)
class Record:
    """A memory of one persona about one fan.

    `audience` says who may hear it again (`personas.place.audience_of`): `private` or a guild. `sources` are the ids
    of the utterances it rests on (a raw utterance rests on itself). `vector` is float32 of shape (dim,) and unit
    length, or None where it was not asked for; `tokens` the packed sketch of the text (`memory.ranking_tokens`), empty
    where the encoder makes none. `valid_from` to `valid_to` is when the statement holds, `superseded_by` the id of the
    newer one; both None: it still holds. `session` names the stretch of talk without a silence of more than 30 minutes,
    `order` counts through the fan's whole talk with the persona.
    """

    id: str
    text: str
    speaker_id: str
    speaker_name: str
    place: Place
    audience: str
    at: datetime
    kind: Kind = "utterance"
    sources: tuple[str, ...] = ()
    vector: np.ndarray | None = field(default=None, compare=False, repr=False)
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    superseded_by: str | None = None
    session: str = ""
    order: int = 0
    tokens: bytes = field(default=b"", compare=False, repr=False)


class Store(Protocol):
    """Keeps one fan's records by scope. Only `persona_id` and `fan_id` of a scope choose what is touched here;
    who may *hear* a record again is decided above (`memory.scope`). Every call may raise `StoreTrouble`.
    """

    async def ready(self) -> None:
        """Loads what the first call would otherwise wait for."""

    async def upsert(self, scope: Scope, records: Sequence[Record]) -> None:
        """Add, or replace by id; every record needs its vector."""

    async def all(self, scope: Scope) -> list[Record]:
        """Every record of this persona about this fan, with vectors, by `order`."""
        ...

    async def nearest(self, scope: Scope, vector: np.ndarray, n: int) -> list[tuple[str, float]]:
        """Ids of the `n` records nearest to a unit vector of shape (dim,), with their cosine, best first."""
        ...

    async def delete(self, scope: Scope, ids: Sequence[str]) -> None:
        """Remove for good: afterwards no byte of these records is left in the index. Unknown ids are no error."""

    async def replace(self, scope: Scope, records: Sequence[Record]) -> None:
        """Put exactly these records in the place of all there are; no byte of the others is left in the index."""

    async def erase(self, persona_id: str | None, fan_id: str) -> int:
        """Remove all of a fan, for one persona or (None) for every one; returns how many records went."""
        ...

    async def count(self, scope: Scope) -> int:
        """How many records this persona has about this fan."""
        ...

    async def aclose(self) -> None:
        """Close what is open; nothing is lost without it."""
