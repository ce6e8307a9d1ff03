"""Whether more is gained on a character's own lines than on its partners': not by luck with a few scenes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from finetune.evaluate_dresser import Likelihood
from finetune.evaluate_likely import own_margin


class Gains:
    """A dresser whose LoRA gains on each row what the row says."""

    def likelihood(self, rows: Sequence[dict[str, Any]], lora: str | None = None) -> Likelihood:
        gained = np.array([row["gains"] if lora else 0.0 for row in rows])
        return Likelihood(30.0 - gained, np.full(len(rows), 10.0))


def test_three_scenes_seldom_show_a_margin_that_is_not_there() -> None:
    dice, seen, dresser = np.random.default_rng(0), 0, Gains()

    for trial in range(100):
        own, others = ([{"block": str(n // 4), "gains": dice.normal(2, 1)} for n in range(12)] for _ in range(2))
        seen += own_margin(dresser, own, others, seed=trial).above_zero  # type: ignore[arg-type]

    assert seen <= 5


def test_three_scenes_that_agree_show_one() -> None:
    sides = ([{"block": str(n // 4), "gains": gain + n / 100} for n in range(12)] for gain in (3.0, 1.0))

    assert own_margin(Gains(), *sides, seed=0).above_zero  # type: ignore[arg-type]
