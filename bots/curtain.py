"""Lets a fan end a reply that is still being given, at once and without ending anything else."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from typing import TypeVar

from serving import EngineAway

T = TypeVar("T")


class CurtainFell(Exception):
    """The fan has heard enough."""


class Curtain:
    """One per turn. The same timer that limits an engine's silence is pulled forward when the curtain falls.

    Cancelling the task instead would not do: that is how a closing house ends a turn, and such a turn is answered
    again after the restart, while one that a fan stopped is over.
    """

    def __init__(self) -> None:
        self.fallen = False
        self._waiting: asyncio.Timeout | None = None

    def fall(self) -> None:
        """Ends the reply now; what was said so far stays said."""
        self.fallen = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def next(self, stream: AsyncGenerator[T, None], *, patience: float) -> T:
        """The stream's next step. Raises `CurtainFell`, or `EngineAway` after `patience` seconds of silence."""
        if self.fallen:
            raise CurtainFell
        try:
            return await self.until(anext(stream), patience=patience)
        except TimeoutError as exc:
            raise EngineAway(f"The engine said nothing for {patience:g} seconds.") from exc

    async def until(self, coming: Awaitable[T], *, patience: float | None = None) -> T:
        """What is waited for. Raises `CurtainFell`, or `TimeoutError` after `patience` seconds."""
        try:
            async with asyncio.timeout(patience) as self._waiting:
                if self.fallen:
                    self.fall()
                return await coming
        except TimeoutError as exc:
            if self.fallen:
                raise CurtainFell from exc
            raise
        finally:
            self._waiting = None
