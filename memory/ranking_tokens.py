"""Compares question and memory piece by piece: what one vector blurs, the best match of each word still shows.

Late interaction, as in ColBERT (Khattab and Zaharia, 2020): for every piece of the question the closest piece of the
memory counts, or a little less that of a line beside it, weighed by how rare it is among this fan's memories: "the
harbour" may be named in one line and what happened there told in the next. The states come from the encoder's usual
pass, are projected to 64 numbers and kept as int8, so that a memory of 30 pieces takes 2 kB.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from memory.lexical import Floats
from serving import Encoder, Questioner, Reader, Reading

WIDTH = 64
FADES = np.array([1.0, 0.8, 0.8, 0.65, 0.65], dtype=np.float32)  # of the line itself, beside it, two away
ROW = WIDTH + 2  # bytes of one piece: its number in two, then its state


@dataclass(frozen=True, slots=True)
class Sketch:
    """The pieces of a text, uint16 of shape (pieces,), and their projected states, int8 of shape (pieces, 64)."""

    pieces: NDArray[np.uint16]
    states: NDArray[np.int8]

    @classmethod
    def unpacked(cls, packed: bytes) -> "Sketch":
        """What `packed` made."""
        rows = np.frombuffer(packed, dtype=np.uint8).reshape(-1, ROW)
        return cls(rows[:, :2].copy().view(np.uint16)[:, 0], rows[:, 2:].view(np.int8))

    def packed(self) -> bytes:
        """As it is stored with a record."""
        numbers = self.pieces[:, None].view(np.uint8)
        return np.concatenate([numbers, self.states.view(np.uint8)], axis=1).tobytes()


Sketched = tuple[NDArray[np.float32], list[Sketch | None]]


class Sketcher:
    """Reads texts with an encoder and keeps a sketch of each; None in place of sketches where it can't.

    A projection ships for the default encoder only; with another one, memories are compared by their vectors alone.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._projection = projection_for(encoder.name)

    async def read(self, texts: Sequence[str]) -> Sketched:
        """Unit vectors, float32 of shape (texts, dim), and the sketches."""
        if self._projection is None or not isinstance(self._encoder, Reader) or not texts:
            return await self._encoder.encode(texts), [None] * len(texts)
        return self._sketched(await self._encoder.read(texts))

    async def ask(self, texts: Sequence[str]) -> Sketched:
        """The same for questions, which some encoders read otherwise, or first."""
        if not isinstance(self._encoder, Questioner) or not texts:
            return await self.read(texts)
        if self._projection is None or not isinstance(self._encoder, Reader):
            return await self._encoder.encode_questions(texts), [None] * len(texts)
        return self._sketched(await self._encoder.read_questions(texts))

    async def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The unit vectors alone."""
        return await self._encoder.encode(texts)

    def _sketched(self, readings: Sequence[Reading]) -> Sketched:
        return np.stack([reading.vector for reading in readings]), [self._sketch(reading) for reading in readings]

    def _sketch(self, reading: Reading) -> Sketch:
        assert self._projection is not None
        mean, projection = self._projection
        states = reading.states / np.linalg.norm(reading.states, axis=1, keepdims=True)
        small = (states - mean) @ projection
        small /= np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-9)
        return Sketch(reading.pieces.astype(np.uint16), np.round(small * 127).astype(np.int8))


@cache
def projection_for(encoder: str) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """The mean, shape (dim,), and the projection, (dim, 64), that ship for an encoder of this name."""
    file = files("memory").joinpath(f"words/tokens_{encoder}.npz")
    if not file.is_file():
        return None
    with file.open("rb") as opened, np.load(opened) as stored:
        return stored["mean"], stored["projection"]


class SketchRows:
    """The sketches of one fan's memories, by row."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._holding: Counter[int] = Counter()

    def add(self, packed: bytes) -> None:
        """One more row; no bytes, no sketch."""
        self._packed.append(packed)
        self._holding.update(set(Sketch.unpacked(packed).pieces.tolist()))

    def closeness(self, asked: Sketch, near: NDArray[np.int64]) -> Floats:
        """How well each row matches what was asked, about 0 to 1, shape (rows,).

        `near` has shape (rows, 5): each row itself, those beside it, and those two away; -1 where there is none. A row
        without a sketch is taken for an average one.
        """
        rows, at = np.unique(near, return_inverse=True)
        known = np.array([row >= 0 and bool(self._packed[row]) for row in rows], dtype=bool)
        if not known.any() or not len(asked.pieces):
            return np.zeros(len(near))
        best = np.zeros((len(rows), len(asked.pieces)), dtype=np.float32)
        best[known] = self._best_of(rows[known], asked)
        beside = (best[at.reshape(near.shape)] * FADES[:, None]).max(axis=1)
        rarity = np.array([self._rarity(piece) for piece in asked.pieces.tolist()])
        matched: Floats = beside @ rarity / rarity.sum()
        own = known[at.reshape(near.shape)[:, 0]]
        return np.where(own, matched, matched[own].mean() if own.any() else 0.0)

    def _best_of(self, rows: NDArray[np.int64], asked: Sketch) -> NDArray[np.float32]:
        """For each row and each piece of the question the closest piece's cosine, shape (rows, pieces)."""
        packed = [self._packed[row] for row in rows]
        begins = np.cumsum([0, *(len(one) // ROW for one in packed[:-1])])
        states = Sketch.unpacked(b"".join(packed)).states.astype(np.float32)
        # pieces of the question first: reduceat is twice as fast along what lies side by side
        best: NDArray[np.float32] = np.maximum.reduceat(asked.states.astype(np.float32) @ states.T, begins, axis=1)
        return best.T / np.float32(127**2)

    def _rarity(self, piece: int) -> float:
        holding = self._holding[piece]
        return float(np.log1p((len(self._packed) - holding + 0.5) / (holding + 0.5)))
