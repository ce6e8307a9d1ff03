"""Who may speak with the engine now, who waits, and who is told at once to come back later.

Places are few and fairly given: the highest priority first; among equals fans take turns, then personas; then who has
waited longest. One fan with a hundred tabs gets one place in turn with everybody else.

What is not covered: several processes. Each admits for itself, so give each its share of the places.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from serving.budget import Budget
from serving.errors import EngineBusy
from serving.turn_taking import TurnTaking


@dataclass(eq=False)
class Ticket:
    """A wish to speak: `place` is resolved when there is room. A higher `priority` goes first."""

    fan: str
    persona: str
    priority: int
    place: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Admission:
    """`at_once` replies run, `waiting` more wait in all, `waiting_per_fan` of one fan; the rest hear EngineBusy."""

    def __init__(
        self,
        *,
        at_once: int,
        waiting: int = 256,
        waiting_per_fan: int = 4,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_once = at_once
        self._most_waiting = waiting
        self._most_per_fan = waiting_per_fan
        self._budget = budget or Budget()
        self._clock = clock
        self._queue: deque[Ticket] = deque()
        self._running: list[Ticket] = []
        self._fans, self._personas = TurnTaking(), TurnTaking()
        self._usual_seconds = 2.0

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def free(self) -> int:
        """Replies that could begin at once."""
        return self._at_once - len(self._running)

    @property
    def waiting_per_fan(self) -> int:
        """How many of those that wait may be one fan's."""
        return self._most_per_fan

    def seconds_behind(self, ahead: int) -> float:
        """When half of a line should be over in which one reply follows the other, by how long they lately took."""
        return max(1.0, math.ceil(self._usual_seconds * ahead / 2))

    @asynccontextmanager
    async def enter(self, *, fan: str, persona: str, priority: int = 0) -> AsyncIterator[Callable[[int], None]]:
        """A place for one reply, while the `async with` lasts. Gives a function that takes the tokens it cost.

        Raises EngineBusy, with the seconds after which to ask again: at once if there is no room to wait or the day's
        tokens are spent, and when its turn comes if those before it spent them.
        """
        self._budget.check(fan=fan, persona=persona)
        ticket = Ticket(fan, persona, priority)
        self._queue_up(ticket)
        try:
            await ticket.place
            self._budget.check(fan=fan, persona=persona)
            began = self._clock()
            yield lambda tokens: self._budget.spend(tokens, fan=fan, persona=persona)
            self._usual_seconds += 0.1 * (self._clock() - began - self._usual_seconds)
        finally:
            self._leave(ticket)

    def _queue_up(self, ticket: Ticket) -> None:
        of_this_fan = sum(other.fan == ticket.fan for other in self._queue)
        if self.free <= 0 and (len(self._queue) >= self._most_waiting or of_this_fan >= self._most_per_fan):
            raise EngineBusy(f"{len(self._queue)} replies are waiting already.", retry_after=self._retry_after())
        self._queue.append(ticket)
        self._fill()

    def _leave(self, ticket: Ticket) -> None:
        if ticket in self._running:
            self._running.remove(ticket)
        elif ticket in self._queue:
            self._queue.remove(ticket)
        self._fill()

    def _fill(self) -> None:
        """Gives free places to those whose turn it is."""
        while self._queue and len(self._running) < self._at_once:
            ticket = self._next()
            self._queue.remove(ticket)
            if not ticket.place.done():
                self._fans.begin(ticket.fan)
                self._personas.begin(ticket.persona)
                self._running.append(ticket)
                ticket.place.set_result(None)

    def _next(self) -> Ticket:
        # min takes the first of equals, and that is who has waited longest
        return min(
            self._queue, key=lambda one: (-one.priority, self._fans.due(one.fan), self._personas.due(one.persona))
        )

    def _retry_after(self) -> float:
        """When the queue should be half as long, by how long replies lately took."""
        return max(1.0, math.ceil(self._usual_seconds * len(self._queue) / self._at_once / 2))
