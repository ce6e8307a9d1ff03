"""What the understudy's recipe owes to its parts: the same short training with one of them changed at a time.

Every arm reads as many tokens from the same seed, one arm a core, and is asked the same questions about personas and
values that none has seen. Short runs show what is learnt sooner, not where a long one would end.

    python -m benchmarks.understudy_ablations [--tokens 3000000] [--count 200] [--out /tmp/ablations]
"""

import argparse
import math
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from unittest.mock import patch

import torch
from rich.console import Console
from rich.table import Table
from transformers import LlamaConfig, LlamaForCausalLM

from finetune.understudy import model, values
from finetune.understudy.exam import Score, Understudy
from finetune.understudy.questions import SKILLS, exam
from finetune.understudy.train import Plan, train

ASKED = ("persona", "told", "memory", "corrected", "unanswerable")
POOL = 100


@dataclass(frozen=True)
class Arm:
    """One way to train it: with copy drills or without, `few` values or ever new ones, `large` first weights or not."""

    name: str
    drills: bool = True
    few: bool = False
    large: bool = False


@contextmanager
def few_values() -> Iterator[None]:
    """A hundred values of each kind instead of ever new ones; the drills' lists of words stay as they are."""
    pools = {kind: [values.draw(kind, Random(f"{kind}/{n}")) for n in range(POOL)] for kind in values.KINDS}
    with patch.dict(values.KINDS, {kind: partial(one_of, pool) for kind, pool in pools.items()}):
        yield


def one_of(pool: list[str], rng: Random) -> str:
    return rng.choice(pool)


@contextmanager
def large_weights() -> Iterator[None]:
    """Matrices drawn with 1/sqrt(width) instead of 0.02, into the residuals by depth; embeddings with 0.05."""

    def drawn(config: LlamaConfig) -> LlamaForCausalLM:
        model = LlamaForCausalLM(config)
        depth = 1 / math.sqrt(2 * config.num_hidden_layers)
        for name, weight in model.named_parameters():
            if "embed_tokens" in name:
                torch.nn.init.normal_(weight, std=0.05)
            elif weight.dim() == 2:
                scale = depth if name.endswith(("o_proj.weight", "down_proj.weight")) else 1.0
                torch.nn.init.normal_(weight, std=scale / math.sqrt(weight.shape[1]))
        return model

    with patch.object(model, "LlamaForCausalLM", drawn):
        yield


ARMS = (
    Arm("as it is"),
    Arm("without copy drills", drills=False),
    Arm("a hundred values of each kind", few=True),
    Arm("larger first weights", large=True),
)


def figures(arm: Arm, plan: Plan, folder: Path, count: int) -> list[Score]:
    """Train one arm on one core and ask."""
    torch.set_num_threads(1)
    with few_values() if arm.few else nullcontext(), large_weights() if arm.large else nullcontext():
        train(replace(plan, drills=arm.drills), folder)
    player = Understudy(folder / "model")
    scores = []
    for skill in ASKED:
        ask, _, _ = SKILLS[skill]
        questions = exam(ask, count, seed=5)
        replies = player.answers(questions)
        scores.append(Score(skill, sum(q.passed(r.text) for q, r in zip(questions, replies, strict=True)), count))
    return scores


def main() -> None:
    """Prints the table; a folder that is there already goes on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=3_000_000)
    parser.add_argument("--count", type=int, default=200, help="questions for each skill")
    parser.add_argument("--out", type=Path, default=Path("runs/ablations"))
    asked = parser.parse_args()
    plan = Plan(tokens=asked.tokens, bf16=True, checkpoint_minutes=2)
    folders = [asked.out / str(number) for number in range(len(ARMS))]
    table = Table("", *ASKED, title=f"{asked.tokens / 1e6:.1f}M tokens, {asked.count} questions each")
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawned) as cores:
        running = [cores.submit(figures, arm, plan, at, asked.count) for arm, at in zip(ARMS, folders, strict=True)]
        for arm, scores in zip(ARMS, running, strict=True):
            table.add_row(arm.name, *(f"{score.share:.1%}" for score in scores.result()))
    Console().print(table)


if __name__ == "__main__":
    main()
