"""Which of a LoRA's versions a server has loaded: the newest is worn, and a change is noticed within seconds."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from serving.errors import EngineRefused
from serving.shelf import EXACT

FRESH_SECONDS = 1.0
log = logging.getLogger(__name__)


class NotServed(EngineRefused):
    """The server has no such model or LoRA."""


class Served:
    """The server's own list of names, asked for at most once a second, and only when a LoRA is wanted.

    Who wants one that the server had a moment ago does not wait for the list: it is asked for meanwhile, and a server
    too busy to tell it is still good for a reply. A name that is not known yet is waited for.
    """

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
        self._asking: asyncio.Task[None] | None = None

    async def newest(self, lora: str) -> str:
        """The name to ask for: `mira` becomes `mira/v3`; an exact name, or one the server knows, stays."""
        found = newest(lora, self._names)
        if found is None:
            await asyncio.shield(self._asked())  # others may wait for the same answer
            found = newest(lora, self._names)
        elif self._clock() - self._asked_at >= FRESH_SECONDS:
            self._asked()
        if found is None:
            names = ", ".join(sorted(self._names)) or "nothing"
            raise NotServed(f"{self._server} serves no LoRA {lora}, but {names}.")
        return found

    def forget(self) -> None:
        """The next question goes to the server, and is waited for."""
        self._names = frozenset()

    async def aclose(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _asked(self) -> asyncio.Task[None]:
        """The question that is on its way, or a new one."""
        if self._asking is None or self._asking.done():
            self._asked_at = self._clock()
            self._asking = asyncio.create_task(self._refresh(), name="served")
            self._asking.add_done_callback(told_if_it_failed)
        return self._asking

    async def _refresh(self) -> None:
        self._names = frozenset(await self._ask())


def told_if_it_failed(asking: asyncio.Task[None]) -> None:
    """A failure counts for those who wait for the answer; for the others the old list stands."""
    if not asking.cancelled() and (failure := asking.exception()):
        log.info("The list of what is served was not renewed: %s", failure)


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
