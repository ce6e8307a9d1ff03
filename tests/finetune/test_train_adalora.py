"""AdaLoRA whole: ranks are taken away, the penalty counts, and the export speaks as the trained model did."""

import json
from pathlib import Path

import pytest
import torch
from peft import AdaLoraConfig, PeftModel, get_peft_model
from rich.console import Console
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from finetune.train_adalora import export_adalora, gram_error, orthogonality
from finetune.train_run import train_run
from serving.lora_check import check
from tests.finetune.tiny import MIRA, make_base, make_data, quick

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
IDS = torch.tensor([[1, 40, 77, 300, 41, 5, 90, 1200]])
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("model") / "base", hidden=32)


def dressed(base: Path, source: Path) -> torch.nn.Module:
    """The base with a LoRA, or AdaLoRA, from a folder."""
    model: torch.nn.Module = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), source)
    return model.eval()


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    found: torch.Tensor = model(IDS).logits
    return found


def test_a_run_ends_as_a_plain_lora_with_the_same_logits_and_fewer_ranks(base: Path, tmp_path: Path) -> None:
    data = make_data(tmp_path / "data")
    recipe = quick("adalora", base, "adalora.initial_rank=8", "adalora.final_rank=4", "optimiser.rate=3e-2")

    record = train_run(MIRA, data=data, recipe=recipe, to=tmp_path / "run", console=QUIET)

    assert record.lora is not None
    assert record.best is not None
    assert check(record.lora, base=base, max_rank=8) == ()
    trained = dressed(base, tmp_path / "run" / "checkpoints" / f"checkpoint-{record.best.step}")
    plain = AutoModelForCausalLM.from_pretrained(base).eval()
    assert (logits(trained) - logits(plain)).abs().max() > 1e-2
    assert (logits(dressed(base, record.lora)) - logits(trained)).abs().max() <= 1e-5
    shapes = {name: weight.shape for name, weight in load_file(record.lora / "adapter_model.safetensors").items()}
    ranks = [shape[0] for name, shape in shapes.items() if "lora_A" in name]
    assert sum(ranks) <= 4 * 14 < 8 * 14
    penalties = [row["orthogonality"] for row in record.history if "orthogonality" in row]
    assert penalties[-1] < penalties[0]


def test_layers_that_lost_every_rank_and_layers_of_unlike_ranks_are_exported_exactly(
    base: Path, tmp_path: Path
) -> None:
    config = AdaLoraConfig(
        init_r=8, target_r=4, total_step=10, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    torch.manual_seed(1)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).eval()
    with torch.no_grad():
        for number, (_, weight) in enumerate((n, w) for n, w in model.named_parameters() if ".lora_E." in n):
            weight.copy_(torch.randn(8, 1) * (torch.arange(8) >= number % 9)[:, None])
    model.save_pretrained(tmp_path / "trained")
    (tmp_path / "exported").mkdir()

    export_adalora(tmp_path / "trained", tmp_path / "exported")

    config_written = json.loads((tmp_path / "exported" / "adapter_config.json").read_text())
    assert config_written["peft_type"] == "LORA"
    assert set(config_written["rank_pattern"].values()) == set(range(1, 8))
    assert len(config_written["target_modules"]) == 13
    assert (logits(dressed(base, tmp_path / "exported")) - logits(model)).abs().max() <= 1e-5
    assert check(tmp_path / "exported", base=base) == ()


def test_the_penalty_is_nothing_for_orthogonal_halves_and_grows_with_their_likeness() -> None:
    orthogonal = torch.eye(3, 5)

    assert gram_error(orthogonal, rows=True) == 0
    assert gram_error(2 * orthogonal, rows=True) == pytest.approx(27**0.5)
    assert gram_error(2 * orthogonal.T, rows=False) == pytest.approx(27**0.5)


def test_the_penalty_moves_the_halves_of_a_model(base: Path) -> None:
    config = AdaLoraConfig(init_r=4, target_r=2, total_step=10, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)

    orthogonality(model).backward()

    moved = [name for name, weight in model.named_parameters() if weight.grad is not None and weight.grad.any()]
    assert len(moved) == 28
    assert all(".lora_A." in name or ".lora_B." in name for name in moved)
