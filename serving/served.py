"""Which of a LoRA's versions a server has loaded: the newest is worn, and a change is noticed within seconds."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from serving.errors import EngineRefused
from serving.shelf import EXACT

FRESH_SECONDS = 1.0


class NotServed(EngineRefused):
    """The server has no such model or LoRA."""


class Served:
    """The server's own list of names, asked for at most once a second, and only when a LoRA is wanted."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[Mapping[str, object]]],
        *,
        server: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._server = server
        self._clock = clock
        self._names: frozenset[str] = frozenset()
        self._asked_at = -FRESH_SECONDS

    async def newest(self, lora: str) -> str:
        """The name to ask for: `mira` becomes `mira/v3`; an exact name, or one the server knows, stays."""
        if self._clock() - self._asked_at >= FRESH_SECONDS:
            self._names = frozenset(await self._ask())
            self._asked_at = self._clock()
        found = newest(lora, self._names)
        if found is None:
            self.forget()
            names = ", ".join(sorted(self._names)) or "nothing"
            raise NotServed(f"{self._server} serves no LoRA {lora}, but {names}.")
        return found

    def forget(self) -> None:
        """The next question goes to the server."""
        self._asked_at = -FRESH_SECONDS


def newest(lora: str, names: Iterable[str]) -> str | None:
    """Of the names that are this LoRA or one of its versions, the exact one or the highest."""
    versions = {}
    for name in names:
        if name == lora:
            return name
        exact = EXACT.fullmatch(name)
        if exact and exact["lora"] == lora:
            versions[int(exact["version"])] = name
    return versions[max(versions)] if versions else None
