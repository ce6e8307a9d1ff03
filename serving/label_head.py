"""Reads labels off a text: a light head on frozen embeddings and word pairs, in numpy alone.

Several labels may hold at once. A head is one `.npz` file of some hundred kB, trained by `finetune/classifier.py`.
What is not covered: irony, and whatever needs the sentence before.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from serving.errors import EngineMissing

Floats = NDArray[np.float32]

WORD = re.compile(r"[a-z']+|[!?]+|[^\w\s]")


def word_pairs(text: str) -> Iterator[str]:
    """The words of a text and each two neighbours, in lower case; runs of ! and ? and each emoji are words, too."""
    words = WORD.findall(text.lower())
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise(words))


@dataclass(frozen=True)
class LabelHead:
    """The weights: n words, d the width of the encoder's vectors, h hidden units, k labels.

    The score of a label is `share` times a linear score of the words' tf-idf row, plus `1 - share` times that of a
    small network over the text's vector; `scale` and `shift` turn scores into calibrated probabilities (Platt 1999).
    """

    labels: tuple[str, ...]
    vocabulary: Mapping[str, int]
    idf: Floats  # (n,)
    words: Floats  # (n, k)
    word_bias: Floats  # (k,)
    hidden: Floats  # (d, h)
    hidden_bias: Floats  # (h,)
    out: Floats  # (h, k)
    out_bias: Floats  # (k,)
    scale: Floats  # (k,)
    shift: Floats  # (k,)
    thresholds: Floats  # (k,), as probabilities
    share: float

    @classmethod
    def load(cls, path: Path) -> Self:
        """The head in a file written by `save`."""
        if not path.exists():
            raise EngineMissing(f"There is no label head at {path}; train one with: greenroom finetune classifier")
        with np.load(path) as kept:
            words = kept["vocabulary"].tobytes().decode().split("\n")
            return cls(
                labels=tuple(kept["labels"].tobytes().decode().split("\n")),
                vocabulary={word: row for row, word in enumerate(words)},
                words=kept["words"].astype(np.float32) * kept["word_step"],
                share=float(kept["share"]),
                **{name: kept[name].astype(np.float32) for name in SMALL},
            )

    def save(self, path: Path) -> None:
        """Writes the head; the words' weights as 8-bit steps, everything else in half precision."""
        step = np.abs(self.words).max(axis=0, keepdims=True) / 127 + 1e-9
        np.savez_compressed(
            path,
            labels=as_bytes(self.labels),
            vocabulary=as_bytes(sorted(self.vocabulary, key=self.vocabulary.__getitem__)),
            words=np.round(self.words / step).astype(np.int8),
            word_step=step.astype(np.float32),
            share=np.float32(self.share),
            **{name: getattr(self, name).astype(np.float16) for name in SMALL},
        )

    def probabilities(self, text: str, vector: Floats) -> Floats:
        """(k,) calibrated probabilities for a text and its unit vector (d,)."""
        score = self.share * self._word_score(text) + (1 - self.share) * self._vector_score(vector)
        return sigmoid(self.scale * score + self.shift)

    def _word_score(self, text: str) -> Floats:
        counts = Counter(word for word in word_pairs(text) if word in self.vocabulary)
        if not counts:
            return self.word_bias
        rows = np.fromiter((self.vocabulary[word] for word in counts), dtype=np.int64)
        weight = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32))) * self.idf[rows]
        score: Floats = (weight / np.linalg.norm(weight)) @ self.words[rows] + self.word_bias
        return score

    def _vector_score(self, vector: Floats) -> Floats:
        score: Floats = np.maximum(vector @ self.hidden + self.hidden_bias, 0) @ self.out + self.out_bias
        return score


SMALL = ("idf", "word_bias", "hidden", "hidden_bias", "out", "out_bias", "scale", "shift", "thresholds")


def sigmoid(score: Floats) -> Floats:
    """The logistic function, safe for large scores."""
    probability: Floats = (1 / (1 + np.exp(-np.clip(score, -30, 30)))).astype(np.float32)
    return probability


def as_bytes(lines: Sequence[str]) -> NDArray[np.uint8]:
    """Lines as an array, so that a file of arrays needs no pickle."""
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)
