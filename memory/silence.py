"""Does something once a fan has said nothing for a while: what nobody waits for is done when nobody talks."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from memory.errors import MemoryTrouble
from memory.one_at_a_time import Pair
from memory.scope import Scope
from serving import ServingError

log = structlog.get_logger()


class Silence:
    """`then` is called with a fan's last scope, `seconds` after the last `broken`; trouble is told in the log."""

    def __init__(self, seconds: float, then: Callable[[Scope], Awaitable[None]]) -> None:
        self._seconds = seconds
        self._then = then
        self._timers: dict[Pair, asyncio.TimerHandle] = {}
        self._at_work: set[asyncio.Task[None]] = set()

    def broken(self, scope: Scope) -> None:
        """The fan said something: the while begins anew."""
        fan = scope.persona_id, scope.fan_id
        if timer := self._timers.get(fan):
            timer.cancel()
        self._timers[fan] = asyncio.get_running_loop().call_later(self._seconds, self._begin, scope)

    async def aclose(self) -> None:
        """What was begun is finished, nothing else begins."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await asyncio.gather(*self._at_work)

    def _begin(self, scope: Scope) -> None:
        del self._timers[scope.persona_id, scope.fan_id]
        self._at_work.add(task := asyncio.create_task(self._do(scope)))
        task.add_done_callback(self._at_work.discard)

    async def _do(self, scope: Scope) -> None:
        try:
            await self._then(scope)
        except (MemoryTrouble, ServingError) as exc:
            log.warning("not_read_in_silence", persona=scope.persona_id, reason=str(exc))
