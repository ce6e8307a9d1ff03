"""How much memory a run will take, told before it begins: weights, gradients, optimiser, and what a step remembers.

Weights, gradients and the optimiser's state are counted exactly, on a model without weights (the meta device). What a
step remembers for the way back follows Korthikanti et al. 2022 (section 4) with attention that keeps no scores; it is
an estimate, checked against measured peaks in tests/finetune/test_train_memory.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import peft
import psutil
import torch
from transformers import AutoModelForCausalLM

from finetune.errors import TrainingRefused
from finetune.recipe import Recipe
from finetune.train_arguments import has_accelerator, weights_in
from finetune.train_plan import Plan

GIB = 2**30
STATES = {"adamw": 8.0, "ademamix": 12.0, "lion": 4.0, "sgd": 0.0, "rmsprop": 4.0, "adagrad": 4.0, "adafactor": 0.1}
EIGHT_BIT, FOUR_BITS = 2.0, 0.55
PROGRAM = {"cpu": 0.9 * GIB, "cuda": 1.2 * GIB}  # torch, transformers and trl; a CUDA context and its kernels
LOGITS_AT_ONCE = 1024  # TRL works the head off in pieces


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's sizes, and how many of its parameters are trained."""

    parameters: int
    trained: int
    layers: int
    hidden: int
    intermediate: int
    vocabulary: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes on one device, part by part."""

    weights: float
    gradients: float
    optimiser: float
    step: float
    program: float

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimiser + self.step + self.program

    def __str__(self) -> str:
        parts = {"weights": self.weights, "gradients": self.gradients, "optimiser": self.optimiser}
        parts |= {"a step": self.step, "the program": self.program}
        return ", ".join(f"{name} {size / GIB:.1f}" for name, size in parts.items())


def shape_of(config: Any, adapter: peft.PeftConfig | None) -> Shape:
    """The sizes of a model without its weights. Raises `TrainingRefused` if the LoRA finds no layer in it."""
    text = config.get_text_config()
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    parameters = sum(weight.numel() for weight in model.parameters())
    try:
        model = peft.get_peft_model(model, adapter) if adapter else model
    except ValueError as exc:
        raise TrainingRefused(f"The LoRA does not fit this model: {str(exc).splitlines()[0]}") from exc
    trained = [weight.numel() for weight in model.parameters() if weight.requires_grad]
    return Shape(
        parameters=parameters,
        trained=sum(trained),
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=getattr(text, "intermediate_size", None) or 4 * text.hidden_size,
        vocabulary=text.vocab_size,
    )


def estimate(shape: Shape, recipe: Recipe, plan: Plan, *, device: str, longest: int) -> Estimate:
    """What a step of conversations of `longest` tokens takes on one device."""
    shared = plan.processes if recipe.sharding == "fsdp" else 1
    kept = shape.parameters * frozen(recipe, device)
    kept += 0 if recipe.method == "full" else shape.trained * 4
    return Estimate(
        weights=kept / shared,
        gradients=shape.trained * 4 / shared,
        optimiser=shape.trained * STATES.get(recipe.optimiser.name, EIGHT_BIT) / shared,
        step=remembered(shape, recipe, tokens=plan.at_once * longest),
        program=PROGRAM[device],
    )


def frozen(recipe: Recipe, device: str) -> float:
    """Bytes that a parameter of the base takes; on a CPU bitsandbytes does not give back what it made the 4 bits of."""
    whole = weights_in(recipe).itemsize
    if recipe.quantisation == "none":
        return whole
    return FOUR_BITS if device == "cuda" else FOUR_BITS + whole


def remembered(shape: Shape, recipe: Recipe, *, tokens: int) -> float:
    """Bytes a step keeps for the way back: a layer's inputs, or all that is computed within; and the logits."""
    size = 4 if weights_in(recipe).itemsize == 4 else 2
    layer = tokens * size * (16 * shape.hidden + 5 * shape.intermediate)
    layer += tokens * 4 * (4 * shape.hidden + shape.intermediate) if size == 2 and recipe.method != "full" else 0
    kept = (
        layer + shape.layers * tokens * size * shape.hidden if recipe.gradient_checkpointing else layer * shape.layers
    )
    pairs = 2 if recipe.objective in ("dpo", "kto") else 1
    return pairs * kept + 3 * 4 * min(tokens, LOGITS_AT_ONCE) * shape.vocabulary


def available(device: str) -> float:
    """Bytes that a new program may take: of the GPU, or of the machine."""
    if device == "cuda":
        return float(torch.cuda.mem_get_info()[0])
    return float(psutil.virtual_memory().available)


def refuse_too_large(told: Estimate, recipe: Recipe, *, device: str, free: float, processes_here: int = 1) -> None:
    """Raises `TrainingRefused` with the numbers and what to try, if it won't fit."""
    needed = told.total * (processes_here if device == "cpu" else 1)
    if needed > free:
        raise TrainingRefused(
            f"This needs about {needed / GIB:.1f} GiB ({told}), and {free / GIB:.1f} GiB are free on the "
            f"{'GPU' if device == 'cuda' else 'machine'}. Try {', or '.join(remedies(recipe, device))}."
        )


def remedies(recipe: Recipe, device: str) -> Iterator[str]:
    """What would make it smaller, the least painful first."""
    if not recipe.gradient_checkpointing:
        yield "gradient_checkpointing: true"
    if recipe.batches.at_once > 1:
        yield f"batches.at_once below {recipe.batches.at_once} (a step stays the same)"
    if recipe.method == "full":
        yield "the recipe lora"
    elif recipe.quantisation == "none" and device == "cuda":
        yield "the recipe qlora"
    if recipe.batches.tokens > 512:
        yield f"batches.tokens below {recipe.batches.tokens}"
    if recipe.sharding == "none" and device == "cuda":
        yield "sharding: fsdp over several GPUs"
    yield "a smaller base"


def on() -> str:
    return "cuda" if has_accelerator() else "cpu"
