"""A model in fewer bits: int8 for CPUs, written here; FP8 and W4A16 for GPUs by llm-compressor's own recipes.

All are in compressed-tensors' layout, which vLLM reads. int8 is rounding to the nearest, one scale for each output of
a layer (W8A8, activations quantised while it runs), and needs no data. What is not covered: GPTQ or smoothing for
int8; the error of activations, which only a server that computes in int8 shows.
"""

import importlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from finetune.dataset import read_part
from finetune.errors import EvaluationRefused

How = Literal["int8", "fp8", "w4a16"]
RECIPES = {"fp8": ("QuantizationModifier", "FP8_DYNAMIC"), "w4a16": ("GPTQModifier", "W4A16")}
CALIBRATED_BY = 256  # conversations
INT8 = {
    "quant_method": "compressed-tensors",
    "format": "int-quantized",
    "quantization_status": "compressed",
    "ignore": ["lm_head"],
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel", "dynamic": False},
            "input_activations": {
                "num_bits": 8, "type": "int", "symmetric": True, "strategy": "token", "dynamic": True,
            },
        }
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantised:
    """Sizes in bytes of the weights, before and after."""

    folder: Path
    before: int
    after: int


def quantise(model: Path, how: How, to: Path, *, examples: Path | None = None) -> Quantised:
    """Writes the model in fewer bits. Raises `EvaluationRefused` where this machine can't."""
    if not (model / "config.json").is_file():
        raise EvaluationRefused(f"{model} holds no model. Merge a LoRA into its base first: greenroom finetune merge")
    if to.exists() and any(to.iterdir()):
        raise EvaluationRefused(f"{to} is not empty. Name another folder with --to.")
    if how == "int8":
        in_int8(model, to)
    else:
        by_llm_compressor(model, how, to, examples)
    return Quantised(to, weight_of(model), weight_of(to))


def in_int8(model: Path, to: Path) -> None:
    """Every linear layer's weight as int8 with a scale for each output; embeddings, norms and the head stay."""
    if list(model.glob("*.safetensors.index.json")):
        raise EvaluationRefused(f"{model} is in several files, which are not rounded here. On a GPU use: --how fp8")
    to.mkdir(parents=True, exist_ok=True)
    for file in model.iterdir():
        if file.is_file() and file.suffix != ".safetensors" and file.name != "config.json":
            shutil.copyfile(file, to / file.name)
    for file in model.glob("*.safetensors"):
        save_file(rounded(load_file(file)), to / file.name, metadata={"format": "pt"})
    config = json.loads((model / "config.json").read_text(encoding="utf-8")) | {"quantization_config": INT8}
    (to / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def rounded(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a file, each linear layer's weight replaced by integers and their scale."""
    made: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        if is_linear(name, weight):
            scale = weight.float().abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            made[name] = (weight.float() / scale).round().clamp(-127, 127).to(torch.int8)
            made[f"{name}_scale"] = scale.to(torch.float32)
        else:
            made[name] = weight
    return made


def restored(folder: Path) -> dict[str, torch.Tensor]:
    """An int8 model's weights as numbers again, for measuring what the rounding cost."""
    stored = {name: weight for file in folder.glob("*.safetensors") for name, weight in load_file(file).items()}
    return {
        name: weight.float() * stored[f"{name}_scale"] if f"{name}_scale" in stored else weight.float()
        for name, weight in stored.items()
        if not name.endswith("_scale")
    }


def is_linear(name: str, weight: torch.Tensor) -> bool:
    """Layers' projections; what looks words up, and what chooses the next one, stays precise."""
    return weight.ndim == 2 and name.endswith("_proj.weight")


def by_llm_compressor(model: Path, how: How, to: Path, examples: Path | None) -> None:
    """FP8 without data, W4A16 with the data set's training rows for calibration; on a CUDA GPU only."""
    if not torch.cuda.is_available():
        raise EvaluationRefused(f"{how} is made on a CUDA GPU, and there is none here. On a CPU use: --how int8")
    try:
        compressor: Any = importlib.import_module("llmcompressor")
    except ImportError as exc:
        raise EvaluationRefused(f"{how} needs llm-compressor. Install it with: pip install llmcompressor") from exc
    if how == "w4a16" and examples is None:
        raise EvaluationRefused("w4a16 is calibrated by real lines. Name the data set with --data.")
    modifiers: Any = importlib.import_module("llmcompressor.modifiers.quantization")
    name, scheme = RECIPES[how]
    recipe = getattr(modifiers, name)(targets="Linear", scheme=scheme, ignore=["lm_head"])
    told: dict[str, Any] = {"model": str(model), "recipe": recipe, "output_dir": str(to)}
    if examples is not None:
        told |= {"dataset": texts_of(model, examples), "num_calibration_samples": CALIBRATED_BY}
    compressor.oneshot(**told)


def texts_of(model: Path, data: Path) -> Any:
    """Whole conversations as the model reads them, for calibration."""
    tokeniser: Any = AutoTokenizer.from_pretrained(model)
    rows = read_part(data, "train")[:CALIBRATED_BY]
    whole = ([*row["prompt"], *row["completion"]] for row in rows)
    return Dataset.from_list([{"text": tokeniser.apply_chat_template(one, tokenize=False)} for one in whole])


def weight_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
