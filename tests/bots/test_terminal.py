"""An evening at a real terminal: words stream, Ctrl+C ends a reply first and the program second, commands work."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bots.house_process import GREENROOM

pytestmark = pytest.mark.slow
PATIENCE = 100.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """`greenroom chat` on a pseudo-terminal."""

    def __init__(self, process: "subprocess.Popen[bytes]", screen: int) -> None:
        self.process = process
        self._screen = screen
        self.shown = ""

    def type(self, line: str) -> None:
        os.write(self._screen, line.encode() + b"\n")

    def interrupt(self) -> None:
        """What the terminal does at Ctrl+C."""
        self.process.send_signal(signal.SIGINT)

    def until(self, words: str) -> str:
        """Reads until some words are shown; returns what came up to them."""
        began = len(self.shown)
        deadline = time.monotonic() + PATIENCE
        while words not in self.shown[began:]:
            assert time.monotonic() < deadline, f"'{words}' never came: {self.shown[-2000:]}"
            if select.select([self._screen], [], [], 0.2)[0]:
                try:
                    self.shown += ESCAPES.sub("", os.read(self._screen, 65536).decode("utf-8", "replace"))
                except OSError as exc:  # the other end is closed
                    raise AssertionError(f"'{words}' never came: {self.shown[-2000:]}") from exc
        return self.shown[began:]


@contextmanager
def evening(data: Path) -> Iterator[Terminal]:
    """A conversation with Mika on the scripted engine."""
    screen, end = pty.openpty()
    process = subprocess.Popen(
        [GREENROOM, "chat", "mika", "--data", data, "--engine", "scripted"], stdin=end, stdout=end, stderr=end
    )
    os.close(end)
    try:
        yield Terminal(process, screen)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        os.close(screen)


def test_an_evening_with_interruptions_and_commands(tmp_path: Path) -> None:
    with evening(tmp_path) as terminal:
        assert "An AI character" in terminal.until("›")

        terminal.type("Tell me at length about the moon.")
        time.sleep(2)
        terminal.interrupt()
        assert "…" in terminal.until("›")
        assert terminal.process.poll() is None

        terminal.type("/memory")
        assert "Tell me at length about the moon." in terminal.until("›")
        terminal.type("/why")
        assert "scripted (LoRA: none)" in terminal.until("›")
        terminal.type("/persona orla")
        assert "You are with Orla now." in terminal.until("›")
        terminal.type("/persona nobody")
        assert "There is no persona" in terminal.until("›")
        terminal.type("/unheard-of")
        assert "/forget" in terminal.until("›")
        terminal.type("/forget me")
        assert "Forgotten" in terminal.until("›")

        terminal.interrupt()
        assert terminal.process.wait(PATIENCE) == 0
    assert "Traceback" not in terminal.shown


def test_leaving_with_quit(tmp_path: Path) -> None:
    with evening(tmp_path) as terminal:
        terminal.until("›")
        terminal.type("/quit")

        assert terminal.process.wait(PATIENCE) == 0
