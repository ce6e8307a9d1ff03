"""Training in processes of their own, as real as `greenroom finetune train` is, without importing torch each time.

The forkserver has imported everything once; a child is a process that can be killed like any other, or be one of two
that train together over gloo as `torchrun` would start them.
"""

import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from finetune.recipe import Recipe

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["finetune.train_run", "tests.finetune.tiny"])


class Holds(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Tells which share of the model's weights this process holds."""

    def __init__(self, tell: Callable[[str], Any]) -> None:
        self._tell = tell

    def on_train_begin(self, args: Any, state: Any, control: Any, *, model: Any, **kwargs: Any) -> None:
        weights = list(model.parameters())
        here = sum(weight.to_local().numel() if hasattr(weight, "to_local") else weight.numel() for weight in weights)
        self._tell(f"holds {here / sum(weight.numel() for weight in weights):.2f}\n")


def train(recipe: Recipe, data: Path, to: Path, told: Path, environment: dict[str, str]) -> None:
    """What a child does."""
    os.environ.update(environment)
    import torch
    from rich.console import Console

    from finetune.train_run import train_run
    from tests.finetune.tiny import MIRA

    torch.set_num_threads(1)
    with told.open("a") as log:
        train_run(MIRA, data=data, recipe=recipe, to=to, console=Console(file=log), callbacks=[Holds(log.write)])


def begin(recipe: Recipe, data: Path, to: Path, **environment: str) -> ForkServerProcess:
    """A child that trains."""
    alone = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", **environment}
    child = FORKING.Process(target=train, args=(recipe, data, to, to.with_suffix(".log"), alone))
    child.start()
    return child


def to_the_end(*children: ForkServerProcess) -> None:
    """Waits for all of them; each must have come to a good end."""
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * len(children)


def together(recipe: Recipe, data: Path, to: Path, processes: int) -> None:
    """Trains in several processes to the end."""
    to_the_end(*begin_together(recipe, data, to, processes))


def begin_together(recipe: Recipe, data: Path, to: Path, processes: int) -> tuple[ForkServerProcess, ...]:
    """Children that train together, over gloo on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(processes)}
    ranks = [{"RANK": str(rank), "LOCAL_RANK": str(rank), **shared} for rank in range(processes)]
    return tuple(begin(recipe, data, to, ACCELERATE_USE_CPU="true", **rank) for rank in ranks)


def killed_when(child: ForkServerProcess, ready: Callable[[], bool]) -> None:
    """Waits for the moment, and kills it with SIGKILL."""
    while not ready():
        assert child.is_alive(), "it came to its end before it could be killed"
        time.sleep(0.005)
    child.kill()
    child.join()
