"""A model in parts, one on each of two processes, learns what a whole one learns, and is saved whole."""

from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM

from finetune.errors import TrainingRefused
from finetune.train_record import RunRecord, finished_record
from finetune.train_sharding import refuse_unshardable
from serving.lora_check import check
from tests.finetune.processes import begin, begin_together, killed_when, to_the_end, together
from tests.finetune.test_train_resume import losses
from tests.finetune.tiny import make_base, make_data, quick

CHANGES = ("epochs=1", "stopping.looks=2")
EVEN = 57  # lines of which two processes fill every step and every look, so that no row is learnt from twice
RATES = {"lora": "optimiser.rate=1e-2", "full": "optimiser.rate=2e-3"}
pytestmark = pytest.mark.timeout(1800)


def model_of(record: RunRecord, base: Path) -> Any:
    """What a run made, loaded by this one process."""
    if record.model:
        return AutoModelForCausalLM.from_pretrained(record.model)
    return peft.PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), record.lora)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "precision", "within"),
    [
        ("lora", "float32", 1e-5),  # the same sums in another order
        ("full", "float32", 1e-5),
        # weights are cast once for all of a step, gradients are summed in float32; a loss told in bfloat16 is .03 off
        ("lora", "bfloat16", 2e-3),
    ],
)
def test_a_model_in_parts_learns_what_a_whole_one_does(
    method: str, precision: str, within: float, tmp_path: Path
) -> None:
    base, data = make_base(tmp_path / "base"), make_data(tmp_path / "data", lines=EVEN)
    changes = (*CHANGES, RATES[method], f"precision={precision}")
    to_the_end(begin(quick(method, base, *changes), data, tmp_path / "whole"))

    together(quick(method, base, *changes, "sharding=fsdp"), data, tmp_path / "parts", processes=2)

    assert (tmp_path / "parts.log").read_text().count("holds 0.5") == 2
    whole, parts = finished_record(tmp_path / "whole"), finished_record(tmp_path / "parts")
    told = losses(tmp_path / "parts")
    assert [loss for _, loss in told] == pytest.approx([loss for _, loss in losses(tmp_path / "whole")], abs=within)
    assert told[-1][1] < told[0][1] - 0.1
    assert parts.lora is None or check(parts.lora, base=base) == ()
    words = torch.arange(1, 60).unsqueeze(0)
    ours, theirs = (model_of(record, base)(words).logits for record in (parts, whole))
    assert torch.allclose(ours, theirs, atol=50 * within)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_run_in_parts_that_was_killed_ends_as_an_undisturbed_one(method: str, tmp_path: Path) -> None:
    base, data = make_base(tmp_path / "base"), make_data(tmp_path / "data", lines=EVEN)
    recipe = quick(method, base, "epochs=1", "stopping.looks=4", "sharding=fsdp", RATES[method], "lora.dropout=0.1")
    checkpoints = tmp_path / "disturbed" / "checkpoints"
    together(recipe, data, tmp_path / "undisturbed", processes=2)

    first, second = begin_together(recipe, data, tmp_path / "disturbed", processes=2)
    killed_when(first, lambda: any(checkpoints.glob("checkpoint-*/trainer_state.json")))
    second.kill()
    second.join()
    together(recipe, data, tmp_path / "disturbed", processes=2)

    assert "Going on from step" in (tmp_path / "disturbed.log").read_text()
    assert losses(tmp_path / "disturbed") == losses(tmp_path / "undisturbed")
    words = torch.arange(1, 60).unsqueeze(0)
    ours, theirs = (
        model_of(finished_record(tmp_path / run), base)(words).logits for run in ("disturbed", "undisturbed")
    )
    assert torch.equal(ours, theirs)


@pytest.mark.slow
def test_a_whole_model_taught_in_parts_is_kept_without_what_only_training_needs(tmp_path: Path) -> None:
    base, data = make_base(tmp_path / "base"), make_data(tmp_path / "data", lines=EVEN)

    together(quick("full", base, *CHANGES, "sharding=fsdp"), data, tmp_path / "run", processes=2)

    model = finished_record(tmp_path / "run").model
    assert model
    assert {file.name for file in model.iterdir() if file.suffix in (".bin", ".pt", ".pth")} == set()


@pytest.mark.parametrize(
    ("name", "changes", "processes", "said"),
    [
        ("lora", (), 1, "for several processes, and this is one"),
        ("adalora", (), 2, "whole matrices"),
        ("qlora", ("optimiser.name=adamw",), 2, "in 4 bits is not cut"),
        ("lora", ("optimiser.name=adafactor",), 2, "Take one of adamw, sgd, rmsprop"),
    ],
)
def test_a_model_that_can_not_be_cut_is_refused(name: str, changes: tuple[str, ...], processes: int, said: str) -> None:
    recipe = quick(name, Path("base"), "sharding=fsdp", *changes)

    with pytest.raises(TrainingRefused, match=said):
        refuse_unshardable(recipe, processes=processes)


def test_a_model_that_stays_whole_may_be_taught_by_one_process() -> None:
    refuse_unshardable(quick("adalora", Path("base")), processes=1)
