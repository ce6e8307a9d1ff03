"""A LoRA taught on a base in 4 bits, with the real bitsandbytes, on whatever device there is."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from finetune.train_record import finished_record
from serving.lora_check import check
from tests.finetune.processes import begin, to_the_end, together
from tests.finetune.test_train_resume import losses
from tests.finetune.tiny import make_base, make_data, quick

CHANGES = ("epochs=1", "optimiser.rate=1e-2", "stopping.looks=3")
GRADIENTS = """
import sys, peft, torch
from pathlib import Path
from transformers import AutoModelForCausalLM
from finetune.train_four_bits import in_four_bits, keep_differentiable
from tests.finetune.tiny import quick

def gradients(model):
    model.train()
    model.zero_grad()
    model(words, labels=words).loss.backward()
    return torch.cat([weight.grad.flatten() for weight in model.parameters() if weight.grad is not None])

words, base = torch.arange(1, 60).unsqueeze(0), Path(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(base, dtype="float32", **in_four_bits(quick("qlora", base)))
keep_differentiable(model)
model = peft.get_peft_model(model, peft.LoraConfig(target_modules="all-linear", init_lora_weights=False))
before = gradients(model)
model.eval()
with torch.no_grad():
    model(words)
assert torch.equal(before, gradients(model)), "a look changed the gradients"
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not find_spec("bitsandbytes"), reason="needs bitsandbytes: pip install bitsandbytes"),
]


@pytest.mark.parametrize("optimiser", ["paged_adamw_8bit", "adamw"])
def test_a_base_in_four_bits_teaches_nearly_what_the_whole_one_does(optimiser: str, tmp_path: Path) -> None:
    base, data = make_base(tmp_path / "base", hidden=64), make_data(tmp_path / "data")
    to_the_end(begin(quick("lora", base, *CHANGES), data, tmp_path / "whole"))

    to_the_end(begin(quick("qlora", base, *CHANGES, f"optimiser.name={optimiser}"), data, tmp_path / "run"))

    run = finished_record(tmp_path / "run")
    told, wanted = (losses(tmp_path / name) for name in ("run", "whole"))
    assert told[0][1] == pytest.approx(wanted[0][1], abs=0.02)
    assert told[-1][1] < told[0][1] - 0.5
    assert told[-1][1] == pytest.approx(wanted[-1][1], abs=0.1)
    assert run.lora
    assert check(run.lora, base=base) == ()


def test_two_processes_learn_on_four_bits_what_one_does(tmp_path: Path) -> None:
    base, data = make_base(tmp_path / "base", hidden=64), make_data(tmp_path / "data", lines=57)
    recipe = quick("qlora", base, *CHANGES, "optimiser.name=adamw")
    to_the_end(begin(recipe, data, tmp_path / "one"))

    together(recipe, data, tmp_path / "two", processes=2)

    one, two = ([loss for _, loss in losses(tmp_path / name)] for name in ("one", "two"))
    assert two == pytest.approx(one, abs=1e-5)


def test_a_look_at_held_out_lines_leaves_the_gradients_as_they_were(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", hidden=64)

    told = subprocess.run(
        [sys.executable, "-c", GRADIENTS, str(base)], capture_output=True, text=True, timeout=300, check=False
    )

    assert told.returncode == 0, told.stderr
