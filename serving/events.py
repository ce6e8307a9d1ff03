"""Server-sent events as bytes come in, taken apart as cheaply as can be: this runs for every token of every fan.

The openai client makes a pydantic object of each event, which cost more than all the rest of a delta's way to the fan
(docs/log.md, 2026-11-25). Only the `data` of events is read; other fields and comments are skipped.
"""

from collections.abc import Iterator


class Events:
    """`feed` takes bytes as they arrive and gives the data of the events that are whole now."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes) -> Iterator[bytes]:
        *lines, self._rest = (self._rest + block).split(b"\n")
        for line in lines:
            # an event of several data lines does not occur here: JSON is sent on one line
            if line.startswith(b"data:"):
                yield line[5:].strip()
