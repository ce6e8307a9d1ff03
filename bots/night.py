"""The night: once a talk is over, the persona thinks of it, in one task that nobody waits for.

Whom she has to think of is noticed as turns end, and looked up in the journal at the start, so a crash loses nothing.
What fails is tried again later; what today's budget does not pay for waits for tomorrow.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, time, timedelta
from types import TracebackType
from typing import Protocol

import structlog

from bots.cue import Answer, Cue
from memory import MemoryTrouble, Turn
from serving import Delta, ServingError

log = structlog.get_logger()
Pair = tuple[str, str]
Restless = Callable[[], Awaitable[Sequence[tuple[str, str, datetime]]]]
OWN = "persona:"


class Thought(Protocol):
    """What came of thinking of one fan."""

    @property
    def left(self) -> int:
        """How much waits for tomorrow."""

    @property
    def tokens(self) -> int: ...

    @property
    def facts(self) -> int: ...


class Night:
    """`async with Night(…) as night`. `think` is given a persona's and a fan's id, one pair at a time.

    `restless` lists (persona, fan, when they last spoke) for all who were not thought of yet. A talk is over after
    `silence`; nothing begins within `slow_start` of the opening, so that a short visit does no work.
    """

    def __init__(
        self,
        think: Callable[[str, str], Awaitable[Thought]],
        restless: Restless,
        *,
        silence: timedelta,
        now: Callable[[], datetime],
        slow_start: timedelta = timedelta(minutes=1),
        again_after: timedelta = timedelta(minutes=10),
    ) -> None:
        self._think = think
        self._restless = restless
        self._silence = silence
        self._now = now
        self._slow_start = slow_start
        self._again_after = again_after
        self._due: dict[Pair, datetime] = {}
        self._noticed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Night":
        self._task = asyncio.create_task(self._run(), name="night")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Breaks off; the next night goes on."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def noticing(self, answer: Answer) -> Answer:
        """The same answer; whoever was heard in it is thought of after a silence."""

        async def noticed(cue: Cue) -> AsyncGenerator[Delta | Turn, None]:
            async with aclosing(answer(cue)) as steps:
                async for step in steps:
                    if isinstance(step, Turn):
                        self.notice(step)
                    yield step

        return noticed

    def notice(self, turn: Turn) -> None:
        """Everybody heard in a turn is due after a silence from now."""
        fans = {said.speaker_id for said in turn.heard if not said.speaker_id.startswith(OWN)}
        self._due |= {(turn.persona_id, fan): self._now() + self._silence for fan in fans}
        self._noticed.set()

    async def _run(self) -> None:
        await asyncio.sleep(self._slow_start.total_seconds())
        await self._look_up()
        while True:
            pair = min(self._due, key=self._due.__getitem__, default=None)
            if pair is None or self._due[pair] > self._now():
                await self._wait(None if pair is None else self._due[pair] - self._now())
            else:
                del self._due[pair]
                await self._think_of(pair)

    async def _look_up(self) -> None:
        try:
            found = await self._restless()
        except MemoryTrouble as exc:
            log.warning("night_without_a_list", reason=str(exc))
            return
        for persona_id, fan_id, at in found:
            self._due.setdefault((persona_id, fan_id), at + self._silence)

    async def _wait(self, span: timedelta | None) -> None:
        """Until somebody is due, or anybody new is noticed."""
        self._noticed.clear()
        try:
            async with asyncio.timeout(None if span is None else span.total_seconds()):
                await self._noticed.wait()
        except TimeoutError:
            return

    async def _think_of(self, pair: Pair) -> None:
        """The outermost gate of the night: a fault of ours is told whole, and the next fan is thought of."""
        try:
            thought = await self._think(*pair)
        except (MemoryTrouble, ServingError) as exc:
            log.warning("thinking_failed", persona=pair[0], reason=str(exc))
            self._due.setdefault(pair, self._now() + self._again_after)
        except Exception:
            log.exception("thinking_failed", persona=pair[0])
        else:
            log.info("thought", persona=pair[0], facts=thought.facts, tokens=thought.tokens, left=thought.left)
            if thought.left:
                self._due.setdefault(pair, tomorrow(self._now()))


def tomorrow(now: datetime) -> datetime:
    """A minute past midnight, in the zone of `now`: budgets are by the day."""
    return datetime.combine(now.date() + timedelta(days=1), time(0, 1), tzinfo=now.tzinfo)
