"""`greenroom up` as a real process, for tests that kill it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

GREENROOM = Path(sys.executable).parent / "greenroom"
PATIENCE = 60.0


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


class HouseProcess:
    """A running house; `errors` is what it wrote to stderr."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process = process
        self.address = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def errors(self) -> str:
        return self._log.read_text()

    async def answers(self, path: str) -> None:
        """Waits until a path answers 200."""
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(base_url=self.address) as browser:
            while True:
                assert self.process.returncode is None, self.errors
                try:
                    if (await browser.get(path)).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends the process by its own id, and waits for it."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


@asynccontextmanager
async def house_process(data: Path, *more: str, port: int = 0, engine: str = "scripted") -> AsyncIterator[HouseProcess]:
    """A house over a data folder, ready to be visited; killed at the end if it still runs."""
    port = port or free_port()
    log = data.parent / f"up-{port}-{os.urandom(3).hex()}.log"
    arguments = ["up", "--data", str(data), "--port", str(port), "--engine", engine, *more]
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            str(GREENROOM), *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=errors, stderr=errors
        )
    house = HouseProcess(process, port, log)
    try:
        await house.answers("/readyz")
        yield house
    finally:
        await house.end(signal.SIGKILL)
