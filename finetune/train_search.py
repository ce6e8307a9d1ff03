"""Looks for better settings: Optuna tries values of a recipe's ranges and cuts a trial short that lags behind.

Everything is kept in the folder: the study in SQLite, each trial as a run of its own. A search that was killed goes
on where it stopped, the trial it was in from its last checkpoint.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from transformers import TrainerCallback

from finetune.errors import TrainingRefused
from finetune.recipe import Range, Recipe, Search
from finetune.recipe_file import with_values, written
from finetune.train_folder import RunFolder
from finetune.train_processes import processes
from finetune.train_record import RECORD, finished_record, read_record, write_whole
from finetune.train_run import train_run
from personas import Persona, load

STUDY, BEST, TRIALS, PICTURE = "search.sqlite3", "best.yaml", "trials.json", "search.png"


@dataclass(frozen=True, slots=True)
class Best:
    """The values with the lowest held-out loss, and the recipe that holds them."""

    values: Mapping[str, Any]
    loss: float
    recipe: Path
    trials: int
    pruned: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"recipe": str(self.recipe), "values": dict(self.values)}


class Pruning(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Reports each look to the study, those before a kill too, and ends a trial that lags behind the others'."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        for row in state.log_history:
            if "eval_loss" in row:
                self._trial.report(row["eval_loss"], row["step"])

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float], **kwargs: Any) -> None:
        self._trial.report(metrics["eval_loss"], state.global_step)
        if self._trial.should_prune():
            raise optuna.TrialPruned


def search_run(
    persona: Persona | Path, *, data: Path, recipe: Recipe, to: Path, seed: int = 0, console: Console | None = None
) -> Best:
    """Tries as many trials as the recipe says, less those already tried in this folder."""
    search = refuse_unsearchable(recipe)
    persona = load(persona) if isinstance(persona, Path) else persona
    trials = Trials(persona, data, recipe, to, seed, console or Console(stderr=True))
    folder = RunFolder(to)
    with folder.locked():
        study = open_study(to, seed)
        again(study)
        while left(study, search):
            trials.told(study, study.ask())
            keep(study, to)
        return best_of(study, recipe, to)


def refuse_unsearchable(recipe: Recipe) -> Search:
    """A search needs ranges, and one process: each would ask the study for a trial of its own."""
    if processes().num_processes > 1:
        raise TrainingRefused("A search runs in one process. Start it without accelerate launch.")
    if recipe.search is None or not recipe.search.over:
        raise TrainingRefused(
            "The recipe has no ranges to search. Write, for example: "
            "search: {trials: 12, over: {optimiser.rate: {low: 1e-4, high: 1e-2, log: true}}}"
        )
    return recipe.search


def open_study(to: Path, seed: int) -> optuna.Study:
    """The folder's study, new or gone on with."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        study_name="search",
        storage=f"sqlite:///{to.resolve() / STUDY}",
        load_if_exists=True,
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=4),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=0, n_min_trials=2),
    )


def again(study: optuna.Study) -> None:
    """A trial that a kill left running is told off and asked for again, with the same values."""
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)


def left(study: optuna.Study, search: Search) -> int:
    """Trials still to be made; one that failed by a kill does not count."""
    done = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return max(0, search.trials - len(study.get_trials(states=done)))


@dataclass(frozen=True)
class Trials:
    """What all trials of a search have in common."""

    persona: Persona
    data: Path
    recipe: Recipe
    to: Path
    seed: int
    console: Console

    def told(self, study: optuna.Study, trial: optuna.Trial) -> None:
        """One trial, run and told to the study."""
        assert self.recipe.search is not None, "refuse_unsearchable"
        values = {key: suggested(trial, key, range_) for key, range_ in self.recipe.search.over.items()}
        self.console.print(f"Trial {trial.number + 1}: {said(values)}", highlight=False)
        try:
            loss = self.tried(values, Pruning(trial))
        except optuna.TrialPruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            self.console.print("  cut short: the others were better by then", highlight=False)
        else:
            study.tell(trial, loss)
            self.console.print(f"  held out {loss:.4f}", highlight=False)

    def tried(self, values: Mapping[str, Any], pruning: TrainerCallback) -> float:
        """The lowest held-out loss of one run; a run with these values that is finished is not run again."""
        recipe, to = with_values(self.recipe, values), self.to / folder_of(values)
        if not (to / RECORD).exists() or read_record(to).finished_at is None:
            train_run(
                self.persona,
                data=self.data,
                recipe=recipe,
                to=to,
                seed=self.seed,
                callbacks=[pruning],
                console=Console(quiet=True),
            )
        best = finished_record(to).best
        if best is None or best.loss is None:
            raise TrainingRefused("Nothing is held out, so trials can't be compared. Give more scenes.")
        return best.loss


def suggested(trial: optuna.Trial, key: str, range_: Range) -> Any:
    """A value of the range; whole numbers where both ends are whole and it isn't logarithmic."""
    if range_.among:
        return trial.suggest_categorical(key, list(range_.among))
    assert range_.low is not None, "Range.is_one_of_two"
    assert range_.high is not None, "Range.is_one_of_two"
    if range_.low.is_integer() and range_.high.is_integer() and not range_.log:
        return trial.suggest_int(key, int(range_.low), int(range_.high))
    return trial.suggest_float(key, range_.low, range_.high, log=range_.log)


def folder_of(values: Mapping[str, Any]) -> str:
    """One folder for the same values, so that a trial asked for again goes on in it."""
    return f"trial-{hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:10]}"


def said(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in values.items()
    )


def keep(study: optuna.Study, to: Path) -> None:
    """Every trial so far as JSON, for people and programs without Optuna."""
    rows = [
        {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "loss": trial.value,
            "values": trial.params,
            "looks": trial.intermediate_values,
        }
        for trial in study.get_trials()
    ]
    write_whole(to / TRIALS, json.dumps(rows, indent=1) + "\n")


def best_of(study: optuna.Study, recipe: Recipe, to: Path) -> Best:
    """The best values, written as a recipe that `greenroom finetune train` takes."""
    pruned = study.get_trials(states=(optuna.trial.TrialState.PRUNED,))
    best = study.best_trial
    made = with_values(recipe, best.params)
    write_whole(to / BEST, written(made, command=f"greenroom finetune train PERSONA --data DATA --recipe {to / BEST}"))
    draw(study, to / PICTURE)
    return Best(best.params, float(best.value), to / BEST, len(study.get_trials()), len(pruned))


def draw(study: optuna.Study, path: Path) -> None:
    """Each trial's looks as a line; the best one stands out."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for trial in study.get_trials():
        looks = sorted(trial.intermediate_values.items())
        if looks:
            best = trial.number == study.best_trial.number
            axes.plot(*zip(*looks, strict=True), color="#c2571a" if best else "#b9b4cc", zorder=3 if best else 2)
    axes.set(xlabel="step", ylabel="held-out loss, nats per token", title=f"Best: {said(study.best_params)}")
    axes.grid(alpha=0.3)
    FigureCanvasAgg(figure).print_png(str(path))
