"""Fans who said: don't listen to me. Kept apart from all that is erased, so that forgetting never forgets the wish.

One JSON line for each change, with a hash of the fan's id and nothing else; written to the disk before it is confirmed.
Processes that share the data folder see each other's changes. A line that a crash tore silences nobody else; if it
names a fan it counts as their wish to be left alone.
"""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import BinaryIO

import structlog

log = structlog.get_logger()
FILE = "opted-out.jsonl"
WISH = re.compile(rb'\{"fan": "([0-9a-f]{64})"(?:, "out": (true|false)\})?')  # wherever it stands in what was torn


class OptOuts:
    """The wishes of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._out: frozenset[str] = frozenset()
        self._read_at = -1

    def has(self, fan_id: str) -> bool:
        """Whether this fan is not to be heard."""
        self._read()
        return unreadable(fan_id) in self._out

    def leave(self, fan_id: str) -> None:
        """From now on the fan is neither heard nor kept."""
        self._write(fan_id, out=True)

    def come_back(self, fan_id: str) -> None:
        """The fan wants to be heard again."""
        self._write(fan_id, out=False)

    def _write(self, fan_id: str, *, out: bool) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        wish = json.dumps({"fan": unreadable(fan_id), "out": out}).encode()
        with self._file.open("a+b") as file:
            file.write(b"\n" * is_torn(file) + wish + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self) -> None:
        """Reads the file again when it has grown; it only ever grows."""
        size = self._file.stat().st_size if self._file.exists() else 0
        if size == self._read_at:
            return
        written = self._file.read_bytes() if size else b""
        latest = {fan: out != b"false" for fan, out in WISH.findall(written)}
        self._out = frozenset(fan.decode() for fan, out in latest.items() if out)
        self._read_at = size
        if rest := WISH.sub(b"", written).split():
            log.warning("discord_opt_outs_torn", file=str(self._file), pieces=len(rest))


def is_torn(file: BinaryIO) -> bool:
    """Whether a file's last line has no end."""
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def unreadable(fan_id: str) -> str:
    """What is kept of a fan's id."""
    return hashlib.sha256(f"greenroom opt-out|{fan_id}".encode()).hexdigest()
