"""Which vectorised lore entries are near to what was said: their vectors lie in the index, shared by all fans.

`personas` knows which entries want this and what becomes of those that are near; here they are only compared, by
cosine, or by their words where the encoder can't read the language. Texts are embedded in the background when they are
first asked for, and kept by their words; until that is done the entries fire by their keys alone.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Self

import numpy as np
import structlog

from memory.errors import MemoryTrouble, StoreDamaged
from memory.languages import language_of
from memory.ranking import Ranking
from memory.ranking_tokens import Sketcher
from memory.recall import merged
from memory.recollecting import Asked, Recollecting
from memory.record import Record, Store
from memory.scope import BACKSTAGE, Scope
from memory.tuning import Tuning
from personas import Utterance
from serving import Encoder, ServingError

log = structlog.get_logger()
MOST, ALIKE = 5, 0.25  # as in SillyTavern
SURE = 0.12  # a fifth of what was said, by the weight of its words
PORTION = 64
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
UNTUNED = Tuning()
SOMEBODY = "lore"


class LoreVectors:
    """`async with LoreVectors(store, encoder, tuning) as vectors`; without a store nothing is kept."""

    def __init__(self, store: Store | None, encoder: Encoder, tuning: Tuning = UNTUNED) -> None:
        self._store = store
        self._sketcher = Sketcher(encoder)
        self._recollecting = Recollecting(encoder, tuning=tuning)
        self._tuning = tuning
        self._rankings: dict[str, tuple[frozenset[str], Ranking]] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        """Breaks off what is being embedded; the next time goes on."""
        tasks = list(self._at_work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def near(self, persona_id: str, texts: Mapping[str, str], words: str) -> frozenset[str]:
        """The keys of the few texts that are near to these words, as far as they are embedded.

        Raises `ServingError` if the words can't be encoded.
        """
        if not texts or not words.strip():
            return frozenset()
        ids = {text: id_of(text) for text in texts.values()}
        self._look(persona_id, ids)
        _, ranking = self._rankings.get(persona_id, (frozenset(), self._recollecting.blank()))
        if not len(ranking):
            return frozenset()
        scope = shelf_of(persona_id)
        said = Utterance("lore", scope.fan_id, "", scope.place, words, LONG_AGO)
        asked = await self._recollecting.read(scope, [said], now=LONG_AGO)
        likely = (self._alike if language_of(words) in self._tuning.reads else sharing_words)(ranking, asked)
        found = set(sorted(likely, key=lambda one: -likely[one])[:MOST])
        return frozenset(key for key, text in texts.items() if ids[text] in found)

    def _alike(self, ranking: Ranking, asked: Sequence[Asked]) -> dict[str, float]:
        """The ids of what is alike by vector, each with its cosine."""
        records = ranking.newest(len(ranking))
        vectors = np.stack([one.vector for one in records if one.vector is not None])
        cosines = np.max(np.stack([one.vector for one in asked]) @ vectors.T, axis=0)
        tuned = self._tuning.slope * cosines + self._tuning.offset
        return {record.id: float(one) for record, one in zip(records, tuned, strict=True) if one >= ALIKE}

    async def embed(self, persona_id: str, ids: Mapping[str, str]) -> None:
        """Make vectors of texts (text to id) that have none yet, and drop those of texts that are gone."""
        scope = shelf_of(persona_id)
        stored = await self._stored(scope)
        kept = {record.id: record for record in stored if record.id in ids.values()}
        new = {one: text for text, one in ids.items() if one not in kept}
        for begin in range(0, len(new), PORTION):
            portion = await self._embedded(dict(list(new.items())[begin : begin + PORTION]))
            if self._store:
                await self._store.upsert(scope, portion)
            kept |= {record.id: record for record in portion}
        if self._store and len(stored) + len(new) > len(kept):
            await self._store.replace(scope, list(kept.values()))
        ranking = self._recollecting.blank()
        ranking.add(*kept.values())
        self._rankings[persona_id] = (frozenset(kept), ranking)

    async def settled(self) -> None:
        """Waits until nothing is being embedded any more."""
        await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    def _look(self, persona_id: str, ids: Mapping[str, str]) -> None:
        """Begin anew where an entry is new or gone."""
        known = self._rankings.get(persona_id)
        if persona_id in self._at_work or (known and known[0] == frozenset(ids.values())):
            return
        task = asyncio.create_task(self._at(persona_id, ids), name=f"lore of {persona_id}")
        self._at_work[persona_id] = task
        task.add_done_callback(lambda _: self._at_work.pop(persona_id, None))

    async def _at(self, persona_id: str, ids: Mapping[str, str]) -> None:
        """What can't be embedded is said once for each change; its entries fire by their keys."""
        try:
            await self.embed(persona_id, ids)
        except (MemoryTrouble, ServingError) as exc:
            log.warning("lore_not_embedded", persona=persona_id, entries=len(ids), reason=str(exc))
            self._rankings[persona_id] = (frozenset(ids.values()), self._recollecting.blank())

    async def _stored(self, scope: Scope) -> Sequence[Record]:
        if self._store is None:
            return ()
        try:
            return await self._store.all(scope)
        except StoreDamaged:
            await self._store.erase(scope.persona_id, scope.fan_id)
            return ()

    async def _embedded(self, texts: Mapping[str, str]) -> list[Record]:
        vectors, sketches = await self._sketcher.read(list(texts.values()))
        return [
            replace(as_record(one, text), vector=vector, tokens=sketch.packed() if sketch else b"")
            for (one, text), vector, sketch in zip(texts.items(), vectors, sketches, strict=True)
        ]


def shelf_of(persona_id: str) -> Scope:
    """Where the vectors of a persona's lore are kept: nobody's memories."""
    return Scope(persona_id or SOMEBODY, f"lore:{persona_id}", BACKSTAGE)


def sharing_words(ranking: Ranking, asked: Sequence[Asked]) -> dict[str, float]:
    """The ids of what has words in common: all that counts in a language that the encoder can't read."""
    ranked = merged(ranking.rank(one.question, one.vector) for one in asked)
    return {one.record.id: one.confidence for one in ranked if one.confidence >= SURE}


def as_record(one: str, text: str) -> Record:
    """A text as the index keeps it."""
    return Record(one, text, SOMEBODY, "", BACKSTAGE, "everybody", LONG_AGO, "knowledge", (one,))


def id_of(text: str) -> str:
    """A text's id: the same words have the same vector."""
    return sha256(text.encode("utf-8", errors="replace")).hexdigest()[:16]
