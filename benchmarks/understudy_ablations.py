"""What the understudy's recipe owes to its parts: the same short training with one of them changed at a time.

Every arm reads as many tokens from the same seed, one arm a core, and is asked the same questions about personas and
values that none has seen. Short runs show what is learnt sooner, not where a long one would end.

    python -m benchmarks.understudy_ablations [--tokens 3000000] [--count 200] [--out /tmp/ablations]
"""

import argparse
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from unittest.mock import patch

import torch
from rich.console import Console
from rich.table import Table

from finetune.understudy import model, values
from finetune.understudy.exam import Score, Understudy
from finetune.understudy.questions import SKILLS, exam
from finetune.understudy.train import Plan, train

ASKED = ("persona", "told", "memory", "corrected", "unanswerable")
POOL = 100


@dataclass(frozen=True)
class Arm:
    """One way to train it: with copy drills or without, `few` values or ever new ones, weights of the `plain` size."""

    name: str
    drills: bool = True
    few: bool = False
    plain: bool = True


@contextmanager
def few_values() -> Iterator[None]:
    """A hundred values of each kind instead of ever new ones; the drills' lists of words stay as they are."""
    pools = {kind: [values.draw(kind, Random(f"{kind}/{n}")) for n in range(POOL)] for kind in values.KINDS}
    with patch.dict(values.KINDS, {kind: partial(one_of, pool) for kind, pool in pools.items()}):
        yield


def one_of(pool: list[str], rng: Random) -> str:
    return rng.choice(pool)


def plain_weights() -> AbstractContextManager[object]:
    """Every weight drawn with 0.02, as transformers does by itself."""
    return patch.object(model, "initialise", lambda _: None)


# so short a run learns to look things up only from plain weights, so the other parts are left out there
ARMS = (
    Arm("as it is", plain=False),
    Arm("weights drawn with 0.02"),
    Arm("these, without copy drills", drills=False),
    Arm("these, a hundred values of each kind", few=True),
)


def figures(arm: Arm, plan: Plan, folder: Path, count: int) -> list[Score]:
    """Train one arm on one core and ask."""
    torch.set_num_threads(1)
    with few_values() if arm.few else nullcontext(), plain_weights() if arm.plain else nullcontext():
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
    plan = Plan(tokens=asked.tokens, optimiser="muon", bf16=True, checkpoint_minutes=2)
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
