"""Ids that grow with time, as Discord's do."""

import itertools
from collections.abc import Callable
from typing import Protocol

DISCORD_EPOCH = 1_420_070_400_000  # ms; 2015-01-01


class Ids(Protocol):
    """Whatever gives another id, always a greater one."""

    def next(self) -> str: ...


class Numbers:
    """Ids that only grow and tell no time, as a server of one's own may give them."""

    def __init__(self, first: int = 1) -> None:
        self._counter = itertools.count(first)

    def next(self) -> str:
        return str(next(self._counter))


class Snowflakes:
    """Milliseconds since Discord's epoch, 22 bits to the left, with a counter below; always growing."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._counter = itertools.count(1)

    def next(self) -> str:
        return str(((self._now_ms() - DISCORD_EPOCH) << 22) + next(self._counter) % (1 << 22))
