"""Fans who said: don't listen to me. Kept apart from all that is erased, so that forgetting never forgets the wish.

One JSON line for each change, with a hash of the fan's id and nothing else; written to the disk before it is confirmed.
Processes that share the data folder see each other's changes.
"""

import hashlib
import json
import os
from pathlib import Path

FILE = "opted-out.jsonl"


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
        with self._file.open("a") as file:
            file.write(json.dumps({"fan": unreadable(fan_id), "out": out}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self) -> None:
        """Reads the file again when it has grown; it only ever grows."""
        size = self._file.stat().st_size if self._file.exists() else 0
        if size == self._read_at:
            return
        wishes = [json.loads(line) for line in self._file.read_text().splitlines()] if size else []
        latest = {wish["fan"]: wish["out"] for wish in wishes}
        self._out = frozenset(fan for fan, out in latest.items() if out)
        self._read_at = size


def unreadable(fan_id: str) -> str:
    """What is kept of a fan's id."""
    return hashlib.sha256(f"greenroom opt-out|{fan_id}".encode()).hexdigest()
