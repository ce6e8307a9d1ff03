"""What a persona remembers of a fan: written at once, recalled in scope, shown, corrected and forgotten on request.

The journal is the truth. The index (`Store`) is compared with it whenever a fan is first met after a start, so a
crash between the two, a deleted folder or a damaged one heals itself; until then the journal has everything.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self
from weakref import WeakValueDictionary

from memory.acquaintance import Acquaintance
from memory.agreement import Agreement, compare, encoded
from memory.errors import MemoryTrouble, RecallError, StoreDamaged, UnknownMemory
from memory.forgetting import forget_fan
from memory.journal import Journal, utc_now
from memory.journal_memories import as_record
from memory.recall import Measure
from memory.receipt import Receipt
from memory.recollecting import Recollecting, shown
from memory.record import Record, Store
from memory.scope import Scope, Sharing, may_surface
from personas import Recollection, Utterance, is_private, persona_speaker
from serving import Encoder, ServingError

Pair = tuple[str, str]
CLOSED = Sharing()
RECORDS_IN_RAM = 100_000  # 150 MB of vectors with 384 numbers each


class Memory:
    """`async with Memory(journal, store, encoder, folder=data) as memory`. Every call but `forget_fan` takes a scope.

    `called` gives a persona's name, `sharing` what its operator allows to be recalled elsewhere; the fan must allow
    it too (`Journal.share`). Calls on one fan wait for each other, different fans run on. Raises `MemoryTrouble`s.
    """

    def __init__(
        self,
        journal: Journal,
        store: Store,
        encoder: Encoder,
        *,
        folder: Path | None = None,
        called: Callable[[str], str] = str,
        sharing: Callable[[str], Sharing] = lambda _: CLOSED,
        now: Callable[[], datetime] = utc_now,
        records_in_ram: int = RECORDS_IN_RAM,
    ) -> None:
        self._journal = journal
        self._store = store
        self._encoder = encoder
        self._folder = folder
        self._called = called
        self._sharing = sharing
        self._now = now
        self._records_in_ram = records_in_ram
        self._recollecting = Recollecting(encoder, called=called)
        self._known: OrderedDict[Pair, Acquaintance] = OrderedDict()
        self._turns: WeakValueDictionary[Pair, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the index; the journal belongs to whoever opened it."""
        await self._store.aclose()

    # writing

    async def remember(self, scope: Scope, utterances: Sequence[Utterance]) -> None:
        """Remember what this fan said and what the persona answered; what others said is not kept for this fan.

        What stands in the journal by its id stays as it is there. No language model is asked.
        """
        ours = {scope.fan_id, persona_speaker(scope.persona_id)}
        said = [one for one in utterances if one.speaker_id in ours and one.text.strip()]
        if not said:
            return
        async with self._alone(scope):
            await self._journal.keep(scope, said)
            known = self._known.get(pair(scope))
            if known is None:
                await self._meet(scope)
                return
            new = [as_record(one) for one in said if one.id not in known]
            if known.follows(new):
                await self._append(scope, known, new)
            else:
                await self._follow(scope)

    async def state(self, scope: Scope, statements: Sequence[Record]) -> None:
        """Keep facts, episodes and promises (`kind` says which), or replace them by id; vectors are made here."""
        async with self._alone(scope):
            await self._journal.state(scope, statements)
            await self._follow(scope)

    async def sync(self, scope: Scope) -> None:
        """Follow the journal after a message was edited or deleted, or another branch was chosen."""
        async with self._alone(scope):
            await self._follow(scope)

    async def rebuild(self, scope: Scope) -> int:
        """Throw this fan's index away and make it anew from the journal; returns how many memories there are."""
        async with self._alone(scope):
            self._known.pop(pair(scope), None)
            await self._store.erase(scope.persona_id, scope.fan_id)
            return len(await self._meet(scope))

    # reading

    async def recall(
        self,
        scope: Scope,
        heard: Sequence[Utterance],
        *,
        limit: int = 12,
        now: datetime | None = None,
        besides: Collection[str] = (),
    ) -> tuple[Recollection, ...]:
        """What comes to mind at these words, likeliest first; never the words themselves, nor those of `besides`
        (ids that stand in the prompt's history already). Whatever goes wrong is a `RecallError`.
        """
        try:
            async with self._alone(scope):
                known = await self._meet(scope)
                ranking = known.ranking(scope.place, await self._allowed(scope))
                return await self._recollecting.recall(
                    ranking, scope, heard, measure=Measure(limit=limit), now=now or self._now(), besides=besides
                )
        except (MemoryTrouble, ServingError) as exc:
            raise RecallError(f"Nothing could be recalled: {exc}") from exc

    async def show(self, scope: Scope, *, everywhere: bool = False) -> tuple[Recollection, ...]:
        """All that may surface in this place, oldest first. In private a fan may see `everywhere`'s, too."""
        async with self._alone(scope):
            known = await self._meet(scope)
            everything = Sharing(private_to_public=False, public_to_private=everywhere and is_private(scope.place))
            sharing = everything if everywhere else await self._allowed(scope)
            return tuple(shown(record) for record in known.visible(scope.place, sharing))

    async def search(self, scope: Scope, text: str, *, limit: int = 10) -> tuple[Recollection, ...]:
        """What comes to mind at some words, for a fan or an operator who looks."""
        words = Utterance("search", scope.fan_id, "", scope.place, text, self._now())
        return await self.recall(scope, [words], limit=limit)

    async def count(self, scope: Scope) -> int:
        """How many memories this persona has of this fan, wherever they may surface."""
        return await self._store.count(scope)

    # correcting and forgetting

    async def correct(self, scope: Scope, memory_id: str, text: str) -> None:
        """Put a memory into other words; facts concluded from the old ones are taken back."""
        async with self._alone(scope):
            old = await self._one(scope, memory_id)
            await self._journal.correct(scope, replace(old, text=text, vector=None))
            await self._follow(scope)

    async def forget(self, scope: Scope, memory_id: str) -> None:
        """Delete one memory where it came from, and what was concluded from it; afterwards no byte of it is left."""
        async with self._alone(scope):
            await self._one(scope, memory_id)
            await self._journal.forget(scope, memory_id)
            await self._follow(scope)

    async def forget_fan(self, fan_id: str, persona_id: str | None = None) -> Receipt:
        """Forget a fan, for one persona or altogether, and look again whether anything is left."""
        personas = (
            {persona for _, persona in await self._journal.places(fan_id)} if persona_id is None else {persona_id}
        )
        async with self._all_alone([(persona, fan_id) for persona in sorted(personas)]):
            for persona in personas:
                self._known.pop((persona, fan_id), None)
            return await forget_fan(
                self._journal, self._store, fan_id, persona_id, folder=self._folder, now=self._now()
            )

    # how

    @asynccontextmanager
    async def _alone(self, scope: Scope) -> AsyncIterator[None]:
        async with self._all_alone([pair(scope)]):
            yield

    @asynccontextmanager
    async def _all_alone(self, pairs: Sequence[Pair]) -> AsyncIterator[None]:
        """One call at a time for a persona and a fan; several pairs are taken in one order, so none waits in a ring."""
        locks = [self._turns.setdefault(one, asyncio.Lock()) for one in pairs]
        taken: list[asyncio.Lock] = []
        try:
            for lock in locks:
                await lock.acquire()
                taken.append(lock)
            yield
        finally:
            for lock in taken:
                lock.release()

    async def _allowed(self, scope: Scope) -> Sharing:
        operators = self._sharing(scope.persona_id)
        return CLOSED if operators == CLOSED else operators & await self._journal.sharing(scope)

    async def _meet(self, scope: Scope) -> Acquaintance:
        """The fan as known in RAM; the first time after a start the index is compared with the journal."""
        if pair(scope) in self._known:
            self._known.move_to_end(pair(scope))
            return self._known[pair(scope)]
        known = Acquaintance(self._recollecting.blank)
        await self._settle(scope, known, compare(await self._stored(scope), await self._written(scope)))
        self._known[pair(scope)] = known
        self._make_room()
        return known

    async def _follow(self, scope: Scope) -> None:
        """Do to the index what was done to the journal."""
        known = self._known.get(pair(scope))
        if known is None:
            await self._meet(scope)
        else:
            await self._settle(scope, known, compare(known.records, await self._written(scope)))

    async def _written(self, scope: Scope) -> list[Record]:
        called = self._called(scope.persona_id)
        return await self._journal.memories(scope.persona_id, scope.fan_id, called=called)

    async def _stored(self, scope: Scope) -> list[Record]:
        try:
            return await self._store.all(scope)
        except StoreDamaged:
            await self._store.erase(scope.persona_id, scope.fan_id)
            return []

    async def _settle(self, scope: Scope, known: Acquaintance, agreement: Agreement) -> None:
        """Bring the index and what is in RAM to what was agreed on."""
        records = await self._indexed(scope, agreement)
        if agreement.leaves:
            await self._store.replace(scope, records)
        known.replace(records)

    async def _append(self, scope: Scope, known: Acquaintance, new: Sequence[Record]) -> None:
        """The same for what was said just now; the time it takes does not grow with what was said before."""
        tail = known.tail
        agreement = compare(tail, [*tail, *new], tail[0] if tail else None)
        known.grow(await self._indexed(scope, agreement))

    async def _indexed(self, scope: Scope, agreement: Agreement) -> list[Record]:
        """Encode and write what is missing, a long list in portions; returns all records with their vectors."""
        done = {record.id: record for record in agreement.records}
        async for portion in encoded(agreement, self._encoder):
            await self._store.upsert(scope, portion)
            done |= {record.id: record for record in portion}
        return [done[record.id] for record in agreement.records]

    async def _one(self, scope: Scope, memory_id: str) -> Record:
        """A memory that may be seen from here; in private a fan may touch all of theirs."""
        known = await self._meet(scope)
        sharing = Sharing(public_to_private=True)
        for record in known.records:
            if record.id == memory_id and may_surface(record.audience, scope.place, sharing):
                return record
        raise UnknownMemory("There is no such memory here. Ask what is remembered, and try again.")

    def _make_room(self) -> None:
        """Let go of those met longest ago, when there is too much in RAM."""
        while len(self._known) > 1 and sum(map(len, self._known.values())) > self._records_in_ram:
            self._known.popitem(last=False)


def pair(scope: Scope) -> Pair:
    """What a fan's memories are kept by."""
    return scope.persona_id, scope.fan_id
