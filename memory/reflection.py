"""After a silence, turns what was said into facts and episodes: slowly, within a budget, and never on the reply path.

Each stretch of talk that is over is read once. What was done stands in the journal's marks, so that a crash resumes
where it stopped and a second run does nothing; an edited stretch counts as new, and what had been concluded from it is
replaced. Without an engine (the understudy plays, and can't be trusted with facts) only promises are noted, in the
persona's own words.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Protocol

from memory.facts import (
    Conclusions,
    Stretch,
    Unreadable,
    by_hand,
    conclusions_in,
    episode_from,
    facts_from,
    superseding,
)
from memory.journal_nights import THOUGHT_OF
from memory.lexical import Kin
from memory.policy import Policies, Policy
from memory.record import Kind, Record
from memory.reflection_notes import promises
from memory.reflection_prompt import SHAPE, prompt_for
from memory.scope import Scope
from personas import persona_speaker
from serving import ChatMessage, Completion, Encoder, Engine, EngineAway, Shaped

SILENCE = timedelta(minutes=30)
TOKENS_A_DAY = 20_000
LONGEST_STRETCH = 40  # lines; a longer talk is read in pieces
ANSWER = Shaped(temperature=0.0, max_tokens=900, seed=0, name="notebook", shape=SHAPE)
CONCLUDED: Collection[Kind] = ("fact", "episode")


class Notebook(Protocol):
    """Where statements go: `memory.memory.Memory`."""

    async def state(self, scope: Scope, statements: Sequence[Record], *, gone: Collection[str] = ()) -> None:
        """Keep facts, episodes and promises, or replace them by id; take back those of the ids `gone`."""


class Ledger(Protocol):
    """Where it stands what was said, and how far reflection came: `memory.journal.Journal`."""

    async def memories(self, persona_id: str, fan_id: str, *, called: str = "") -> list[Record]:
        """Everything a persona may know of a fan, oldest first, without vectors."""
        ...

    async def mark(self, scope: Scope, name: str, value: str) -> None:
        """Remember how far something came."""

    async def marked(self, scope: Scope, name: str) -> str | None:
        """How far something came."""
        ...

    async def marks(self, scope: Scope, prefix: str) -> dict[str, str]:
        """Every mark whose name begins like this, by the rest of its name."""
        ...


@dataclass(frozen=True, slots=True)
class Reflected:
    """What one run did: how many stretches it read, what it stated, what it cost; `left` stretches wait for tomorrow,
    `unreadable` ones got an answer that was no JSON.
    """

    stretches: int = 0
    facts: int = 0
    episodes: int = 0
    promises: int = 0
    superseded: int = 0
    tokens: int = 0
    left: int = 0
    unreadable: int = 0

    def __add__(self, other: "Reflected") -> "Reflected":
        names = self.__slots__
        return Reflected(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Reflection:
    """`await Reflection(engine, ledger, notebook, encoder).reflect(scope)`; engine None: promises only.

    Raises the engine's `ServingError` and the journal's `MemoryTrouble`; what was done before stays done.
    """

    def __init__(
        self,
        engine: Engine | None,
        ledger: Ledger,
        notebook: Notebook,
        encoder: Encoder,
        *,
        kin: Kin | None = None,
        policies: Policies = lambda _: Policy(),
        silence: timedelta = SILENCE,
        tokens_a_day: int = TOKENS_A_DAY,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._notebook = notebook
        self._encoder = encoder
        self._kin: Kin = kin or {}
        self._policies = policies
        self._silence = silence
        self._tokens_a_day = tokens_a_day
        self._now = now

    async def reflect(self, scope: Scope) -> Reflected:
        """Read every stretch that is over and was not read yet, oldest first, while today's budget lasts."""
        memories = await self._ledger.memories(scope.persona_id, scope.fan_id)
        read = await self._ledger.marks(scope, self._prefix)
        stated = {record.id: record for record in memories if record.kind != "utterance"}
        done = Reflected()
        over_before = self._now() - self._silence
        for stretch in stretches(memories, scope.fan_id, over_before):
            if stretch.key not in read:
                done += await self._read(scope, stretch, stated)
        if not done.left:
            await self._ledger.mark(scope, THOUGHT_OF, over_before.isoformat())
        return done

    @property
    def _prefix(self) -> str:
        return f"reflected with {'rules' if self._engine is None else 'an engine'} "

    async def _read(self, scope: Scope, stretch: Stretch, stated: dict[str, Record]) -> Reflected:
        """One stretch: conclude, state, and only then mark it as read. `stated` is kept up to date."""
        policy = self._policies(scope.persona_id)
        spoken = promises(stretch.lines, persona_speaker(scope.persona_id))
        noted = [one for one in spoken if kept(policy, one)]
        done = Reflected(stretches=1, promises=len(noted))
        read_for: list[Kind] = ["promise"]
        shown = stretch.without(policy.skips)
        if self._engine is not None and shown.own and set(CONCLUDED) & set(policy.rules.kinds):
            known = known_beside(stretch, stated.values())
            prompt = prompt_for(shown, known, keep=policy.rules.keep, skip=policy.rules.skip)
            if not await self._affordable(scope, self._engine.window.count(prompt) + ANSWER.max_tokens):
                return Reflected(left=1)
            concluded, counted = await self._conclude(scope, shown, prompt, stated, policy)
            noted, done = [*noted, *concluded], done + counted
            read_for += [] if counted.unreadable else CONCLUDED
        corrected = {one.id for one in stated.values() if by_hand(one)}
        noted = [one for one in noted if one.id not in corrected]
        gone = outlived(stretch, stated.values(), noted, read_for)
        if noted or gone:
            await self._notebook.state(scope, noted, gone=gone)
        stated |= {record.id: record for record in noted}
        for one in gone:
            del stated[one]
        await self._ledger.mark(scope, self._prefix + stretch.key, self._now().isoformat())
        return done

    async def _conclude(
        self,
        scope: Scope,
        stretch: Stretch,
        prompt: Sequence[ChatMessage],
        stated: dict[str, Record],
        policy: Policy,
    ) -> tuple[list[Record], Reflected]:
        assert self._engine is not None
        completion = await complete(self._engine, prompt)
        tokens = completion.prompt_tokens + completion.completion_tokens
        await self._spend(scope, tokens)
        try:
            conclusions = conclusions_in(completion.text)
        except Unreadable:
            return [], Reflected(tokens=tokens, unreadable=1)
        facts = [one for one in facts_from(stretch, conclusions, self._kin) if kept(policy, one)]
        episodes = [one for one in episode_from(stretch, conclusions, self._kin) if kept(policy, one)]
        closed = await self._superseded(facts, stated.values(), verdicts(conclusions, facts))
        count = Reflected(facts=len(facts), episodes=len(episodes), superseded=len(closed), tokens=tokens)
        return list({one.id: one for one in (*facts, *episodes, *closed)}.values()), count

    async def _superseded(
        self, facts: Sequence[Record], stated: Collection[Record], verdict: dict[str, list[str]]
    ) -> list[Record]:
        """What of all that is known no longer holds; a stretch read late may itself be out of date."""
        here = {fact.id for fact in facts}
        old = [one for one in stated if one.kind == "fact" and not one.superseded_by and one.id not in here]
        if len(facts) + len(old) < 2 or not facts:
            return []
        vectors = await self._encoder.encode([record.text for record in (*facts, *old)])
        placed = [replace(record, vector=row) for record, row in zip((*facts, *old), vectors, strict=True)]
        new = placed[: len(facts)]
        by_new = superseding(new, placed, verdict)
        return [*by_new, *superseding(placed[len(facts) :], new, {})]

    async def _affordable(self, scope: Scope, tokens: int) -> bool:
        return await self._spent(scope) + tokens <= self._tokens_a_day

    async def _spent(self, scope: Scope) -> int:
        return int(await self._ledger.marked(scope, f"tokens {self._now():%Y-%m-%d}") or 0)

    async def _spend(self, scope: Scope, tokens: int) -> None:
        await self._ledger.mark(scope, f"tokens {self._now():%Y-%m-%d}", str(await self._spent(scope) + tokens))


