"""How replies read as a whole: variety, copying, loops, length.

distinct-n (Li et al. 2016) falls with the number of words counted, so two sets are compared over the same number.
Self-BLEU is that of Zhu et al. (2018), to fours, smoothed by one: high where every reply is like the others.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from scipy.stats import ks_2samp

WORD = re.compile(r"[\w']+|[^\w\s]")
COPIED = 8  # words in a row; shorter runs are common speech
LOOP, ROUNDS = 3, 3  # so many words in a row, said so often, are a loop
LONGEST_GRAM = 4
Words: TypeAlias = tuple[str, ...]
Gram: TypeAlias = Words


@lru_cache(maxsize=50_000)
def words_of(text: str) -> Words:
    """Words and marks, in small letters."""
    return tuple(WORD.findall(text.casefold()))


def grams(words: Sequence[str], n: int) -> Iterator[Gram]:
    """Every run of n words."""
    return (tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def distinct(texts: Iterable[str], n: int, *, most_words: int | None = None) -> float:
    """Different runs of n words as a share of all, over the first `most_words` words; 0 where there are none."""
    found: list[Gram] = []
    left = most_words if most_words is not None else 10**9
    for text in texts:
        words = words_of(text)[:left]
        left -= len(words)
        found.extend(grams(words, n))
    return len(set(found)) / len(found) if found else 0.0


def self_bleu(texts: Sequence[str], *, most: int = 100) -> float:
    """The mean BLEU of each of the first `most` texts with all the others as references."""
    worded = [words for words in map(words_of, texts[:most]) if words]
    if len(worded) < 2:
        return 0.0
    sizes = [len(words) for words in worded]
    logs = np.mean([log_precisions(worded, n) for n in range(1, LONGEST_GRAM + 1)], axis=0)
    brevity = [min(0.0, 1 - nearest(sizes, place) / size) for place, size in enumerate(sizes)]
    return float(np.exp(logs + brevity).mean())


def log_precisions(worded: Sequence[Words], n: int) -> list[float]:
    """For each text the log of its clipped precision against the others, smoothed by one from pairs on."""
    counts = [Counter(grams(words, n)) for words in worded]
    most, next_most, whose = Counter[Gram](), Counter[Gram](), dict[Gram, int]()
    for place, count in enumerate(counts):
        for gram, times in count.items():
            if times > most[gram]:
                next_most[gram], most[gram], whose[gram] = most[gram], times, place
            else:
                next_most[gram] = max(next_most[gram], times)
    smooth = int(n > 1)
    hits = [
        sum(min(times, next_most[g] if whose[g] == place else most[g]) for g, times in count.items())
        for place, count in enumerate(counts)
    ]
    totals = [count.total() for count in counts]
    return [
        math.log((hit + smooth) / (total + smooth)) if hit + smooth else -math.inf
        for hit, total in zip(hits, totals, strict=True)
    ]


def nearest(sizes: Sequence[int], place: int) -> int:
    """The length among the others that comes nearest to this one's, the shorter if two do."""
    others = (size for other, size in enumerate(sizes) if other != place)
    return min(others, key=lambda size: (abs(size - sizes[place]), size))


def copied(texts: Sequence[str], known: Iterable[str], *, n: int = COPIED) -> tuple[list[int], list[int]]:
    """For each text: how many of its runs of n words stand in `known`, and how many runs it has.

    A text shorter than n counts as one run, which is copied if a known text is exactly that.
    """
    worded = [words_of(text) for text in known]
    runs, whole = {gram for words in worded for gram in grams(words, n)}, set(worded)
    hits, counts = [], []
    for text in texts:
        words = words_of(text)
        own = list(grams(words, n))
        hits.append(sum(gram in runs for gram in own) if own else int(words in whole))
        counts.append(max(1, len(own)))
    return hits, counts


def loops(text: str) -> bool:
    """Whether a reply turns in a circle: three words in a row, said three times. Marks are no words here ('.....')."""
    words = [word for word in words_of(text) if word[0].isalnum()]
    return any(times >= ROUNDS for times in Counter(grams(words, LOOP)).values())


def lengths(texts: Iterable[str]) -> list[int]:
    """Words of each text."""
    return [len(words_of(text)) for text in texts]


def length_gap(texts: Sequence[str], real: Sequence[str]) -> float:
    """How differently long two sets of lines are: Kolmogorov and Smirnov's distance, 0 (alike) to 1."""
    return float(ks_2samp(lengths(texts), lengths(real)).statistic)
