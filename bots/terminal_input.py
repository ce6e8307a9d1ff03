"""Lines from a keyboard or a pipe, without holding up the replies and without a thread that outlives the program."""

import asyncio
import codecs
import os
import sys
from collections.abc import AsyncGenerator


async def piped() -> AsyncGenerator[str, None]:
    """The lines of a pipe, until it ends."""
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        yield line.decode("utf-8", "replace").rstrip("\r\n")


class Keyboard:
    """`line` waits for the next line; None when there is no more. A line interrupted by Ctrl+C never came."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._typed = ""
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    def __enter__(self) -> "Keyboard":
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)

    async def line(self) -> str | None:
        """What was typed up to the next return."""
        return await self._lines.get()

    def _read(self) -> None:
        typed = os.read(self._descriptor, 65536)
        if not typed:
            self._lines.put_nowait(None)
            asyncio.get_running_loop().remove_reader(self._descriptor)
            return
        *whole, self._typed = (self._typed + self._decode(typed)).split("\n")
        for line in whole:
            self._lines.put_nowait(line)
