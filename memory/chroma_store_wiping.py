"""Wipes what Chroma writes to disk by accident: hnswlib saves room for more vectors without clearing it first.

Those bytes are whatever the process had in memory, anybody's words among them. The places that no vector uses are
overwritten with zeros whenever a folder is closed, and before one is opened that a crash left behind. What is not
covered: a folder while it is open, and another layout of these files than hnswlib's of Chroma 1.5 (a test would tell).
"""

import struct
from pathlib import Path

HEADER = struct.Struct("<i6q")  # version, offset, room, used, bytes an element, offset of its label, of its vector
KNOWN_VERSION = 1
LENGTH = 4  # bytes; length.bin has one float for each element


def wipe(folder: Path) -> None:
    """Zero the unused room of every vector index below a folder that nobody has open."""
    for header in folder.glob("*/header.bin"):
        content = header.read_bytes()
        if len(content) < HEADER.size:
            continue  # damaged; opening it will say so
        version, _, room, used, element, *_ = HEADER.unpack_from(content)
        if version == KNOWN_VERSION and 0 <= used <= room:
            zero(header.with_name("data_level0.bin"), used * element)
            zero(header.with_name("length.bin"), used * LENGTH)


def zero(file: Path, begin: int) -> None:
    """Overwrite the rest of a file."""
    if file.is_file() and file.stat().st_size > begin:
        with file.open("r+b") as opened:
            opened.seek(begin)
            opened.write(bytes(file.stat().st_size - begin))
