"""The fans who are known in RAM, each held to the journal and to the index; who was met longest ago makes room.

The journal is the truth: an acquaintance and the index follow it, and are compared with it whenever a fan is first met
after a start, so a crash between two writes, a deleted folder or a damaged one heals itself.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import structlog

from memory.acquaintance import Acquaintance
from memory.agreement import Agreement, compare, encoded
from memory.errors import StoreDamaged, StoreTrouble
from memory.journal import Journal
from memory.one_at_a_time import Pair
from memory.policy import Policies
from memory.ranking import Ranking
from memory.record import Record, Store
from memory.scope import Scope, backstage
from serving import Encoder

log = structlog.get_logger()
RECALLED = "recalled "  # a mark for each memory that ever came to mind: how often
READ_AT_ONCE = 16  # lines: eight turns


class Acquaintances:
    """`meet` whom one wants to know. Whoever calls sees to it that a fan is met by one call at a time."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        encoder: Encoder,
        *,
        blank: Callable[[], Ranking],
        called: Callable[[str], str],
        policies: Policies,
        now: Callable[[], datetime],
        records_in_ram: int,
    ) -> None:
        self._journal = journal
        self._store = store
        self._encoder = encoder
        self._blank = blank
        self._called = called
        self._policies = policies
        self._now = now
        self._records_in_ram = records_in_ram
        self._known: OrderedDict[Pair, Acquaintance] = OrderedDict()

    async def meet(self, scope: Scope, present: Collection[str] = ()) -> Acquaintance:
        """The fan as known in RAM; the first time after a start the index is compared with the journal.

        All they said is read, unless it is `present` (ids) to whoever asks.
        """
        if (known := self._known.get(pair(scope))) is not None:
            self._known.move_to_end(pair(scope))
            if not {record.id for record in known.unread} <= set(present):
                await self.read(scope)
            return known
        known = Acquaintance(self._blank, await self._journal.marks(scope, RECALLED))
        await self._settle(scope, known, compare(await self._stored(scope), await self._written(scope)))
        self._known[pair(scope)] = known
        await self._make_room()
        return known

    async def meet_to_recall(self, scope: Scope, present: Collection[str]) -> Acquaintance:
        """The same; an index that can't be written to hides from a fan who is known only what they said lately."""
        known = self._known.get(pair(scope))
        try:
            return await self.meet(scope, present)
        except StoreTrouble as exc:
            if known is None:
                raise
            log.warning("recalled_without_the_latest", persona=scope.persona_id, reason=str(exc))
            return known

    async def follow(self, scope: Scope) -> None:
        """Do to the index what was done to the journal."""
        known = self._known.get(pair(scope))
        if known is None:
            await self.meet(scope)
        else:
            await self._settle(scope, known, compare(known.records, await self._written(scope)))

    async def hear(self, scope: Scope, said: Sequence[Record]) -> None:
        """Note what was said; it is read at need, or with some more of it, because reading costs more than all else.

        The time it takes does not grow with what was said before.
        """
        known = self._known.get(pair(scope))
        if known is None:
            await self.meet(scope)
            return
        new = self._kept(scope, [record for record in said if record.id not in known])
        if known.follows(new):
            known.hear(new)
        else:
            await self.follow(scope)
        if len(known.unread) >= READ_AT_ONCE:
            await self.read(scope)

    async def read(self, scope: Scope) -> None:
        """Encode and index what a fan who is known said lately; keep what came to mind meanwhile."""
        known = self._known.get(pair(scope))
        if known is not None and known.unread:
            tail = known.tail
            agreement = compare(tail, [*tail, *known.unread], tail[0] if tail else None)
            known.grow(await self._indexed(scope, agreement))
            await self._count(scope, known)

    async def rebuild(self, scope: Scope) -> int:
        """Throw this fan's index away and make it anew from the journal; returns how many memories there are."""
        await self.part(scope)
        await self._store.erase(scope.persona_id, scope.fan_id)
        return len(await self.meet(scope))

    async def part(self, scope: Scope) -> None:
        """Let go of a fan in RAM."""
        if (known := self._known.pop(pair(scope), None)) is not None:
            await self._count(scope, known)

    def lose(self, persona_id: str, fan_id: str) -> None:
        """Let go of a fan who is to be forgotten: nothing more is written about them."""
        self._known.pop((persona_id, fan_id), None)

    async def write_counts(self) -> None:
        """Keep how often memories came to mind, for all who are known."""
        for (persona_id, fan_id), known in self._known.items():
            await self._count(backstage(persona_id, fan_id), known)

    async def _count(self, scope: Scope, known: Acquaintance) -> None:
        if times := known.counted():
            await self._journal.mark_all(scope, {RECALLED + one: str(number) for one, number in times.items()})

    def _kept(self, scope: Scope, records: Sequence[Record]) -> list[Record]:
        """Without what the persona is not to remember."""
        policy, now = self._policies(scope.persona_id), self._now()
        return [record for record in records if policy.keeps(record, now)]

    async def _written(self, scope: Scope) -> list[Record]:
        """What the index must hold."""
        called = self._called(scope.persona_id)
        return self._kept(scope, await self._journal.memories(scope.persona_id, scope.fan_id, called=called))

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

    async def _indexed(self, scope: Scope, agreement: Agreement) -> list[Record]:
        """Encode and write what is missing, a long list in portions; returns all records with their vectors."""
        done = {record.id: record for record in agreement.records}
        async for portion in encoded(agreement, self._encoder):
            await self._store.upsert(scope, portion)
            done |= {record.id: record for record in portion}
        return [done[record.id] for record in agreement.records]

    async def _make_room(self) -> None:
        """Let go of those met longest ago, when there is too much in RAM."""
        while len(self._known) > 1 and sum(map(len, self._known.values())) > self._records_in_ram:
            (persona_id, fan_id), known = self._known.popitem(last=False)
            await self._count(backstage(persona_id, fan_id), known)


def pair(scope: Scope) -> Pair:
    """What a fan's memories are kept by."""
    return scope.persona_id, scope.fan_id
