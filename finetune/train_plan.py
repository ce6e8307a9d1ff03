"""How many steps a recipe makes of its data, and when it looks at the held-out lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from datasets import Dataset
from trl.data_utils import pack_dataset

from finetune.errors import TrainingRefused
from finetune.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps of the optimiser; `accumulated` batches of `at_once` on each of `processes` make one."""

    steps: int
    warmup: int
    look_every: int
    at_once: int
    accumulated: int
    processes: int


def plan_for(recipe: Recipe, lengths: Sequence[int], *, processes: int) -> Plan:
    """The plan for conversations of these lengths. Raises `TrainingRefused` if a step can't be shared evenly."""
    said = recipe.batches
    if said.size % (said.at_once * processes):
        raise TrainingRefused(
            f"A step of {said.size} conversations can't be shared by {processes} processes with {said.at_once} at "
            f"once. Set batches.at_once or batches.size so that their quotient is a multiple of {processes}."
        )
    each = math.ceil(rows_of(recipe, lengths) / said.size)
    steps = max(1, math.ceil(each * recipe.epochs))
    return Plan(
        steps=steps,
        warmup=math.ceil(steps * recipe.optimiser.warmup),
        look_every=max(1, round(each / recipe.stopping.looks)),
        at_once=said.at_once,
        accumulated=said.size // (said.at_once * processes),
        processes=processes,
    )


def rows_of(recipe: Recipe, lengths: Sequence[int]) -> int:
    """Conversations, or the rows they are packed into."""
    if not recipe.batches.packing:
        return len(lengths)
    rows = Dataset.from_dict({"input_ids": [[0] * length for length in lengths]})
    return len(pack_dataset(rows, recipe.batches.tokens, "bfd"))
