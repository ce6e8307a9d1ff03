"""A connection to the journal's database that a cancelled task can't tear out of the driver's hands."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class Uninterrupted(AsyncConnection):
    """A connection whose every step runs to its end, even if whoever waits for it is cancelled in the middle.

    A driver that is torn out of a step loses its connection, and with it a journal in RAM. The steps last
    milliseconds; a cancelled caller is cancelled after the one that runs, and its transaction is undone.
    """

    async def start(self, is_ctxmanager: bool = False) -> "Uninterrupted":
        await to_its_end(super().start(is_ctxmanager))
        return self

    async def begun(self) -> None:
        """Begins a transaction."""
        await to_its_end(self.begin().start())

    async def execute(self, *args: Any, **options: Any) -> Any:
        return await to_its_end(super().execute(*args, **options))

    async def exec_driver_sql(self, *args: Any, **options: Any) -> Any:
        return await to_its_end(super().exec_driver_sql(*args, **options))

    async def run_sync(self, *args: Any, **options: Any) -> Any:
        return await to_its_end(super().run_sync(*args, **options))

    async def commit(self) -> None:
        await to_its_end(super().commit())

    async def close(self) -> None:
        await to_its_end(super().close())


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Awaits the work to its end; raises `CancelledError` only then, if the caller was cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # looked at, so that it isn't reported as lost; the caller is gone
    raise cancelled
