"""A process and everything it starts: begun together, ended together."""

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class ProcessTree:
    """A process that leads a group of its own, so that its children can be ended with it, even after its own death."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, words: Sequence[str], *, environment: Mapping[str, str], log: Path) -> "ProcessTree":
        """What it says goes to the end of the log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *dying_with_us(),
                *words,
                env={**os.environ, **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    async def wait(self) -> int:
        """The exit status of the process itself."""
        return await self._process.wait()

    async def stop(self, *, patience: float) -> None:
        """Asks the process to end, gives it `patience` seconds, then ends what is left of the group.

        Who cancels this has no patience left: the group ends at once.
        """
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()


def dying_with_us() -> tuple[str, ...]:
    """Words before a command, so that the kernel ends it when this program is killed with -9 (util-linux has them)."""
    return ("setpriv", "--pdeathsig", "TERM", "--") if shutil.which("setpriv") else ()
