"""Whoever watches a run sees where it is; whoever comes later finds the history."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from transformers import TrainerState

from finetune.train_progress import Watching
from finetune.train_record import RunRecord

pytestmark = pytest.mark.timeout(900)


def record(folder: Path) -> RunRecord:
    return RunRecord(
        folder=folder,
        persona="mira",
        persona_version="1",
        recipe={"name": "lora"},
        base="base",
        base_hash="b",
        data="data",
        data_hash="d",
        seed=0,
        started_at=datetime(2026, 11, 25, tzinfo=UTC),
    )


def watched(watching: Watching, *, first: bool = True) -> None:
    """Ten steps with a look after every fifth."""
    state = TrainerState(is_world_process_zero=first, max_steps=10)
    watching.on_train_begin(None, state, None)
    for step in range(1, 11):
        state.global_step = step
        log(watching, state, {"loss": 5.0 - step / 10})
        if step % 5 == 0:
            log(watching, state, {"eval_loss": 5.5 - step / 10})
    watching.on_train_end(None, state, None)


def log(watching: Watching, state: Any, logs: dict[str, float]) -> None:
    state.log_history.append({**logs, "step": state.global_step})
    watching.on_log(None, state, None, logs)


def test_a_terminal_shows_bar_curve_and_looks(tmp_path: Path) -> None:
    shown = io.StringIO()

    watched(Watching(record(tmp_path), Console(file=shown, force_terminal=True, width=100)))

    said = shown.getvalue()
    assert "Learning" in said
    assert any(0x2800 < ord(sign) < 0x2900 for sign in said)
    assert "step 5/10" in said
    assert "held out 5.000  best so far" in said


def test_without_a_terminal_there_are_only_lines(tmp_path: Path) -> None:
    shown = io.StringIO()

    watched(Watching(record(tmp_path), Console(file=shown)))

    assert [line.split("  ")[0] for line in shown.getvalue().splitlines()] == ["step 5/10", "step 10/10"]


def test_the_history_and_its_picture_are_whole_at_the_end(tmp_path: Path) -> None:
    watched(Watching(record(tmp_path), Console(quiet=True), clock=lambda: 0.0))

    history = json.loads((tmp_path / "history.json").read_text())
    assert len(history) == 12
    assert (tmp_path / "loss.png").read_bytes()[:4] == b"\x89PNG"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.json", "loss.png"]


def test_of_several_processes_only_the_first_one_tells(tmp_path: Path) -> None:
    shown = io.StringIO()

    watched(Watching(record(tmp_path), Console(file=shown, force_terminal=True)), first=False)

    assert shown.getvalue() == ""
    assert not list(tmp_path.iterdir())
