"""Two processes that train together learn what one would have learnt."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune.errors import TrainingRefused
from finetune.train_plan import plan_for
from finetune.train_record import finished_record
from serving.lora_check import check
from tests.finetune.processes import begin, to_the_end, together
from tests.finetune.tiny import make_base, make_data, quick

pytestmark = pytest.mark.timeout(1800)


def learnt(run: Path) -> list[float]:
    return [row["loss"] for row in finished_record(run).history if "loss" in row]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    base, data = make_base(tmp_path / "base"), make_data(tmp_path / "data")
    changes = ("epochs=1", "optimiser.rate=1e-2", "stopping.looks=2")
    to_the_end(begin(quick("lora", base, *changes), data, tmp_path / "one"))

    together(quick("lora", base, *changes), data, tmp_path / "two", processes=2)

    one, two = finished_record(tmp_path / "one"), finished_record(tmp_path / "two")
    assert (one.processes, two.processes) == (1, 2)
    *alike, last = zip(learnt(tmp_path / "one"), learnt(tmp_path / "two"), strict=True)
    assert [two for _, two in alike] == pytest.approx([one for one, _ in alike], abs=1e-4)
    assert last[1] == pytest.approx(last[0], abs=5e-3)  # two processes fill an epoch's last step up with its first rows
    assert learnt(tmp_path / "two")[-1] < learnt(tmp_path / "two")[0] - 0.1
    assert two.lora is not None
    assert one.lora is not None
    assert check(two.lora, base=base) == ()
    ours, theirs = (load_file(lora / "adapter_model.safetensors") for lora in (one.lora, two.lora))
    assert ours.keys() == theirs.keys()
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-3) for name in ours)


@pytest.mark.slow
def test_ranks_that_move_move_alike_in_two_processes(tmp_path: Path) -> None:
    base, data = make_base(tmp_path / "base"), make_data(tmp_path / "data")
    recipe = quick("adalora", base, "adalora.initial_rank=8", "adalora.final_rank=4", "epochs=1")
    to_the_end(begin(recipe, data, tmp_path / "one"))

    together(recipe, data, tmp_path / "two", processes=2)

    assert learnt(tmp_path / "two") == pytest.approx(learnt(tmp_path / "one"), abs=5e-3)


def test_a_step_that_can_not_be_shared_evenly_is_refused() -> None:
    recipe = quick("lora", Path("base"), "batches.size=6", "batches.at_once=2")

    with pytest.raises(TrainingRefused, match="can't be shared by 2 processes"):
        plan_for(recipe, [10] * 20, processes=2)


def test_a_step_is_the_same_however_many_share_it() -> None:
    recipe = quick("lora", Path("base"), "batches.size=8", "batches.at_once=2", "epochs=2")

    alone, four = (plan_for(recipe, [10] * 33, processes=processes) for processes in (1, 4))

    assert (alone.steps, alone.accumulated) == (10, 4)
    assert (four.steps, four.accumulated) == (10, 1)
