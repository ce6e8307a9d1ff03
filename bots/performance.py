"""A reply while it is given: any number of readers may come late or leave, and each hears it from its start."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass

from bots.curtain import Curtain
from memory import Turn
from personas import Place
from serving import Delta


class TurnFailed(Exception):
    """The reply could not be given because of a fault of ours; the turn stays unanswered and may be tried again."""


@dataclass(frozen=True, slots=True)
class Queued:
    """The turn waits until `ahead` others in its place are over."""

    ahead: int


Step = Queued | Delta | Turn


class Performance:
    """One turn on its way: waiting, then begun (`turn` is there), then over.

    A reader that is slower than the engine gets what it missed as one delta, so nothing piles up.
    """

    def __init__(self, turn_id: str, *, persona_id: str, place: Place, ahead: Callable[[], int] = lambda: 0) -> None:
        self.id = turn_id
        self.persona_id = persona_id
        self.place = place
        self.curtain = Curtain()
        self.turn: Turn | None = None
        self.said = ""
        self.over = False
        self._ahead = ahead
        self._failed = False
        self._pulse = asyncio.Event()
        self._ended = asyncio.Event()

    def begin(self, turn: Turn) -> None:
        """The turn is in the journal, and its reply begins."""
        self.turn = turn
        self._tell()

    def say(self, delta: Delta) -> None:
        self.said += delta.text
        self._tell()

    def end(self, turn: Turn | None = None) -> None:
        """The reply is over; without a finished turn nobody got one (the house is closing, or it was withdrawn)."""
        self.turn = turn or self.turn
        self._failed = turn is None
        self.over = True
        self._ended.set()
        self._tell()

    async def follow(self, *, every: float = 0.0) -> AsyncGenerator[Step, None]:
        """`Queued` while it waits, the begun turn, its deltas, and last the finished turn. Raises `TurnFailed`.

        After a delta comes the next `every` seconds later at the earliest, with all that was said meanwhile; the end
        comes at once.
        """
        heard, ahead, begun = 0, -1, None
        while True:
            pulse = self._pulse
            if self.turn is None and not self.over and ahead != self._ahead():
                ahead = self._ahead()
                yield Queued(ahead)
            elif begun is None and self.turn is not None:
                begun = self.turn
                yield begun
            elif heard < len(self.said):
                missed, heard = self.said[heard:], len(self.said)
                yield Delta(missed)
                await self._paused(every)
            elif self.over:
                break
            else:
                await pulse.wait()
        if self._failed or self.turn is None:
            raise TurnFailed(f"The turn {self.id} was not answered.")
        yield self.turn

    async def heard(self) -> None:
        """Returns when there is something to hear, or nothing more to wait for."""
        while not self.said and not self.over:
            await self._pulse.wait()

    async def ended(self) -> Turn:
        """The finished turn. Raises `TurnFailed`."""
        async for step in self.follow():
            if isinstance(step, Turn) and step.said is not None:
                return step
        raise TurnFailed(f"The turn {self.id} was not answered.")

    async def _paused(self, seconds: float) -> None:
        """Returns after so many seconds, or when the reply is over."""
        if seconds and not self.over:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._ended.wait()

    def moved_up(self) -> None:
        """Tells those who wait that their place in the line has changed."""
        self._tell()

    def _tell(self) -> None:
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()


def over(turn: Turn) -> Performance:
    """The performance of a turn that was finished before: readers get all of it at once."""
    done = Performance(turn.id, persona_id=turn.persona_id, place=turn.place)
    done.begin(turn)
    done.said = turn.said or ""
    done.end(turn)
    return done
