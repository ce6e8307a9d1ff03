"""Lets calls on one persona's memory of one fan wait for each other, while those on others run on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

Pair = tuple[str, str]


class OneAtATime:
    """`async with turns.alone(pair)`; a lock is kept only while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Pair, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def alone(self, *pairs: Pair) -> AsyncIterator[None]:
        """Several pairs are taken in one order, so that none waits in a ring."""
        locks = [self._locks.setdefault(one, asyncio.Lock()) for one in sorted(pairs)]
        taken: list[asyncio.Lock] = []
        try:
            for lock in locks:
                await lock.acquire()
                taken.append(lock)
            yield
        finally:
            for lock in taken:
                lock.release()
