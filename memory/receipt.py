"""What is left of a fan after they asked to be forgotten: counted again on disk, not taken from what was deleted."""

import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

SHORTEST, LONGEST = 12, 200  # bytes: shorter words are said by many; longer ones a database may break over pages
MOST = 64  # texts looked for, the longest first, so that a search ends


@dataclass(frozen=True, slots=True)
class Receipt:
    """`turns` to `reviews` are what went. `rows_left`, `memories_left` and `bytes_left` were looked for afterwards.

    `bytes_left` counts files in the data folder where something the fan said still stands, word for word: others
    may have repeated it. With PostgreSQL only rows are looked at: its files are not ours to read.
    """

    turns: int
    utterances: int
    statements: int
    memories: int
    feedback: int
    talks: int
    consents: int
    reviews: int
    rows_left: int
    memories_left: int
    bytes_left: int
    at: datetime

    @property
    def complete(self) -> bool:
        """Whether nothing was found."""
        return self.rows_left == self.memories_left == self.bytes_left == 0


def telling(texts: Iterable[str]) -> list[bytes]:
    """The texts worth a search, each once, the longest first."""
    cut = {text.encode()[:LONGEST] for text in texts}
    return sorted((word for word in cut if len(word) >= SHORTEST), key=len, reverse=True)[:MOST]


def occurrences(files: Iterable[Path], words: Sequence[bytes]) -> int:
    """In how many of the files each word stands, summed up; every byte is read."""
    return sum(count_in(file, words) for file in files) if words else 0


def count_in(file: Path, words: Sequence[bytes]) -> int:
    """How many of the words stand in one file, without holding all of it in RAM."""
    with file.open("rb") as opened:
        if not opened.seek(0, 2):
            return 0
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return sum(content.find(word) >= 0 for word in words)
