"""Who waits for a reply at the API: a client that leaves ends it, unless another request waits for the same one."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar
from weakref import WeakKeyDictionary

from fastapi import Request

from bots.performance import Performance

T = TypeVar("T")


class Readers:
    """One request may be sent twice under one idempotency key, and then two wait for one reply."""

    def __init__(self) -> None:
        self._waiting: WeakKeyDictionary[Performance, set[Request]] = WeakKeyDictionary()

    async def while_here(self, request: Request, performance: Performance, coming: Awaitable[T]) -> T:
        """What is waited for; a client that goes meanwhile leaves."""
        self._waiting.setdefault(performance, set()).add(request)

        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            self.leave(request, performance)

        leaving = asyncio.create_task(gone())
        try:
            return await coming
        finally:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)

    def leave(self, request: Request, performance: Performance) -> None:
        """A request needs no more of a reply; the last one that leaves ends it."""
        waiting = self._waiting.get(performance, set())
        waiting.discard(request)
        if not (waiting or performance.over):
            performance.curtain.fall()
