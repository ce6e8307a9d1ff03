"""Trains a label head on frozen embeddings: how a character learns to read feelings, or to notice harm.

    greenroom finetune classifier --train train.tsv --dev dev.tsv --labels labels.txt --to head.npz

Two weak readers make a good one: a linear one over words and word pairs (tf-idf), and a small network over the
sentence's vector. A tenth of the training lines is kept aside to calibrate the probabilities and to set thresholds,
so that the figures on the dev lines are honest; figures with thresholds tuned on the dev lines stand beside them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from finetune.labelled import Labelled
from serving.label_head import LabelHead, sigmoid, word_pairs

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run can be told; the defaults are what the shipped head was trained with."""

    seed: int = 0
    kept_aside: float = 0.1
    seen_at_least: int = 3
    words_kept: int = 6000
    word_strength: float = 3.0  # C of the logistic regression: larger trusts rare words more
    hidden: int = 128
    epochs: int = 6
    batch: int = 256
    learning_rate: float = 2e-3
    vector_gain: float = 16.0  # unit vectors have entries near 1/sqrt(d): too small to learn from quickly
    share: float = 0.6  # of the words, against the vector


@dataclass(frozen=True, slots=True)
class Figures:
    """Macro-F1 over the dev lines, with thresholds from the lines kept aside, and tuned on the dev lines."""

    macro_f1: float
    macro_f1_tuned: float
    by_label: Mapping[str, float]
    calibration_error: float

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Words(NamedTuple):
    """The linear half of a head."""

    vocabulary: Mapping[str, int]
    idf: Floats
    weights: Floats
    bias: Floats


class Network(NamedTuple):
    """The half over the sentence's vector."""

    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats


def train(lines: Labelled, vectors: Floats, settings: Settings = Settings()) -> LabelHead:
    """A calibrated head for the labels of `lines`; `vectors` (n, d) are their embeddings."""
    order = np.random.default_rng(settings.seed).permutation(len(lines))
    cut = int(len(lines) * settings.kept_aside)
    aside, rest = order[:cut], order[cut:]
    words = word_reader(lines.part(rest), settings)
    network = vector_reader(vectors[rest], lines.targets[rest], settings)
    return calibrated(uncalibrated(lines.labels, words, network, settings.share), lines.part(aside), vectors[aside])


def evaluate(head: LabelHead, lines: Labelled, vectors: Floats) -> Figures:
    """The head's figures on lines it has not seen."""
    found, truth = probabilities(head, lines, vectors), lines.targets > 0
    f1 = f1_score(truth, found >= head.thresholds, average=None, zero_division=0)
    tuned = f1_score(truth, found >= best_thresholds(found, truth), average="macro", zero_division=0)
    return Figures(
        macro_f1=float(f1.mean()),
        macro_f1_tuned=float(tuned),
        by_label=dict(zip(lines.labels, map(float, f1), strict=True)),
        calibration_error=calibration_error(found, truth),
    )


def uncalibrated(labels: tuple[str, ...], words: Words, network: Network, share: float) -> LabelHead:
    """The two halves as one head whose scores are taken for log-odds as they are."""
    ones = np.ones(len(labels), dtype=np.float32)
    return LabelHead(
        labels=labels,
        vocabulary=words.vocabulary,
        idf=words.idf,
        words=words.weights,
        word_bias=words.bias,
        hidden=network.hidden,
        hidden_bias=network.hidden_bias,
        out=network.out,
        out_bias=network.out_bias,
        scale=ones,
        shift=0 * ones,
        thresholds=0.5 * ones,
        share=share,
    )


def word_reader(lines: Labelled, settings: Settings) -> Words:
    """The linear half: one logistic regression a label over tf-idf rows, and only the words that matter kept."""
    seen = Counter(word for text in lines.texts for word in set(word_pairs(text)))
    known = sorted(word for word, lines_with in seen.items() if lines_with >= settings.seen_at_least)
    often = np.array([seen[word] for word in known], dtype=np.float32)
    idf = (np.log((1 + len(lines)) / (1 + often)) + 1).astype(np.float32)
    rows = tfidf(lines.texts, {word: column for column, word in enumerate(known)}, idf)
    fits = [regression(rows, target, settings) for target in lines.targets.T]
    weights = np.stack([fit.coef_[0] for fit in fits], axis=1).astype(np.float32)
    kept = np.argsort(-np.abs(weights).max(axis=1) * np.sqrt(often))[: settings.words_kept]
    bias = np.array([fit.intercept_[0] for fit in fits], dtype=np.float32)
    return Words({known[column]: row for row, column in enumerate(kept)}, idf[kept], weights[kept], bias)


