"""What a persona's documents say: embedded once, beside her memories, shared by all fans and only read by turns.

Passages are cut in `personas.knowledge`. They are embedded in the background, when the house opens and when a file
changed; until that is done she knows what she knew before. A passage whose words stayed keeps its vector.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import structlog

from memory.errors import MemoryTrouble, StoreDamaged
from memory.ranking import Ranking
from memory.ranking_tokens import Sketcher
from memory.recall import Measure, different, merged, within
from memory.recollecting import Asked
from memory.record import Record, Store
from memory.scope import BACKSTAGE, Scope
from personas import Passage, Persona, PersonaError, Recollection, passages, persona_speaker
from serving import Encoder, ServingError

log = structlog.get_logger()
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # documents have no day: none of them is news
PORTION = 64  # passages embedded before they are written, so that a long document can be broken off and resumed
PASSAGES = Measure(limit=3, words=360, unsure=0.35)
Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Shelved:
    """One persona's passages, ready to be asked; `stamp` changes with her file and with every document."""

    stamp: Stamp
    passages: dict[str, Passage]
    ranking: Ranking


class Library:
    """`async with Library(…) as library`. `persona` gives who is on stage (or None), `folder` where her file lies."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        *,
        persona: Callable[[str], Persona | None],
        folder: Callable[[str], Path],
        blank: Callable[[], Ranking],
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._persona = persona
        self._folder = folder
        self._blank = blank
        self._shelves: dict[str, Shelved] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        """Breaks off what is being embedded; the next opening goes on."""
        tasks = list(self._at_work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def open(self, persona_ids: Iterable[str]) -> None:
        """Begin to embed what is not embedded yet; nobody waits for it."""
        for persona_id in persona_ids:
            self._look(persona_id)

    def recall(self, persona_id: str, asked: Sequence[Asked], *, now: datetime) -> tuple[Recollection, ...]:
        """The passages that answer any of these questions, likeliest first, with where they are written."""
        self._look(persona_id)
        shelf = self._shelves.get(persona_id)
        if shelf is None or not shelf.passages:
            return ()
        anybodys = (replace(one, question=replace(one.question, about=None)) for one in asked)
        ranked = merged(shelf.ranking.rank(one.question, one.vector, sketch=one.sketch) for one in anybodys)
        sure = (one for one in ranked if one.confidence >= PASSAGES.unsure)
        chosen = within(PASSAGES, different(sure, PASSAGES.alike))
        return tuple(
            shelf.passages[one.record.id].recollection(score=one.score, confidence=one.confidence, now=now)
            for one in chosen
        )

    async def shelve(self, persona_id: str) -> int:
        """Embed what is new, remove what is gone; returns how many passages there are.

        Raises `PersonaError` for a document that can't be read, and what store and encoder raise.
        """
        persona = self._persona(persona_id)
        if persona is None:
            return 0
        stamp, scope = self._stamp(persona), shelf_of(persona_id)
        found = {one.id: one for one in await asyncio.to_thread(passages, persona, self._folder(persona_id))}
        kept = {record.id: record for record in await self._stored(scope) if record.id in found}
        new = [as_record(one, persona_id) for one in found.values() if one.id not in kept]
        for begin in range(0, len(new), PORTION):
            portion = await self._embedded(new[begin : begin + PORTION])
            await self._store.upsert(scope, portion)
            kept |= {record.id: record for record in portion}
        if await self._store.count(scope) > len(kept):
            await self._store.replace(scope, list(kept.values()))
        ranking = self._blank()
        ranking.add(*(kept[one] for one in found))
        self._shelves[persona_id] = Shelved(stamp, found, ranking)
        return len(found)

    async def settled(self) -> None:
        """Waits until nothing is being embedded any more."""
        await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    def _look(self, persona_id: str) -> None:
        """Begin anew where a persona's file or a document changed since."""
        persona, shelf = self._persona(persona_id), self._shelves.get(persona_id)
        if persona is None or persona_id in self._at_work or not (persona.knowledge or shelf):
            return
        if shelf is None or shelf.stamp != self._stamp(persona):
            task = asyncio.create_task(self._at(persona_id), name=f"documents of {persona_id}")
            self._at_work[persona_id] = task
            task.add_done_callback(lambda _: self._at_work.pop(persona_id, None))

    async def _at(self, persona_id: str) -> None:
        """What can't be read or embedded is said once for each change; she speaks without it."""
        try:
            number = await self.shelve(persona_id)
        except (PersonaError, MemoryTrouble, ServingError) as exc:
            log.warning("documents_unread", persona=persona_id, reason=str(exc))
            if persona := self._persona(persona_id):
                before = self._shelves.get(persona_id) or Shelved((), {}, self._blank())
                self._shelves[persona_id] = replace(before, stamp=self._stamp(persona))
        else:
            log.info("documents_read", persona=persona_id, passages=number)

    async def _stored(self, scope: Scope) -> list[Record]:
        try:
            return await self._store.all(scope)
        except StoreDamaged:
            await self._store.erase(scope.persona_id, scope.fan_id)
            return []

    async def _embedded(self, records: Sequence[Record]) -> list[Record]:
        vectors, sketches = await Sketcher(self._encoder).read([record.text for record in records])
        return [
            replace(record, vector=vector, tokens=sketch.packed() if sketch else b"")
            for record, vector, sketch in zip(records, vectors, sketches, strict=True)
        ]

    def _stamp(self, persona: Persona) -> Stamp:
        files = [self._folder(persona.id) / name for name in persona.knowledge]
        return (persona.version, *((file.name, file.stat().st_mtime_ns if file.is_file() else 0) for file in files))


def shelf_of(persona_id: str) -> Scope:
    """Where a persona's passages are kept: nobody's memories, her own."""
    return Scope(persona_id, persona_speaker(persona_id), BACKSTAGE)


def as_record(passage: Passage, persona_id: str) -> Record:
    """A passage as the index keeps it: with its heading, which often says what it is about."""
    text = f"{passage.heading}\n{passage.text}" if passage.heading else passage.text
    me = persona_speaker(persona_id)
    return Record(
        passage.id, text, me, "", BACKSTAGE, "everybody", LONG_AGO, "knowledge", sources=(passage.citation, passage.id)
    )
