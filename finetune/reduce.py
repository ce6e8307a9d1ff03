"""A LoRA of a lower rank that is as near to the old one as that rank can be (Eckart and Young 1936, by SVD).

Smaller on the shelf and faster in a batch; what it costs is measured on held-out lines and said. What is not covered:
a rank cut is not trained again, so a LoRA trained at that rank may be better.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors.torch import load_file, save_file

from finetune.candidate import Candidate
from finetune.errors import EvaluationRefused
from serving.shelf import CONFIG, WEIGHTS

A, B = ".lora_A.weight", ".lora_B.weight"
Weights: TypeAlias = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Reduced:
    """`kept` is the share of the squared length of all changes to the base that is left."""

    folder: Path
    rank: int
    kept: float
    bytes: int


def reduce(one: Candidate, rank: int, to: Path) -> Reduced:
    """Writes the same LoRA at a lower rank, in plain PEFT files. Raises `EvaluationRefused` if it is low already."""
    config = json.loads((one.lora / CONFIG).read_text(encoding="utf-8"))
    weights = load_file(one.lora / WEIGHTS)
    modules = sorted(name.removesuffix(A) for name in weights if name.endswith(A))
    highest = max(len(weights[module + A]) for module in modules)
    if not 1 <= rank < highest:
        raise EvaluationRefused(f"Its rank is {highest}; name a lower one, from 1 to {highest - 1}.")
    if to.exists() and any(to.iterdir()):
        raise EvaluationRefused(f"{to} is not empty. Name another folder with --to.")
    made, kept, all_of_it = Weights(), 0.0, 0.0
    for module in modules:
        down, up = weights[module + A].float(), weights[module + B].float()
        smaller, spectrum = cut(down, up, rank, scaling(config, module, len(down)))
        made |= {module + A: smaller[0], module + B: smaller[1]}
        kept, all_of_it = kept + float(spectrum[:rank].square().sum()), all_of_it + float(spectrum.square().sum())
    to.mkdir(parents=True, exist_ok=True)
    save_file(made, to / WEIGHTS, metadata={"format": "pt"})
    plain = config | {"r": rank, "lora_alpha": rank, "use_rslora": False, "rank_pattern": {}, "alpha_pattern": {}}
    (to / CONFIG).write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    return Reduced(to, rank, kept / all_of_it if all_of_it else 1.0, (to / WEIGHTS).stat().st_size)


def cut(
    down: torch.Tensor, up: torch.Tensor, rank: int, scale: float
) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
    """(A', B') of the rank with scaling 1, and the spectrum of the change; only r x r matrices are decomposed.

    `down` is (r, inputs), `up` (outputs, r). A layer whose rank is lower already keeps it, padded with nothing.
    """
    left, right = torch.linalg.qr(up), torch.linalg.qr(down.T)
    inner, spectrum, outer = torch.linalg.svd(scale * left.R @ right.R.T)
    found = min(rank, len(spectrum))
    root = spectrum[:found].sqrt()
    new_down = root[:, None] * (outer[:found] @ right.Q.T)
    new_up = left.Q @ inner[:, :found] * root
    missing = rank - found
    padded = torch.nn.functional.pad(new_down, (0, 0, 0, missing)), torch.nn.functional.pad(new_up, (0, missing))
    return (padded[0].contiguous(), padded[1].contiguous()), spectrum


def scaling(config: Mapping[str, Any], module: str, rank: int) -> float:
    """What peft multiplies a layer's change with: alpha/r, or alpha/sqrt(r) for rsLoRA, alpha by pattern."""
    patterns = config.get("alpha_pattern") or {}
    alpha = next((value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", module)), None)
    alpha = config["lora_alpha"] if alpha is None else alpha
    return float(alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank)
