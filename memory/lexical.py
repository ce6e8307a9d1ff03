"""Finds memories by the words they share with a question, or by words of nearly the same meaning.

BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) over one fan's memories, kept in RAM and
grown in place. Chat lines are short and alike in length, so k1 and b are lower than for web pages.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kin = Mapping[str, Sequence[tuple[str, float]]]

K1 = 0.9
B = 0.4


@dataclass(slots=True)
class Posting:
    """Which rows hold a term, and how often."""

    rows: "array[int]" = field(default_factory=lambda: array("i"))
    times: "array[int]" = field(default_factory=lambda: array("i"))


class WordIndex:
    """Rows of terms, numbered from 0 in the order they came."""

    def __init__(self, kin: Kin | None = None) -> None:
        self._kin: Kin = kin or {}
        self._postings: dict[str, Posting] = {}
        self._lengths = array("i")

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, terms: Sequence[str]) -> None:
        """One more row."""
        row = len(self._lengths)
        self._lengths.append(len(terms))
        for term, times in Counter(terms).items():
            posting = self._postings.setdefault(term, Posting())
            posting.rows.append(row)
            posting.times.append(times)

    def rarity(self, term: str) -> float:
        """The inverse document frequency of a term, above 0; the rarer the higher."""
        holding = len(self._postings[term].rows) if term in self._postings else 0
        return float(np.log1p((len(self) - holding + 0.5) / (holding + 0.5)))

    def bm25(self, terms: Iterable[str]) -> Floats:
        """One score for each row, shape (rows,); 0 where no term is shared."""
        scores = np.zeros(len(self))
        lengths = np.array(self._lengths, dtype=np.float64)
        damping = K1 * (1 - B + B * lengths / max(lengths.mean(), 1.0)) if len(self) else lengths
        for term in terms:
            if term in self._postings:
                rows, times = self._found(term)
                scores[rows] += self.rarity(term) * times * (K1 + 1) / (times + damping[rows])
        return scores

    def kinship(self, terms: Iterable[str]) -> Floats:
        """One score for each row: the rarity of every term it holds, or part of it where it holds a kindred term."""
        scores = np.zeros(len(self))
        for term in dict.fromkeys(terms):
            best = np.zeros(len(self))
            for other, closeness in (*self._kin.get(term, ()), (term, 1.0)):
                if other in self._postings:
                    rows, _ = self._found(other)
                    best[rows] = np.maximum(best[rows], closeness)
            scores += self.rarity(term) * best
        return scores

    def rare(self, terms: Iterable[str], common: float) -> Floats:
        """One score for each row: the rarity of the terms it holds, above `common`; 1 is that of a term nobody said."""
        scores, utmost = np.zeros(len(self)), np.log1p(len(self))
        for term in terms:
            if term in self._postings and (rarer := self.rarity(term) / utmost - common) > 0:
                scores[self._found(term)[0]] += rarer
        return scores

    def _found(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        posting = self._postings[term]
        return np.frombuffer(posting.rows, dtype=np.int32), np.frombuffer(posting.times, dtype=np.int32)
