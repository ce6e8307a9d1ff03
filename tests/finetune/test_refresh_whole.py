"""The loop for real: a play goes as far as the gate lets it, and the second round has nothing new to learn."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from finetune.cli import app
from serving.shelf import Shelf
from tests.finetune.troupe import BRINE, card, script

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def states(told: str) -> dict[str, str]:
    return {name: step["state"] for name, step in json.loads(told)["steps"].items()}


def test_a_play_goes_round_as_far_as_the_gate_lets_it_and_only_once(tmp_path: Path) -> None:
    typed = [
        *("refresh", str(card(tmp_path / "brine.yaml", BRINE)), str(script(tmp_path / "brine.txt", BRINE.name))),
        *("--speaker", BRINE.name.upper(), "--recipe", "understudy", "--shelf", str(tmp_path / "shelf")),
        *("--home", str(tmp_path / "rounds"), "--data", str(tmp_path / "no-journal-yet"), "--json"),
        *("--set", "optimiser.rate=2e-3", "--set", "epochs=5"),
    ]

    first = CliRunner().invoke(app, typed)
    second = CliRunner().invoke(app, typed)

    found = states(first.stdout)
    passed = found["evaluate"] == "done"  # the verdict is the gate's; the shelf must follow it
    assert (found["data"], found["train"]) == ("done", "done"), first.output
    assert found.get("publish") == ("done" if passed else None)
    assert [one.proven for one in Shelf(tmp_path / "shelf").all()] == ([True] if passed else [])
    assert states(second.stdout) == {"data": "stopped"}
