"""Waits for something that another task or process brings about."""

import asyncio
from collections.abc import Callable


async def eventually(holds: Callable[[], bool], *, within: float = 10.0) -> None:
    """Returns once it holds; TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110  whoever makes it hold doesn't know that we wait
            await asyncio.sleep(0.02)
