"""Finds a learning rate: one step at each of many, from far too low to far too high, and looks where the loss falls.

The range test of Smith 2017 (arXiv:1506.01186, section 3.3). The loss is smoothed; the sweep ends where it is four
times the best seen; the rate named is a tenth of the one at the lowest loss, or that of the steepest fall if lower.
What is not covered: how a rate does over a whole run; `greenroom finetune search` tells that, and takes longer.
"""

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import Progress
from transformers import TrainerCallback

from finetune.errors import TrainingRefused
from finetune.recipe import Recipe
from finetune.train_curve import Point, smoothed
from finetune.train_folder import RunFolder
from finetune.train_learn import make_trainer, quietly
from finetune.train_prepare import prepare
from finetune.train_record import write_whole
from personas import Persona

RATES, PICTURE = "rates.json", "rates.png"
HOPELESS = 4.0
SMOOTHING = 0.8


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rates from low to high, each the same factor above the last."""

    steps: int = 60
    low: float = 1e-6
    high: float = 1.0

    def rate(self, step: int) -> float:
        return float(self.low * (self.high / self.low) ** (step / max(1, self.steps - 1)))


@dataclass(frozen=True, slots=True)
class Found:
    """A rate to begin with, and where the loss was lowest and fell fastest."""

    rate: float
    steepest: float
    lowest: float
    losses: tuple[Point, ...]
    picture: Path

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"picture": str(self.picture)}


class Sweeping(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Sets the rate before each step and keeps the loss after it; stops where it can only get worse."""

    def __init__(self, sweep: Sweep, progress: Progress) -> None:
        self.losses: list[Point] = []
        self._sweep = sweep
        self._progress = progress
        self._task = progress.add_task("Trying rates", total=sweep.steps)

    def on_step_begin(self, args: Any, state: Any, control: Any, *, optimizer: Any, **kwargs: Any) -> None:
        for group in optimizer.param_groups:
            group["lr"] = self._sweep.rate(state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **kwargs: Any) -> None:
        if "loss" not in logs:
            return
        self.losses.append((self._sweep.rate(state.global_step - 1), float(logs["loss"])))
        self._progress.update(self._task, completed=state.global_step)
        control.should_training_stop |= hopeless([loss for _, loss in self.losses])


def find_rate(
    persona: Persona | Path, *, data: Path, recipe: Recipe, to: Path, seed: int = 0, sweep: Sweep | None = None
) -> Found:
    """Sweeps, draws `rates.png` into the folder, and names a rate."""
    sweep = sweep or Sweep()
    if not 0 < sweep.low < sweep.high or sweep.steps < 10:
        raise TrainingRefused("A sweep takes ten steps or more, from a low rate above 0 to a higher one.")
    prepared = prepare(persona, data=data, recipe=unhurried(recipe), seed=seed, began_with=None)
    plan = replace(prepared.plan, steps=sweep.steps, warmup=0, look_every=sweep.steps + 1)
    to.mkdir(parents=True, exist_ok=True)
    quietly()
    with Progress(console=Console(stderr=True)) as progress, tempfile.TemporaryDirectory(dir=to) as scratch:
        sweeping = Sweeping(sweep, progress)
        trainer = make_trainer(replace(prepared, plan=plan), RunFolder(Path(scratch)), [sweeping])
        trainer.train()
    found = named(sweeping.losses, to / PICTURE)
    draw(found)
    write_whole(to / RATES, json.dumps(found.as_dict(), indent=1) + "\n")
    return found


def unhurried(recipe: Recipe) -> Recipe:
    """The recipe at a constant rate of its own making, never stopped for its held-out loss."""
    optimiser = recipe.optimiser.model_copy(update={"schedule": "constant", "warmup": 0.0})
    stopping = recipe.stopping.model_copy(update={"patience": 0})
    return recipe.model_copy(update={"optimiser": optimiser, "stopping": stopping, "watchers": ()})


def hopeless(losses: Sequence[float]) -> bool:
    """No number any more, or four times the lowest so far."""
    return not math.isfinite(losses[-1]) or losses[-1] > HOPELESS * min(losses)


def named(losses: Sequence[Point], picture: Path) -> Found:
    """The rate to begin with, read off the smoothed losses."""
    real = [point for point in losses if math.isfinite(point[1])]
    if len(real) < 5:
        raise TrainingRefused("The loss was no number from the first steps on. Begin the sweep at a lower rate.")
    line = smoothed(real, over=SMOOTHING)
    lowest = min(range(len(line)), key=lambda number: line[number][1])
    falls = [line[number + 1][1] - line[number][1] for number in range(lowest)] or [0.0]
    steepest = line[min(range(len(falls)), key=falls.__getitem__)][0]
    return Found(min(steepest, line[lowest][0] / 10), steepest, line[lowest][0], tuple(real), picture)


def draw(found: Found) -> None:
    """The loss over the rate, with the rate that is named."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(*zip(*found.losses, strict=True), color="#b9b4cc", linewidth=0.8, label="each step")
    axes.plot(*zip(*smoothed(found.losses, over=SMOOTHING), strict=True), color="#4b3f8f", label="smoothed")
    axes.axvline(found.rate, color="#c2571a", label=f"begin with {found.rate:.1e}")
    axes.axvline(found.steepest, color="#c2571a", linestyle=":", label=f"falls fastest at {found.steepest:.1e}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss, nats per token", title="Which learning rate?")
    axes.grid(alpha=0.3)
    axes.legend()
    FigureCanvasAgg(figure).print_png(str(found.picture))
