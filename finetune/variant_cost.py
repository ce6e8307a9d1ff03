"""What a smaller variant costs: held-out lines before and after, paired, with an interval over blocks."""

from collections.abc import Sequence
from pathlib import Path

from finetune.candidate import Candidate
from finetune.dataset import read_part
from finetune.errors import EvaluationRefused
from finetune.evaluate_dresser import Dresser, Likelihood, Row
from finetune.evaluate_statistics import Figure, mean
from finetune.evaluate_suite import fitting
from finetune.quantise import restored


def rank_cost(one: Candidate, reduced: Path, base: str, data: Path) -> Figure:
    """Nats per token that held-out lines cost more with the LoRA of the lower rank."""
    dresser = Dresser(base)
    dresser.add("before", one.lora)
    dresser.add("after", reduced)
    rows = held_out(data, dresser)
    return difference(dresser.likelihood(rows, "before"), dresser.likelihood(rows, "after"), rows)


def rounding_cost(model: Path, quantised: Path, data: Path) -> Figure:
    """The same for a model whose weights were rounded to int8; computed in float32, so of the weights alone."""
    before = Dresser(model)
    rows = held_out(data, before)
    after = Dresser(model)
    missing, unexpected = after.load_weights(restored(quantised))
    if unexpected or any(not name.endswith("lm_head.weight") for name in missing):
        raise EvaluationRefused(f"{quantised} does not hold the weights of {model}.")
    return difference(before.likelihood(rows), after.likelihood(rows), rows)


def held_out(data: Path, dresser: Dresser) -> list[Row]:
    """The rows of the test part that fit the window."""
    return [row for row in (fitting(one, dresser) for one in read_part(data, "test")) if row]


def difference(before: Likelihood, after: Likelihood, rows: Sequence[Row]) -> Figure:
    return mean(after.nats - before.nats, [row["block"] for row in rows], weights=before.tokens, tested=True)
