"""A search finds the better values, cuts the hopeless short, and goes on after a stop; a sweep names a rate."""

import json
from pathlib import Path

import optuna
import pytest
from rich.console import Console

from finetune.errors import TrainingRefused
from finetune.recipe import Range, Recipe, Search
from finetune.recipe_file import read_recipe
from finetune.train_rate import Sweep, find_rate, hopeless, named
from finetune.train_search import open_study, search_run
from tests.finetune.tiny import MIRA, quick

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]
QUIET = Console(quiet=True)


def searched(base: Path, trials: int) -> Recipe:
    """Rates of which only one teaches anything."""
    ranges = {"optimiser.rate": Range(among=(1e-9, 2e-2)), "lora.rank": Range(among=(1, 8))}
    return quick("lora", base, "epochs=1").model_copy(update={"search": Search(trials=trials, over=ranges)})


def test_a_search_finds_the_rate_that_teaches_and_writes_it_as_a_recipe(base: Path, data: Path, tmp_path: Path) -> None:
    best = search_run(MIRA, data=data, recipe=searched(base, 5), to=tmp_path, console=QUIET)

    trials = json.loads((tmp_path / "trials.json").read_text())
    assert best.values["optimiser.rate"] == 2e-2
    assert best.loss == min(trial["loss"] for trial in trials if trial["loss"] is not None)
    assert {trial["state"] for trial in trials} <= {"complete", "pruned"}
    assert read_recipe(best.recipe).optimiser.rate == 2e-2
    assert best.recipe.read_text().startswith("# greenroom finetune train ")
    assert (tmp_path / "search.png").read_bytes()[:4] == b"\x89PNG"


def test_a_search_that_was_stopped_goes_on_and_tries_its_last_values_again(
    base: Path, data: Path, tmp_path: Path
) -> None:
    search_run(MIRA, data=data, recipe=searched(base, 1), to=tmp_path, console=QUIET)
    study = open_study(tmp_path, seed=0)
    study.enqueue_trial({"optimiser.rate": 2e-2, "lora.rank": 1})
    killed = study.ask()
    killed.suggest_categorical("optimiser.rate", [1e-9, 2e-2])
    killed.suggest_categorical("lora.rank", [1, 8])

    search_run(MIRA, data=data, recipe=searched(base, 2), to=tmp_path, console=QUIET)

    trials = open_study(tmp_path, seed=0).get_trials()
    assert [trial.state.name for trial in trials] == ["COMPLETE", "FAIL", "COMPLETE"]
    assert trials[2].params == {"optimiser.rate": 2e-2, "lora.rank": 1}


def test_a_trial_that_lags_behind_is_cut_short(base: Path, data: Path, tmp_path: Path) -> None:
    study = open_study(tmp_path, seed=0)
    for _ in range(3):  # three trials that were far better at every look than a rate of 1e-9 can be
        trial = study.ask()
        trial.suggest_categorical("optimiser.rate", [1e-9])
        for step in range(1, 30):
            trial.report(0.1, step)
        study.tell(trial, 0.1)
    only = Search(trials=4, over={"optimiser.rate": Range(among=(1e-9,))})
    recipe = quick("lora", base, "epochs=2").model_copy(update={"search": only})

    best = search_run(MIRA, data=data, recipe=recipe, to=tmp_path, console=QUIET)

    last = open_study(tmp_path, seed=0).get_trials()[-1]
    assert last.state == optuna.trial.TrialState.PRUNED
    assert len(last.intermediate_values) == 1
    assert best.pruned == 1


def test_a_recipe_without_ranges_is_not_searched(base: Path, data: Path, tmp_path: Path) -> None:
    recipe = quick("lora", base).model_copy(update={"search": None})

    with pytest.raises(TrainingRefused, match="no ranges to search"):
        search_run(MIRA, data=data, recipe=recipe, to=tmp_path)


def test_a_sweep_names_a_rate_between_too_low_and_too_high_and_draws_it(base: Path, data: Path, tmp_path: Path) -> None:
    found = find_rate(
        MIRA, data=data, recipe=quick("lora", base), to=tmp_path, sweep=Sweep(steps=40, low=1e-6, high=10.0)
    )

    assert 1e-4 < found.rate < 1
    assert found.rate <= found.steepest
    assert found.picture.read_bytes()[:4] == b"\x89PNG"
    assert json.loads((tmp_path / "rates.json").read_text())["rate"] == found.rate
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_the_rate_is_read_off_where_the_loss_falls_and_not_where_it_ends(tmp_path: Path) -> None:
    rates = [10 ** (-6 + number / 10) for number in range(60)]
    losses = [5.0 if rate < 1e-4 else 4.0 if rate < 1e-2 else 4.0 + 100 * (rate - 1e-2) for rate in rates]

    found = named(list(zip(rates, losses, strict=True)), tmp_path / "rates.png")

    assert 5e-5 < found.steepest < 5e-4
    assert found.rate <= found.steepest


def test_a_sweep_ends_where_it_can_only_get_worse() -> None:
    assert hopeless([3.0, 2.0, 8.5])
    assert hopeless([3.0, float("nan")])
    assert not hopeless([3.0, 2.0, 7.5])
