"""Documents in batches of like length: no document sees another, and hardly a token is padding."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from finetune.understudy.corpus import document
from finetune.understudy.tokens import WINDOW, Encoding

POOL = 512
PROMPT_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` and `weights` are (documents, length); a weight says how much a token counts as something to be learnt."""

    ids: Tensor
    weights: Tensor
    tokens: int
    next_index: int


def batches(
    encoding: Encoding,
    *,
    seed: int,
    start: int,
    size: int,
    pad: int,
    drills: Callable[[], float],
    prompt_weight: float = PROMPT_WEIGHT,
) -> Iterator[Batch]:
    """Endless batches of about `size` tokens from document `start` on; `drills` is asked for each pool's share."""
    rng = Random(f"{seed}/{start}")
    while True:
        share = drills()
        encoded = [encoding.document(document(seed, start + n, drills=share)) for n in range(POOL)]
        start += POOL
        fitting = sorted((e for e in encoded if len(e[0]) <= WINDOW), key=lambda e: len(e[0]))
        groups = list(grouped(fitting, size))
        rng.shuffle(groups)
        for group in groups:
            yield padded(group, pad, start, prompt_weight)


def grouped(encoded: list[tuple[list[int], list[bool]]], size: int) -> Iterator[list[tuple[list[int], list[bool]]]]:
    """Neighbours together, until a group is `size` tokens long."""
    group: list[tuple[list[int], list[bool]]] = []
    for item in encoded:
        if group and len(item[0]) * (len(group) + 1) > size:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def padded(group: list[tuple[list[int], list[bool]]], pad: int, next_index: int, prompt_weight: float) -> Batch:
    longest = max(len(ids) for ids, _ in group)
    ids = torch.full((len(group), longest), pad)
    weights = torch.zeros(len(group), longest)
    for row, (tokens, learn) in enumerate(group):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        weights[row, : len(tokens)] = torch.tensor([1.0 if word else prompt_weight for word in learn])
    return Batch(ids, weights, sum(len(tokens) for tokens, _ in group), next_index)
