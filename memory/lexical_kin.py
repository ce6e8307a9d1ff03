"""Which English words mean nearly the same: "pet" brings "puppy" to mind, with no vector made at the time of asking.

The table holds, for each word stem, up to 32 others whose vectors by the default encoder (all-MiniLM-L6-v2, Apache-2.0)
are close; `python -m benchmarks.recall_kin` makes it anew.
Chinese and Japanese have a table of their own (`lexical_kin_east`); other languages' words match as written.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files

import numpy as np

CLOSEST = 0.45  # the cosine at which kinship begins; 1 is the word itself


class EnglishKin(Mapping[str, Sequence[tuple[str, float]]]):
    """Stem to its kindred stems, each with a closeness above 0 and below 1; read from its file at the first look."""

    def __getitem__(self, stem: str) -> Sequence[tuple[str, float]]:
        row = self._table.rows[stem]
        kindred, closeness = self._table.kindred[row], self._table.closeness[row]
        return [(self._table.stems[k], float(c) / 255) for k, c in zip(kindred, closeness, strict=True) if c]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.stems)

    def __len__(self) -> int:
        return len(self._table.stems)

    @cached_property
    def _table(self) -> "Table":
        with files("memory").joinpath("words/kin_en.npz").open("rb") as file, np.load(file) as stored:
            return Table(str(stored["stems"]).split(), stored["kindred"], stored["closeness"])


class Table:
    """Row by row: a stem, the numbers of its kindred, uint16 (stems, 32), and how close they are, uint8, 0 for none."""

    def __init__(self, stems: list[str], kindred: np.ndarray, closeness: np.ndarray) -> None:
        self.stems, self.kindred, self.closeness = stems, kindred, closeness
        self.rows = {stem: row for row, stem in enumerate(stems)}


def kin_of(vectors: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The kindred of each unit row and their closeness, as `Table` keeps them: shapes (rows, most), best first."""
    kindred, closeness = [], []
    for begin in range(0, len(vectors), 1000):
        cosines = vectors[begin : begin + 1000] @ vectors.T
        cosines[np.arange(len(cosines)), np.arange(begin, begin + len(cosines))] = -1  # nobody is their own kin
        best = np.argsort(-cosines, axis=1)[:, :most]
        near = np.take_along_axis(cosines, best, axis=1)
        kindred.append(best.astype(np.uint16))
        closeness.append((np.clip((near - CLOSEST) / (1 - CLOSEST), 0, 1) * 255).astype(np.uint8))
    return np.concatenate(kindred), np.concatenate(closeness)
