"""What a persona remembers of a fan: written at once, recalled in scope, shown, corrected and forgotten on request.

The journal is the truth. The index (`Store`) is compared with it whenever a fan is first met after a start, so a
crash between the two, a deleted folder or a damaged one heals itself; until then the journal has everything.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self

from memory.acquaintances import pair
from memory.errors import MemoryTrouble, RecallError, UnknownMemory
from memory.forgetting import forget_fan
from memory.index import UNTUNED, Index
from memory.journal import Journal, utc_now
from memory.journal_memories import as_record
from memory.knowledge import Library
from memory.moving import Moving, moving
from memory.one_at_a_time import OneAtATime
from memory.policy import Policies, Policy
from memory.recall import Measure, young
from memory.receipt import Receipt
from memory.recollecting import shown
from memory.record import Record, Store
from memory.scope import Scope, Sharing, may_surface
from memory.silence import Silence
from memory.tuning import Tuning
from personas import Recollection, Utterance, is_private, persona_speaker
from serving import Encoder, ServingError

CLOSED = Sharing()
READS_AFTER = 5.0  # seconds of silence
RECORDS_IN_RAM = 100_000  # 150 MB of vectors with 384 numbers each


class Memory:
    """`async with Memory(journal, store, encoder, folder=data) as memory`. Every call but `forget_fan` takes a scope.

    `called` gives a persona's name, `policies` what she may remember, `library` what her documents say, `sharing` what
    her operator allows to be recalled elsewhere; the fan must allow it too (`Journal.share`). Calls on one fan wait
    for each other, different fans run on. What was said is read (encoded, indexed) after `reads_after` seconds of
    silence, or as soon as it is asked for. Raises `MemoryTrouble`s.

    `former` is the index of another encoder that answers until `move` has moved everybody.
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
        policies: Policies = lambda _: Policy(),
        library: Library | None = None,
        tuning: Tuning = UNTUNED,
        former: tuple[Store, Encoder, Tuning] | None = None,
        now: Callable[[], datetime] = utc_now,
        records_in_ram: int = RECORDS_IN_RAM,
        reads_after: float = READS_AFTER,
    ) -> None:
        self._journal = journal
        self._folder = folder
        self._sharing = sharing
        self._policies = policies
        self._library = library
        self._now = now
        self._turns = OneAtATime()
        self._silence = Silence(reads_after, self._read)
        make = partial(Index, journal, called=called, policies=policies, now=now, records_in_ram=records_in_ram)
        self._index = make(store, encoder, tuning=tuning)
        self._moving = Moving(make(former[0], former[1], tuning=former[2]), self._index) if former else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the index; the journal belongs to whoever opened it.

        What was not read yet stands in the journal, and is read when its fan is met again.
        """
        await self._silence.aclose()
        await self._index.aclose()
        if self._moving is not None:
            await self._moving.aclose()

    async def move(self) -> AsyncIterator[tuple[int, int]]:
        """(fans done, fans there are) while the memories move from the former encoder's index to this one's."""
        if self._moving is None:
            return
        async for step in self._moving.move_all(self._journal, self._turns):
            yield step
        done, self._moving = self._moving, None
        await done.aclose()

    # writing

    async def remember(self, scope: Scope, utterances: Sequence[Utterance]) -> None:
        """Remember what this fan said and what the persona answered; what others said is not kept for this fan.

        What stands in the journal by its id stays as it is there; what was erased from it since it was heard stays
        away, with the reply to it. No language model is asked.
        """
        ours = {scope.fan_id, persona_speaker(scope.persona_id)}
        said = [one for one in utterances if one.speaker_id in ours and one.text.strip()]
        if not said:
            return
        async with self._alone(scope):
            if not await self._journal.keep(scope, said):
                return
            await (await self._at(scope)).known.hear(scope, [as_record(one) for one in said])
        self._silence.broken(scope)

    async def state(self, scope: Scope, statements: Sequence[Record], *, gone: Collection[str] = ()) -> None:
        """Keep facts, episodes and promises (`kind` says which), or replace them by id; vectors are made here.

        Those of the ids `gone` are taken back. What the persona is not to remember is not written down.
        """
        policy = self._policies(scope.persona_id)
        kept = [one for one in statements if policy.keeps(one, self._now())]
        async with self._alone(scope):
            await self._journal.state(scope, kept, gone=gone)
            await (await self._at(scope)).known.follow(scope)

    async def sync(self, scope: Scope) -> None:
        """Follow the journal after a message was edited or deleted, or another branch was chosen."""
        async with self._alone(scope):
            await (await self._at(scope)).known.follow(scope)

    async def rebuild(self, scope: Scope) -> int:
        """Throw this fan's index away and make it anew from the journal; returns how many memories there are."""
        async with self._alone(scope):
            return await (await self._at(scope)).known.rebuild(scope)

    async def retire(self, scope: Scope) -> int:
        """Erase what is older than the persona is to remember, in journal and index; returns how many lines went."""
        since = self._policies(scope.persona_id).since(self._now())
        if since is None:
            return 0
        async with self._alone(scope):
            gone = await self._journal.retire(scope, before=since)
            if gone:
                await (await self._at(scope)).known.follow(scope)
        return gone

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
                index, now = await self._at(scope), now or self._now()
                just_now, sharing = {said.id for said in heard}, await self._allowed(scope)
                known = await index.known.meet_to_recall(scope, just_now.union(besides))
                asked = await index.recollecting.read(scope, heard, now=now)
                found = await index.recollecting.recall(
                    known.ranking(scope.place, sharing),
                    scope,
                    asked,
                    measure=Measure(limit=limit, since=self._policies(scope.persona_id).since(now)),
                    now=now,
                    last_said_at=known.last_said_at(scope.place, sharing, but=just_now),
                    present=just_now.union(besides),
                )
                known.came_to_mind({one.id for one in found})
            passages = self._library.recall(scope.persona_id, asked, now=now) if self._library and self._settled else ()
            written = passages[:limit]
            return (*found[: limit - len(written)], *written)
        except (MemoryTrouble, ServingError) as exc:
            raise RecallError(f"Nothing could be recalled: {exc}") from exc

    async def show(self, scope: Scope, *, everywhere: bool = False) -> tuple[Recollection, ...]:
        """All that may surface in this place, oldest first. In private a fan may see `everywhere`'s, too."""
        async with self._alone(scope):
            known = await (await self._at(scope)).known.meet(scope)
            everything = Sharing(private_to_public=False, public_to_private=everywhere and is_private(scope.place))
            sharing = everything if everywhere else await self._allowed(scope)
            since = self._policies(scope.persona_id).since(self._now())
            return tuple(shown(one) for one in known.visible(scope.place, sharing) if young(one, since))

    async def search(self, scope: Scope, text: str, *, limit: int = 10) -> tuple[Recollection, ...]:
        """What comes to mind at some words, for a fan or an operator who looks."""
        words = Utterance("search", scope.fan_id, "", scope.place, text, self._now())
        return await self.recall(scope, [words], limit=limit)

    async def count(self, scope: Scope) -> int:
        """How many memories this persona has of this fan, wherever they may surface."""
        async with self._alone(scope):
            index = await self._at(scope)
            await index.known.meet(scope)
            return await index.store.count(scope)

    # correcting and forgetting

    async def correct(self, scope: Scope, memory_id: str, text: str) -> None:
        """Put a memory into other words; facts concluded from the old ones are taken back."""
        async with self._for_good(scope):
            old = await self._one(scope, memory_id)
            await self._journal.correct(scope, replace(old, text=text, vector=None))
            await (await self._at(scope)).known.follow(scope)

    async def forget(self, scope: Scope, memory_id: str) -> None:
        """Delete one memory where it came from, and what was concluded from it; afterwards no byte of it is left."""
        async with self._for_good(scope):
            await self._one(scope, memory_id)
            await self._journal.forget(scope, memory_id)
            await (await self._at(scope)).known.follow(scope)

    async def forget_fan(self, fan_id: str, persona_id: str | None = None) -> Receipt:
        """Forget a fan, for one persona or altogether, and look again whether anything is left."""
        personas = (
            {persona for _, persona in await self._journal.places(fan_id)} if persona_id is None else {persona_id}
        )
        pairs = [(persona, fan_id) for persona in personas]
        async with self._turns.alone(*pairs, *map(moving, pairs)):
            keepers = self._moving or self._index
            for persona in personas:
                keepers.lose(persona, fan_id)
            return await forget_fan(
                self._journal, keepers.erase, fan_id, persona_id, folder=self._folder, now=self._now()
            )

    # how

    def _alone(self, scope: Scope) -> AbstractAsyncContextManager[None]:
        return self._turns.alone(pair(scope))

    def _for_good(self, scope: Scope) -> AbstractAsyncContextManager[None]:
        """The same for what must leave no trace: a move that is under way is waited for."""
        return self._turns.alone(pair(scope), moving(pair(scope)))

    async def _read(self, scope: Scope) -> None:
        """What the fan said lately, now that they are silent."""
        async with self._alone(scope):
            await (await self._at(scope)).known.read(scope)

    async def _at(self, scope: Scope) -> Index:
        """The index that answers for a fan."""
        return self._index if self._moving is None else await self._moving.index(scope)

    @property
    def _settled(self) -> bool:
        """Whether there is one encoder only, so that one question's vector fits everything."""
        return self._moving is None

    async def _allowed(self, scope: Scope) -> Sharing:
        operators = self._sharing(scope.persona_id)
        return CLOSED if operators == CLOSED else operators & await self._journal.sharing(scope)

    async def _one(self, scope: Scope, memory_id: str) -> Record:
        """A memory that may be seen from here; in private a fan may touch all of theirs."""
        known = await (await self._at(scope)).known.meet(scope)
        sharing = Sharing(public_to_private=True)
        for record in known.records:
            if record.id == memory_id and may_surface(record.audience, scope.place, sharing):
                return record
        raise UnknownMemory("There is no such memory here. Ask what is remembered, and try again.")
