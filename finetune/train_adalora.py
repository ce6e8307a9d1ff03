"""AdaLoRA made whole: its ranks are allocated, its penalty counts, a killed run goes on, and it ends as a plain LoRA.

peft computes the weights P·E·Q of Zhang et al. 2023 and leaves four things to others: somebody must allocate ranks
after each step (`Allocation`); TRL's loss never sees the penalty that peft adds to its own (`orthogonality`); a
checkpoint cut to its ranks would not fit the optimiser's state (`whole_ranks`); and no server knows such a fine-tune
(`export_adalora`).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import TrainerCallback

from serving.shelf import CONFIG, WEIGHTS

STATE = "adalora.pt"
REMEMBERED = ("ipt", "exp_avg_ipt", "exp_avg_unc")
PREFIX = "base_model.model."
TINY = 1e-5  # peft divides by ranknum plus this
DROPPED = ("init_r", "target_r", "tinit", "tfinal", "deltaT", "beta1", "beta2", "orth_reg_weight", "total_step")


class Allocation(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Takes ranks away after the optimiser's step, while the gradients that say which are still there."""

    def on_optimizer_step(self, args: Any, state: Any, control: Any, *, model: Any, **kwargs: Any) -> None:
        model.base_model.update_and_allocate(state.global_step + 1)


def orthogonality(model: Any) -> Tensor:
    """The mean of |PᵀP - 1| and |QQᵀ - 1| (Frobenius) over the layers: Zhang et al. 2023, equation 4, as in peft."""
    found = [gram_error(weight, rows=".lora_A." in name) for name, weight in halves(model)]
    return torch.stack(found).mean()


def halves(model: Any) -> Iterator[tuple[str, Tensor]]:
    """The left and right singular vectors of every layer."""
    for name, weight in model.named_parameters():
        if ".lora_A." in name or ".lora_B." in name:
            yield name, weight


def gram_error(weight: Tensor, *, rows: bool) -> Tensor:
    gram = weight @ weight.T if rows else weight.T @ weight
    error: Tensor = torch.linalg.matrix_norm(gram - torch.eye(len(gram), device=gram.device, dtype=gram.dtype))
    return error


@contextmanager
def whole_ranks(model: Any) -> Iterator[None]:
    """While it lasts, peft writes all ranks, the masked ones too: the optimiser's state is about all of them."""
    config = model.peft_config["default"]
    pattern, config.rank_pattern = config.rank_pattern, None
    try:
        yield
    finally:
        config.rank_pattern = pattern


def save_state(model: Any, folder: Path) -> None:
    """What the allocation knows so far."""
    allocator = model.base_model.rankallocator
    state = {name: getattr(allocator, name) for name in REMEMBERED}
    torch.save(state | {"rank_pattern": model.peft_config["default"].rank_pattern}, folder / STATE)


def load_state(model: Any, folder: Path) -> None:
    """The same, back again."""
    state = torch.load(folder / STATE, weights_only=True, map_location="cpu")
    device = next(model.parameters()).device
    for name in REMEMBERED:
        setattr(model.base_model.rankallocator, name, {key: kept.to(device) for key, kept in state[name].items()})
    model.peft_config["default"].rank_pattern = state["rank_pattern"]


def export_adalora(source: Path, target: Path) -> None:
    """A checkpoint of AdaLoRA as a plain LoRA that gives the same logits.

    A layer's difference is B·(A*E)·alpha/(r + 1e-5), r the rank it began with. So A' = A*E*alpha/(r + 1e-5) over the
    ranks whose E is not zero, B' = B over the same, and alpha' = rank' makes the LoRA's own scale 1.
    """
    config = json.loads((source / CONFIG).read_text(encoding="utf-8"))
    weights = load_file(source / WEIGHTS)
    scale = float(config["lora_alpha"]) / (float(config["init_r"]) + TINY)
    made, ranks = dict[str, Tensor](), dict[str, int]()
    for key in [key for key in weights if key.endswith(".lora_E")]:
        layer = key.removesuffix(".lora_E")
        kept = weights[key].flatten() != 0
        if kept.any():
            ranks[layer.removeprefix(PREFIX)] = int(kept.sum())
            down = weights[f"{layer}.lora_A"][kept].double() * weights[key][kept].double() * scale
            made[f"{layer}.lora_A.weight"] = down.to(weights[key].dtype).contiguous()
            made[f"{layer}.lora_B.weight"] = weights[f"{layer}.lora_B"][:, kept].contiguous()
    save_file(made, target / WEIGHTS, metadata={"format": "pt"})
    (target / CONFIG).write_text(json.dumps(plain_config(config, ranks), indent=2, sort_keys=True) + "\n")


def plain_config(config: dict[str, Any], ranks: dict[str, int]) -> dict[str, Any]:
    """A LoRA's configuration: layers that kept no rank are no targets, the others have their own rank and alpha."""
    rank = max(ranks.values(), default=1)
    plain = {key: value for key, value in config.items() if key not in DROPPED}
    others = {layer: kept for layer, kept in ranks.items() if kept != rank}
    changed = {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "rank_pattern": others, "alpha_pattern": others}
    return plain | changed | {"target_modules": sorted(ranks), "use_rslora": False, "init_lora_weights": True}
