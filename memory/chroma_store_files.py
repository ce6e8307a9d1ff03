"""Guards the files of hnswlib, Chroma's vector index: what they lack it makes up from memory, and what is in memory
it writes into them.

It saves room for more vectors without clearing it first. Those bytes are whatever the process had in memory, anybody's
words among them; the places that no vector uses are overwritten with zeros whenever a folder is closed, and before one
is opened that a crash left behind. And it takes a file that was cut short for a whole one: what is missing is what the
memory held before, which may even look right, so such a folder is damaged before it is opened.

What is not covered: a folder while it is open, and another layout of these files than hnswlib's of Chroma 1.5 (a test
would tell).
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct("<i6q")  # version, offset, room, used, bytes an element, offset of its label, of its vector
KNOWN_VERSION = 1
LENGTH = 4  # bytes; length.bin has one float for each element


class Rows(NamedTuple):
    """A file of one index, and how many of its bytes are in use."""

    file: Path
    used: int


def wipe(folder: Path) -> None:
    """Zero the unused room of every vector index below a folder that nobody has open."""
    for rows in in_use(folder):
        if rows.file.is_file():
            zero(rows.file, rows.used)


def cut_short(folder: Path) -> bool:
    """Whether an index below a folder says that it has more than there is."""
    return any(not rows.file.is_file() or rows.file.stat().st_size < rows.used for rows in in_use(folder))


def in_use(folder: Path) -> Iterator[Rows]:
    """The files of every index below a folder, by what their headers say."""
    for header in folder.glob("*/header.bin"):
        content = header.read_bytes()
        if len(content) < HEADER.size:
            continue  # damaged; opening it will say so
        version, _, room, used, element, *_ = HEADER.unpack_from(content)
        if version == KNOWN_VERSION and 0 <= used <= room:
            yield Rows(header.with_name("data_level0.bin"), used * element)
            yield Rows(header.with_name("length.bin"), used * LENGTH)


def zero(file: Path, begin: int) -> None:
    """Overwrite the rest of a file."""
    if file.stat().st_size > begin:
        with file.open("r+b") as opened:
            opened.seek(begin)
            opened.write(bytes(file.stat().st_size - begin))
