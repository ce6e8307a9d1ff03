"""A run that was killed, at whatever moment, ends as the one that nobody disturbed."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune.train_folder import RunFolder
from finetune.train_record import finished_record
from tests.finetune.processes import begin, killed_when, to_the_end
from tests.finetune.tiny import make_base, make_data, make_pairs, quick

pytestmark = pytest.mark.timeout(1800)
CHANGES = (
    "stopping.looks=3", "lora.dropout=0.1", "neftune=5", "optimiser.rate=1e-2", "adalora.initial_rank=8",
    "adalora.final_rank=4",
)  # fmt: skip


def losses(run: Path) -> list[tuple[int, float]]:
    rows = finished_record(run).history
    return [(row["step"], row[kind]) for row in rows for kind in ("loss", "eval_loss") if kind in row]


def step_of(run: Path) -> int:
    """How far the history says it got."""
    try:
        return int(json.loads((run / "history.json").read_text())[-1]["step"])
    except (OSError, ValueError, IndexError):
        return 0


def same_weights(one: Path, other: Path) -> bool:
    ours, theirs = (load_file(run / "lora" / "adapter_model.safetensors") for run in (one, other))
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lora", "adalora", "dpo"])
def test_a_run_killed_again_and_again_ends_exactly_as_an_undisturbed_one(name: str, tmp_path: Path) -> None:
    recipe = quick(name, make_base(tmp_path / "base"), *CHANGES)
    data = make_pairs(tmp_path / "pairs.jsonl", rows=60) if name == "dpo" else make_data(tmp_path / "data")
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    checkpoints = disturbed / "checkpoints"
    to_the_end(begin(recipe, data, undisturbed))

    # while the first checkpoint is being written, then between two, then where the third begins
    killed_when(begin(recipe, data, disturbed), lambda: any(checkpoints.glob("checkpoint-*")))
    killed_when(begin(recipe, data, disturbed), lambda: step_of(disturbed) >= 5)
    killed_when(begin(recipe, data, disturbed), lambda: any(checkpoints.glob("checkpoint-1?/optimizer.pt")))
    to_the_end(begin(recipe, data, disturbed))

    assert finished_record(disturbed).resumed == 3
    assert losses(disturbed) == losses(undisturbed)
    assert same_weights(disturbed, undisturbed)
    assert finished_record(disturbed).tokens == finished_record(undisturbed).tokens


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
