"""One place with one persona: turns in order, one at a time, and what comes in a burst answered as one.

Everything heard stands in the journal before it is looked at, so a crash at any line here loses nothing; see
`bots/recovery.py` for what the next start does about it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime

from bots.cue import Answer, Cue, greeting_in, in_sight, spoken_in
from bots.performance import Performance
from bots.rooms import Journal
from memory import Turn
from personas import Persona, Place, Utterance, is_private, steady
from serving import Delta

CURRENT = object()
LONGEST_OVERHEARD = 20


@dataclass(eq=False, slots=True)
class Pending:
    """A turn that waits to be begun. `after` is CURRENT for one that follows whatever was said last."""

    performance: Performance
    heard: list[Utterance]
    after: object = CURRENT
    so_far: str = ""
    trace: dict[str, object] = field(default_factory=dict)
    begun: Turn | None = None

    def joins(self, said: Utterance) -> bool:
        """Whether something said now belongs to the same burst."""
        return self.after is CURRENT and self.begun is None and self.heard[-1].speaker_id == said.speaker_id


class Conversation:
    """`add` puts a turn in line; `run` answers what stands in line, in order, and returns when nothing does.

    `ears` is held by whoever writes down what is said here, so that it gets in line in the order it was said, and
    while a turn is begun, so that nothing half heard gets into it.
    """

    def __init__(
        self,
        place: Place,
        persona_id: str,
        *,
        journal: Journal,
        persona: Callable[[str], Persona],
        answer: Answer,
        now: Callable[[], datetime],
        remembers_turns: int = 50,
    ) -> None:
        self.place = place
        self.persona_id = persona_id
        self.line: deque[Pending] = deque()
        self.playing: Performance | None = None
        self._journal = journal
        self._persona = persona
        self._answer = answer
        self._now = now
        self._remembers_turns = remembers_turns
        self.ears = asyncio.Lock()
        self._settled = 0.0

    def hear(self, said: Utterance, *, turn_id: str, settle: float = 0.0, language: str = "") -> Performance:
        """Puts what was said in line: into the last waiting turn if it belongs to the same burst, else as a new one."""
        self._settled = asyncio.get_running_loop().time() + settle
        if self.line and self.line[-1].joins(said):
            self.line[-1].heard.append(said)
            return self.line[-1].performance
        return self.add(Pending(self.expected(turn_id), [said], trace={"language": language} if language else {}))

    def add(self, pending: Pending) -> Performance:
        """Puts a turn at the end of the line."""
        self.line.append(pending)
        return pending.performance

    def expected(self, turn_id: str) -> Performance:
        """The performance of a turn that is not in line yet."""
        return Performance(turn_id, persona_id=self.persona_id, place=self.place, ahead=lambda: self._ahead_of(turn_id))

    async def run(self) -> None:
        """Answers what stands in line until nothing does."""
        loop = asyncio.get_running_loop()
        while self.line:
            while (wait := self._settled - loop.time()) > 0:  # noqa: ASYNC110 - who speaks again moves the moment
                await asyncio.sleep(wait)
            pending = self.line.popleft()
            self.playing = pending.performance
            try:
                await self._play(pending)
            finally:
                if not pending.performance.over:
                    pending.performance.end()
                self.playing = None
                for waiting in self.line:
                    waiting.performance.moved_up()

    async def _play(self, pending: Pending) -> None:
        """Begins the turn in the journal, and lets it be answered."""
        async with self.ears:  # whoever is half way into the journal is either in line, or not there yet
            cue = await self._begun(pending)
        if cue is None:
            return
        pending.performance.begin(cue.turn)
        async with aclosing(self._answer(cue)) as steps:
            async for step in steps:
                if isinstance(step, Delta):
                    pending.performance.say(step)
                else:
                    pending.performance.end(step)

    async def _begun(self, pending: Pending) -> Cue | None:
        """The cue of a turn that is in the journal; None if whoever was to be answered is forgotten since."""
        cue = await self._cue(pending)
        while pending.begun is None and not await self._journal.begin(cue.turn):
            pending.heard = [*await self._journal.standing(pending.heard, persona_id=self.persona_id)]
            if not pending.heard:
                return None
            cue = await self._cue(pending)
        return cue

    async def _cue(self, pending: Pending) -> Cue:
        """All that is known before the turn is answered."""
        persona = self._persona(self.persona_id)
        before = await self._before(pending)
        turn = pending.begun or Turn(
            id=pending.performance.id,
            after=before[-1].id if before else None,
            persona_id=persona.id,
            persona_version=persona.version,
            place=self.place,
            heard=await self._heard(pending),
            began_at=self._now(),
            trace=pending.trace,
        )
        persona = wished(persona, turn)
        history = told(before, turn, persona, from_the_start=len(before) < self._remembers_turns)
        cue = Cue(turn, persona, history, pending.so_far, pending.performance.curtain)
        return replace(cue, in_sight=in_sight(before, history, persona))

    async def _before(self, pending: Pending) -> tuple[Turn, ...]:
        """The turns this one follows, oldest first; none for another first turn."""
        if pending.after is None:
            return ()
        leaf = pending.after if isinstance(pending.after, str) else None
        return await self._journal.path(self.place, self.persona_id, leaf=leaf, limit=self._remembers_turns)

    async def _heard(self, pending: Pending) -> tuple[Utterance, ...]:
        """What this turn answers; in a public place with what was said there meanwhile to nobody, or to others."""
        if pending.after is not CURRENT or is_private(self.place):
            return tuple(pending.heard)
        waiting = {said.id for other in (pending, *self.line) for said in other.heard}
        beside = await self._journal.overheard(self.place, self.persona_id, limit=LONGEST_OVERHEARD, to_others=True)
        return (*(said for said in beside if said.id not in waiting), *pending.heard)

    def _ahead_of(self, turn_id: str) -> int:
        waiting = [pending.performance.id for pending in self.line]
        return (waiting.index(turn_id) if turn_id in waiting else 0) + (self.playing is not None)


def wished(persona: Persona, turn: Turn) -> Persona:
    """The persona as whoever spoke in a turn wants her: in their language, and in no more tokens than they said."""
    persona = persona.speaking(str(turn.trace.get("language", "")))
    longest, plays = turn.trace.get("max_tokens"), persona.plays
    if not isinstance(longest, int) or longest >= plays.sampling.max_tokens:
        return persona
    shorter = plays.sampling.model_copy(update={"max_tokens": longest})
    return persona.model_copy(update={"plays": plays.model_copy(update={"sampling": shorter})})


def told(before: tuple[Turn, ...], turn: Turn, persona: Persona, *, from_the_start: bool) -> tuple[Utterance, ...]:
    """What was said before a turn, oldest first; in private it opens with the greeting the fan has seen."""
    said = tuple(utterance for past in before for utterance in spoken_in(past, persona))
    if not from_the_start:
        # a history that begins one turn later each time would make every prompt new to the prefix cache
        return steady(said, at_least=len(said) // 2)
    greeting = greeting_in(turn, persona) if is_private(turn.place) else None
    return (greeting, *said) if greeting else said
