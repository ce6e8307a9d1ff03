"""One reply in the making, handed between the event loop and the model's thread."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from serving.chat import Completion, Delta, Sampling
from serving.errors import ServingError

Piece = Delta | Completion | ServingError


@dataclass(eq=False)
class Generation:
    """What a reply is made from, and the way its pieces travel back.

    `post` may be called from any thread. `leave` tells the model's thread that nobody listens any more; it looks
    before each step.
    """

    tokens: list[int]
    sampling: Sampling
    temperature: float
    lora: str | None
    lora_folder: Path | None
    loop: asyncio.AbstractEventLoop
    pieces: asyncio.Queue[Piece] = field(default_factory=asyncio.Queue)
    left: bool = False

    def post(self, piece: Piece) -> None:
        """Hands a piece to the reader, if there is one."""
        if not self.left:
            with suppress(RuntimeError):  # the loop was closed, and its reader with it
                self.loop.call_soon_threadsafe(self.pieces.put_nowait, piece)

    def leave(self) -> None:
        self.left = True
