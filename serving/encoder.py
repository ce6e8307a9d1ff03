"""What an encoder is: the protocol that memory and fine-tuning talk to; light to import, unlike any real one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into unit vectors, so that a dot product is a cosine."""

    @property
    def name(self) -> str:
        """Says which encoder made a stored vector: vectors of two names are never compared."""

    @property
    def dim(self) -> int: ...

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """float32 of shape (len(texts), dim), each row of length 1."""


@runtime_checkable
class Questioner(Protocol):
    """An encoder that reads a question otherwise than a statement ("query: …", "passage: …")."""

    async def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, for what is asked rather than what is kept."""
        ...


class Reranker(Protocol):
    """Reads a question and a text together, and says how well the one answers the other."""

    async def judge(self, question: str, texts: Sequence[str]) -> Vectors:
        """float32 of shape (len(texts),); higher is likelier, on a scale of the model's own."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as an encoder read it: its unit `vector`, shape (dim,), and what it made of each piece.

    `pieces` are the tokenizer's numbers, int64 of shape (pieces,), `states` float32 of shape (pieces, dim); the marks
    at the beginning and end are left out, and a text without words has no pieces.
    """

    vector: Vectors = field(repr=False)
    pieces: NDArray[np.int64]
    states: Vectors = field(repr=False)


@runtime_checkable
class Reader(Protocol):
    """An encoder that also says what it made of each piece of a text, for comparing question and answer finely."""

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading for each text."""
        ...

    async def read_questions(self, texts: Sequence[str]) -> list[Reading]:
        """As `read`, for what is asked rather than what is kept."""
        ...
