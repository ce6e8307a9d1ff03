"""Other shapes of a LoRA say the same, or what they cost is said."""

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from finetune.candidate import candidate
from finetune.cli import app
from finetune.dataset import read_part
from finetune.errors import EvaluationRefused
from finetune.evaluate_dresser import Dresser
from finetune.merge import merge, to_gguf
from finetune.quantise import quantise, restored
from finetune.reduce import reduce
from finetune.variant_cost import rank_cost, rounding_cost
from serving.lora_check import check
from tests.finetune.teaching import teach
from tests.finetune.tiny import make_base

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("model") / "base", hidden=32)


@pytest.fixture(scope="module")
def lora(base: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lora")
    return teach(folder, read_part(data, "train"), base=base, epochs=2, rate=2e-2)


def test_a_merged_model_says_what_the_base_says_with_the_lora_on(
    base: Path, data: Path, lora: Path, tmp_path: Path
) -> None:
    made = merge(candidate(lora), str(base), tmp_path / "merged")

    worn, rows = Dresser(base), read_part(data, "test")
    worn.add("lora", lora)
    assert made.apart < 1e-4
    assert Dresser(made.folder).likelihood(rows).per_token == pytest.approx(
        worn.likelihood(rows, "lora").per_token, abs=1e-4
    )


def test_gguf_without_its_tool_says_where_the_tool_is(tmp_path: Path) -> None:
    with pytest.raises(EvaluationRefused, match=r"llama\.cpp's convert_hf_to_gguf\.py.*git clone"):
        to_gguf(tmp_path, tmp_path / "x.gguf", converter=None)


def test_gguf_is_written_by_the_tool_that_is_named_and_its_failure_is_told(tmp_path: Path) -> None:
    tool = tmp_path / "convert_hf_to_gguf.py"
    tool.write_text("import sys, pathlib; pathlib.Path(sys.argv[3]).write_text(' '.join(sys.argv[1:]))")

    made = to_gguf(tmp_path / "model", tmp_path / "x.gguf", converter=tool)

    assert made.read_text().endswith("--outtype q8_0")
    tool.write_text("raise SystemExit('no such architecture')")
    with pytest.raises(EvaluationRefused, match="no such architecture"):
        to_gguf(tmp_path / "model", tmp_path / "x.gguf", converter=tool)


@pytest.mark.parametrize("rslora", [False, True])
def test_a_lora_whose_change_has_a_low_rank_loses_nothing_when_it_is_cut_to_that(
    base: Path, data: Path, lora: Path, tmp_path: Path, rslora: bool
) -> None:
    first = reduce(candidate(lora), 2, tmp_path / "two")
    grown = tmp_path / "grown"
    grown.mkdir()
    config = json.loads((first.folder / "adapter_config.json").read_text())
    widened(first.folder, grown, config | {"use_rslora": rslora})

    again = reduce(candidate(grown), 2, tmp_path / "again")

    assert again.kept == pytest.approx(1, abs=1e-6)
    assert check(again.folder, base=base) == ()
    dresser, row = Dresser(base), read_part(data, "test")[0]
    dresser.add("grown", grown)
    dresser.add("again", again.folder)
    assert torch.allclose(dresser.logits(row, "grown"), dresser.logits(row, "again"), atol=1e-4)


def widened(source: Path, to: Path, config: dict[str, object]) -> None:
    """The same change at rank 6, four ranks of it empty, with another scaling."""
    from safetensors.torch import save_file

    weights = load_file(source / "adapter_model.safetensors")
    rank, alpha = 6, 12
    scale = alpha / math.sqrt(rank) if config["use_rslora"] else alpha / rank
    pad = torch.nn.functional.pad
    made = {
        name: pad(weight, (0, 0, 0, 4)) if "lora_A" in name else pad(weight / scale, (0, 4))
        for name, weight in weights.items()
    }
    save_file(made, to / "adapter_model.safetensors")
    (to / "adapter_config.json").write_text(json.dumps(config | {"r": rank, "lora_alpha": alpha}))


def test_a_lower_rank_costs_what_is_said(base: Path, data: Path, lora: Path, tmp_path: Path) -> None:
    one = reduce(candidate(lora), 1, tmp_path / "one")

    cost = rank_cost(candidate(lora), one.folder, str(base), data)

    assert 0 < one.kept < 1
    assert cost.low is not None
    assert cost.low <= cost.value
    with pytest.raises(EvaluationRefused, match="from 1 to 7"):
        reduce(candidate(lora), 8, tmp_path / "eight")


def test_int8_is_a_quarter_as_large_where_it_rounds_and_costs_little(base: Path, data: Path, tmp_path: Path) -> None:
    made = quantise(base, "int8", tmp_path / "int8")

    stored = load_file(made.folder / "model.safetensors")
    name = "model.layers.0.mlp.up_proj.weight"
    assert stored[name].dtype == torch.int8
    assert restored(made.folder)[name].shape == stored[name].shape
    assert made.after < made.before
    assert json.loads((made.folder / "config.json").read_text())["quantization_config"]["format"] == "int-quantized"
    assert abs(rounding_cost(base, made.folder, data).value) < 0.02


@pytest.mark.parametrize("how", ["fp8", "w4a16"])
def test_what_needs_a_gpu_says_so(base: Path, tmp_path: Path, how: str) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")

    told = CliRunner().invoke(app, ["quantise", str(base), "--how", how, "--to", str(tmp_path / "x")])

    assert told.exit_code == 1
    assert "CUDA GPU" in told.output


def test_a_folder_that_holds_something_is_never_written_into(lora: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    told = CliRunner().invoke(app, ["merge", str(lora), "--to", str(tmp_path)])

    assert told.exit_code == 1
    assert "is not empty" in told.output
