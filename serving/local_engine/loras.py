"""Several LoRAs in one step: each row of the batch adds its own low-rank difference to the base's output.

peft would switch the whole model from one LoRA to the next. Here every row carries its own pair of matrices, so eight
personas speak in the same step; LoRAs of different ranks are padded with zeros, which change nothing.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file

from serving.errors import EngineMissing, EngineRefused

KEY = re.compile(r"^base_model\.model\.(?P<module>.+)\.lora_(?P<half>[AB])\.weight$")


@dataclass(frozen=True)
class Lora:
    """By module: `down` (inputs, rank) and `up` (rank, outputs), the scale folded into `up`."""

    name: str
    pairs: dict[str, tuple[torch.Tensor, torch.Tensor]]


def load_lora(name: str, folder: Path, *, like: torch.Tensor) -> Lora:
    """A LoRA as peft writes it, in the type and on the device of `like`."""
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "adapter_model.safetensors", device=str(like.device))
    except (OSError, ValueError, safetensors.SafetensorError) as exc:
        raise EngineMissing(f"The LoRA {name} in {folder} can't be read: {exc}.") from exc
    halves: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in weights.items():
        match = KEY.match(key)
        if match is None:
            raise EngineRefused(f"The LoRA {name} holds {key}, which is no LoRA weight. Try: greenroom lora check")
        halves.setdefault(match["module"], {})[match["half"]] = tensor.to(like.dtype)
    if any(half.keys() != {"A", "B"} for half in halves.values()):
        raise EngineRefused(f"The LoRA {name} has one half of a pair without the other. Try: greenroom lora check")
    return Lora(name, {module: pair(half, scale(config, module)) for module, half in halves.items()})


def pair(half: dict[str, torch.Tensor], scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    return half["A"].T.contiguous(), (half["B"].T * scale).contiguous()


def scale(config: dict[str, Any], module: str) -> float:
    """alpha/r (Hu et al. 2021), or alpha/sqrt(r) (rsLoRA, Kalajdzievski 2023), with the module's own alpha and rank."""
    rank = by_pattern(config.get("rank_pattern") or {}, module, config["r"])
    alpha = by_pattern(config.get("alpha_pattern") or {}, module, config["lora_alpha"])
    return float(alpha / (math.sqrt(rank) if config.get("use_rslora") else rank))


def by_pattern(patterns: dict[str, float], module: str, default: float) -> float:
    """peft's rule: a pattern is a regular expression for the end of a module's name."""
    return next((value for pattern, value in patterns.items() if re.match(rf"(.*\.)?({pattern})$", module)), default)


class Wardrobe:
    """Hooks on the model's linear layers, and who wears which LoRA in the step to come."""

    def __init__(self, model: Any) -> None:
        self._modules = {name: part for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
        self._hooked: set[str] = set()
        self._worn: tuple[str | None, ...] = ()
        self._stacks: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def check(self, lora: Lora) -> None:
        """Raises EngineRefused if the LoRA was made for another model."""
        for module, (down, up) in lora.pairs.items():
            part = self._modules.get(module)
            if part is None or (down.shape[0], up.shape[1]) != (part.in_features, part.out_features):
                raise EngineRefused(f"The LoRA {lora.name} was made for another model: {module} does not fit.")

    def dress(self, loras: Sequence[Lora | None]) -> None:
        """Row n of the next run wears `loras[n]`."""
        worn = tuple(lora.name if lora else None for lora in loras)
        if worn == self._worn:
            return
        self._worn = worn
        modules = {module for lora in loras if lora for module in lora.pairs}
        self._stacks = {module: self._stack(module, loras) for module in modules}
        for module in modules - self._hooked:
            self._hook(module)

    def _hook(self, module: str) -> None:
        def add(_part: torch.nn.Module, given: tuple[torch.Tensor, ...], out: torch.Tensor) -> torch.Tensor:
            stack = self._stacks.get(module)
            return out if stack is None else out + (given[0] @ stack[0]) @ stack[1]

        self._modules[module].register_forward_hook(add)
        self._hooked.add(module)

    def _stack(self, module: str, loras: Sequence[Lora | None]) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, inputs, rank) and (rows, rank, outputs), zeros for a row that goes without."""
        pairs = [lora.pairs.get(module) if lora else None for lora in loras]
        rank = max(pair[0].shape[1] for pair in pairs if pair)
        weight = self._modules[module].weight
        down = weight.new_zeros(len(loras), weight.shape[1], rank)
        up = weight.new_zeros(len(loras), rank, weight.shape[0])
        for row, pair in enumerate(pairs):
            if pair:
                down[row, :, : pair[0].shape[1]] = pair[0]
                up[row, : pair[1].shape[0]] = pair[1]
        return down, up
