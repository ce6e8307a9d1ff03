"""What may be concluded from paired figures of a few dozen replies: intervals, tests, and Holm's correction.

Replies of one block of a play stand in one conversation, so blocks are what is drawn again, never single replies.
Drawing two to six blocks again says too little of what other blocks would be like, so an interval is never narrower
than Student's over the blocks, which knows how few they are. What is not covered: fewer than two blocks, for which no
interval exists; the figures then have none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from scipy.stats import t as student

RESAMPLES = 10_000
Floats = NDArray[np.float64]
Numbers: TypeAlias = Sequence[float] | Floats


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over `items` replies of `blocks` blocks; `low` and `high` are its 95% interval, None where there is none.

    `p` belongs to the test named where the figure was made; None: nothing was tested.
    """

    value: float
    low: float | None
    high: float | None
    items: int
    blocks: int
    p: float | None = None

    @property
    def below_zero(self) -> bool:
        """The whole interval lies below zero."""
        return self.high is not None and self.high < 0

    @property
    def above_zero(self) -> bool:
        """The whole interval lies above zero."""
        return self.low is not None and self.low > 0


def mean(
    values: Numbers, blocks: Sequence[str], *, weights: Numbers | None = None, seed: int = 0, tested: bool = False
) -> Figure:
    """Sum of `values` over sum of `weights` (left out: 1 each), with the wider of two intervals over whole blocks.

    One is bootstrapped, the other Student's; `tested` adds the latter's two-sided p. A share's stays between 0 and 1.
    """
    sums, sizes = by_block(values, weights, blocks)
    value = float(sums.sum() / sizes.sum())
    if len(sums) < 2:
        return Figure(value, None, None, len(values), len(sums))
    pulls = (sums - value * sizes) / sizes.sum()
    low, high = widened(resampled(sums, sizes, seed=seed), value, pulls)
    if np.asarray(values).dtype == bool:
        low, high = max(low, 0.0), min(high, 1.0)
    p = student_p(value, pulls) if tested else None
    return Figure(value, low, high, len(values), len(sums), p)


def by_block(values: Numbers, weights: Numbers | None, blocks: Sequence[str]) -> tuple[Floats, Floats]:
    """The values' and the weights' sums of each block."""
    numbers = np.unique(np.asarray(blocks), return_inverse=True)[1]
    sizes = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    count = numbers.max() + 1
    return (
        np.bincount(numbers, np.asarray(values, dtype=float), count).astype(float),
        np.bincount(numbers, sizes, count).astype(float),
    )


def resampled(sums: Floats, sizes: Floats, *, seed: int, resamples: int = RESAMPLES) -> Floats:
    """(resamples,): the ratio of sums when blocks are drawn with replacement (Efron 1979; clustered)."""
    drawn = np.random.default_rng(seed).integers(0, len(sums), (resamples, len(sums)))
    found: Floats = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return found


def widened(found: Floats, value: float, pulls: Floats) -> tuple[float, float]:
    """The 95% interval of resampled figures, or Student's where that reaches further."""
    low, high = np.percentile(found, (2.5, 97.5))
    half = student.ppf(0.975, len(pulls) - 1) * spread(pulls)
    return float(min(low, value - half)), float(max(high, value + half))


def student_p(value: float, pulls: Floats) -> float:
    """Two-sided p of 'the figure is zero'; with as many degrees of freedom as there are blocks, less one."""
    error = spread(pulls)
    return float(2 * student.sf(abs(value) / error, len(pulls) - 1)) if error else float(value == 0)


def spread(pulls: Floats) -> float:
    """A figure's standard error, from what each block pulls it up or down (linearised; clusters)."""
    return float(np.sqrt(len(pulls) / (len(pulls) - 1) * np.square(pulls).sum()))


def worse_p(values: Numbers, blocks: Sequence[str], *, weights: Numbers | None = None, seed: int = 0) -> float:
    """One-sided p of 'the mean is not above zero', by the bootstrap; 1 with fewer than two blocks."""
    sums, sizes = by_block(values, weights, blocks)
    if len(sums) < 2:
        return 1.0
    not_above = (resampled(sums, sizes, seed=seed) <= 0).sum()
    return float((not_above + 1) / (RESAMPLES + 1))


def mcnemar(before: Sequence[bool], after: Sequence[bool]) -> float:
    """Exact two-sided p for a change in paired yes-or-no answers (McNemar 1947, binomial over the changed ones)."""
    won = sum(late and not early for early, late in zip(before, after, strict=True))
    lost = sum(early and not late for early, late in zip(before, after, strict=True))
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def more_p(before: Sequence[bool], after: Sequence[bool]) -> float:
    """One-sided exact p for 'not more yes after than before'."""
    won = sum(late and not early for early, late in zip(before, after, strict=True))
    lost = sum(early and not late for early, late in zip(before, after, strict=True))
    return float(binomtest(won, won + lost, alternative="greater").pvalue) if won + lost else 1.0


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Each p adjusted for there being several (Holm 1979)."""
    adjusted, floor = dict[str, float](), 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda pair: pair[1])):
        floor = max(floor, min(1.0, p * (len(p_values) - rank)))
        adjusted[name] = floor
    return adjusted
