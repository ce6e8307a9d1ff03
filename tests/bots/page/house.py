"""The real house behind the page: `greenroom up` as its own process, without asyncio, which Playwright has taken."""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from urllib.error import URLError
from urllib.request import urlopen

from tests.bots.house_process import GREENROOM, free_port

PATIENCE = 180.0  # seconds; opening takes one or two, but a minute where a dozen programs share two cores


class House:
    """A server process on a free port of loopback; it can be killed and opened again on the same port and data."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> "House":
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(signal.SIGTERM)

    def open(self) -> None:
        """Starts the server and waits until it answers."""
        self._data.mkdir(parents=True, exist_ok=True)
        with (self._data / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [GREENROOM, "up", "--port", str(self._port), "--data", str(self._data)],
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    "GREENROOM_ENGINE": "scripted",
                    "OMP_NUM_THREADS": "1",
                    "GREENROOM_MEMORY__LEARNING__WEB": "true",
                },
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """As `kill -9`: nothing is closed, nothing is said."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(timeout=15)

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"The house closed at once:\n{(self._data / 'server.log').read_text()}")
            try:
                with urlopen(f"{self.url}/readyz", timeout=2):
                    return
            except (URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError(f"The house was not ready after {PATIENCE:.0f} s.")