def tfidf(texts: tuple[str, ...], vocabulary: Mapping[str, int], idf: Floats) -> csr_matrix:
    """Sparse rows (n, words), sublinear counts times idf, of length 1, as `LabelHead` reads them."""
    values, columns, starts = [], [], [0]
    for text in texts:
        counts = Counter(word for word in word_pairs(text) if word in vocabulary)
        row = np.array([vocabulary[word] for word in counts], dtype=np.int64)
        weight = (1 + np.log(np.array(list(counts.values()), dtype=np.float32))) * idf[row]
        values.append(weight / (np.linalg.norm(weight) + 1e-9))
        columns.append(row)
        starts.append(starts[-1] + len(row))
    shape = (len(texts), len(vocabulary))
    return csr_matrix((np.concatenate(values), np.concatenate(columns), starts), shape=shape)


def regression(rows: csr_matrix, target: Floats, settings: Settings) -> LogisticRegression:
    """One label's logistic regression."""
    return LogisticRegression(C=settings.word_strength, solver="liblinear").fit(rows, target)


def vector_reader(vectors: Floats, targets: Floats, settings: Settings) -> Network:
    """The other half: one hidden layer over the sentence's vector."""
    torch.manual_seed(settings.seed)
    inputs, wanted = torch.from_numpy(vectors) * settings.vector_gain, torch.from_numpy(targets)
    first = torch.nn.Linear(vectors.shape[1], settings.hidden)
    last = torch.nn.Linear(settings.hidden, targets.shape[1])
    net = torch.nn.Sequential(first, torch.nn.ReLU(), torch.nn.Dropout(0.4), last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.learning_rate, weight_decay=0.02)
    for _ in range(settings.epochs):
        for batch in torch.randperm(len(inputs)).split(settings.batch):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(inputs[batch]), wanted[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return Network(
        hidden=(first.weight.detach() * settings.vector_gain).numpy().T,
        hidden_bias=first.bias.detach().numpy(),
        out=last.weight.detach().numpy().T,
        out_bias=last.bias.detach().numpy(),
    )


def calibrated(head: LabelHead, lines: Labelled, vectors: Floats) -> LabelHead:
    """The head with Platt's scale and shift, and the thresholds of best F1, read off lines kept aside."""
    scores = -np.log(1 / np.clip(probabilities(head, lines, vectors), 1e-9, 1 - 1e-9) - 1)
    fits = [platt(column, truth) for column, truth in zip(scores.T, lines.targets.T, strict=True)]
    scale, shift = (np.array(values, dtype=np.float32) for values in zip(*fits, strict=True))
    found = sigmoid(scale * scores.astype(np.float32) + shift)
    return replace(head, scale=scale, shift=shift, thresholds=best_thresholds(found, lines.targets > 0))


def platt(scores: Floats, truth: Floats) -> tuple[float, float]:
    """Scale and shift that turn one label's scores into probabilities (Platt 1999)."""
    if truth.min() == truth.max():
        return 1.0, 0.0
    fit = LogisticRegression(C=10.0).fit(scores[:, None], truth)
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


def best_thresholds(found: Floats, truth: NDArray[np.bool_]) -> Floats:
    """For each label the probability from which on calling it gives the best F1."""
    return np.array([best_threshold(column, holds) for column, holds in zip(found.T, truth.T, strict=True)], np.float32)


def best_threshold(found: Floats, holds: NDArray[np.bool_]) -> float:
    """The cut with the best F1 over one label's probabilities, in one pass from the surest down."""
    order = np.argsort(-found)
    hits = np.cumsum(holds[order])
    f1 = 2 * hits / (np.arange(1, len(found) + 1) + max(1, holds.sum()))
    return float(found[order[int(f1.argmax())]])


def calibration_error(found: Floats, truth: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten equal bins, all labels together."""
    bins = np.minimum((found * 10).astype(int), 9)
    gaps = [abs(found[bins == b].mean() - truth[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


def probabilities(head: LabelHead, lines: Labelled, vectors: Floats) -> Floats:
    """(n, k), one row a text."""
    return np.stack([head.probabilities(text, vector) for text, vector in zip(lines.texts, vectors, strict=True)])
