"""A run that was killed, at whatever moment, ends as the one that nobody disturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune.train_folder import RunFolder
from finetune.train_record import finished_record
from tests.finetune.tiny import make_base, make_data, make_pairs, make_persona

pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow]
HOUSE = Path(__file__).parents[2]
CHANGES = [
    "batches.size=4", "batches.at_once=2", "batches.tokens=256", "epochs=2", "stopping.looks=3", "lora.dropout=0.1",
    "neftune=5", "optimiser.rate=1e-2", "lora.rank=8", "adalora.initial_rank=8", "adalora.final_rank=4",
]  # fmt: skip


class Training:
    """`greenroom finetune train` as a process of its own."""

    def __init__(self, folder: Path, recipe: str, data: Path, base: Path) -> None:
        self.run = folder
        changes = [part for said in CHANGES for part in ("--set", said)]
        persona = make_persona(folder.parent / "mira.yaml")
        self._command = [
            sys.executable, "-m", "bots", "finetune", "train", str(persona), "--data", str(data),
            "--recipe", recipe, "--base", str(base), "--to", str(folder), *changes,
        ]  # fmt: skip

    def to_the_end(self) -> None:
        done = subprocess.run(self._command, cwd=HOUSE, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]

    def killed_when(self, ready: Callable[[], bool]) -> None:
        """Starts, waits for the moment, and kills it with SIGKILL."""
        process = subprocess.Popen(self._command, cwd=HOUSE, env=environment(), stderr=subprocess.DEVNULL)
        try:
            while not ready():
                assert process.poll() is None, "it came to its end before it could be killed"
                time.sleep(0.01)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def steps(self) -> int:
        """How far the history says it got."""
        try:
            return int(json.loads((self.run / "history.json").read_text())[-1]["step"])
        except (OSError, ValueError, IndexError):
            return 0


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def losses(run: Path) -> list[tuple[int, float]]:
    rows = finished_record(run).history
    return [(row["step"], row[kind]) for row in rows for kind in ("loss", "eval_loss") if kind in row]


def same_weights(one: Path, other: Path) -> bool:
    ours, theirs = (load_file(run / "lora" / "adapter_model.safetensors") for run in (one, other))
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("recipe", ["lora", "adalora", "dpo"])
def test_a_run_killed_again_and_again_ends_exactly_as_an_undisturbed_one(recipe: str, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    data = make_pairs(tmp_path / "pairs.jsonl", rows=60) if recipe == "dpo" else make_data(tmp_path / "data")
    undisturbed = Training(tmp_path / "undisturbed", recipe, data, base)
    disturbed = Training(tmp_path / "disturbed", recipe, data, base)
    checkpoints = disturbed.run / "checkpoints"
    undisturbed.to_the_end()

    disturbed.killed_when(lambda: any(checkpoints.glob("checkpoint-*")))  # while the first one is being written
    disturbed.killed_when(lambda: disturbed.steps() >= 7)  # between two checkpoints
    disturbed.killed_when(lambda: len(list(checkpoints.glob("checkpoint-*/optimizer.pt"))) >= 2)
    disturbed.to_the_end()

    assert finished_record(disturbed.run).resumed == 3
    assert losses(disturbed.run) == losses(undisturbed.run)
    assert same_weights(disturbed.run, undisturbed.run)
    assert finished_record(disturbed.run).tokens == finished_record(undisturbed.run).tokens


def test_a_checkpoint_that_was_half_written_is_not_gone_on_from(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for step, state in ((2, '{"global_step": 2}'), (4, '{"global_st'), (6, None)):
        checkpoint = tmp_path / "checkpoints" / f"checkpoint-{step}"
        checkpoint.mkdir(parents=True)
        (checkpoint / "adapter_model.safetensors").touch()
        if state:
            (checkpoint / "trainer_state.json").write_text(state)

    last = folder.last_checkpoint()

    assert last == tmp_path / "checkpoints" / "checkpoint-2"
    assert list((tmp_path / "checkpoints").iterdir()) == [last]