def stretches(memories: Sequence[Record], fan: str, over_before: datetime) -> Iterator[Stretch]:
    """The fan's talks that were over by then, oldest first, one for each audience; long ones in pieces."""
    spoken = [record for record in memories if record.kind == "utterance"]
    for _, heard in groupby(sorted(spoken, key=lambda record: record.audience), key=lambda record: record.audience):
        for talk in talks(sorted(heard, key=lambda record: record.at)):
            if talk[-1].at <= over_before:
                for begin in range(0, len(talk), LONGEST_STRETCH):
                    yield Stretch(tuple(talk[begin : begin + LONGEST_STRETCH]), fan)


def talks(lines: Sequence[Record]) -> Iterator[list[Record]]:
    """Lines in order, parted where nobody spoke for half an hour."""
    talk: list[Record] = []
    for line in lines:
        if talk and line.at - talk[-1].at > SILENCE:
            yield talk
            talk = []
        talk.append(line)
    if talk:
        yield talk


def kept(policy: Policy, statement: Record) -> bool:
    """Whether a persona may keep a statement, whatever its age."""
    return statement.kind in policy.rules.kinds and not policy.skips(statement.text)


def known_beside(stretch: Stretch, stated: Collection[Record]) -> list[Record]:
    """Facts that hold, were heard by the same audience, and do not rest on this stretch itself."""
    here, audience = {line.id for line in stretch.lines}, stretch.lines[0].audience
    facts = (one for one in stated if one.kind == "fact" and not one.superseded_by)
    return [one for one in facts if one.audience == audience and not here & set(one.sources)]


def outlived(
    stretch: Stretch, stated: Collection[Record], noted: Sequence[Record], read_for: Collection[str]
) -> list[str]:
    """What an earlier reading of these lines had concluded and this one did not."""
    here, now = {line.id for line in stretch.lines}, {one.id for one in noted}
    of_here = (one for one in stated if one.kind in read_for and one.sources and here.issuperset(one.sources))
    return [one.id for one in of_here if one.id not in now and not by_hand(one)]


def verdicts(conclusions: Conclusions, facts: Sequence[Record]) -> dict[str, list[str]]:
    """What the model says each kept fact replaces, by the fact's id."""
    said = {statement.text.strip(): statement.replaces for statement in conclusions.facts}
    return {fact.id: said.get(fact.text, []) for fact in facts}


async def complete(engine: Engine, prompt: Sequence[ChatMessage]) -> Completion:
    """The whole completion at once; `EngineAway` if another engine stepped in, who may be no better than a guess."""
    async for piece in engine.stream(prompt, sampling=ANSWER):
        if isinstance(piece, Completion):
            if piece.model != engine.model:
                raise EngineAway(f"{engine.model} is away, and {piece.model} is not trusted with facts.")
            return piece
    raise EngineAway(f"{engine.model} ended without a completion.")
