"""A recipe and a plan in TRL's words."""

from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments
from trl import DPOConfig, KTOConfig, SFTConfig

from finetune.recipe import Recipe
from finetune.train_plan import Plan

OPTIMISERS = {
    "adamw": "adamw_torch",
    "lion": "lion_32bit",
    "adafactor": "adafactor",
    "sgd": "sgd",
    "rmsprop": "rmsprop",
    "adagrad": "adagrad",
    "ademamix": "ademamix",
    "adamw_8bit": "adamw_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
}
SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


def has_accelerator() -> bool:
    return bool(torch.cuda.is_available())


def precision(recipe: Recipe) -> str:
    """What the recipe's `auto` means on this machine."""
    if recipe.precision != "auto":
        return recipe.precision
    return "bfloat16" if has_accelerator() and torch.cuda.is_bf16_supported() else "float32"


def weights_in(recipe: Recipe) -> torch.dtype:
    """The type the base is held in: trained weights need float32 beneath mixed precision, frozen ones don't."""
    if recipe.method == "full" or precision(recipe) == "float32":
        return torch.float32
    return torch.bfloat16 if precision(recipe) == "bfloat16" else torch.float16


def arguments(recipe: Recipe, plan: Plan, checkpoints: Path, *, seed: int, held_out: bool) -> TrainingArguments:
    """TRL's configuration for the recipe's objective."""
    shared = common(recipe, plan, checkpoints, seed=seed, held_out=held_out)
    if recipe.objective == "dpo":
        return preferring(recipe, shared)
    if recipe.objective == "kto":
        said = recipe.preferences
        liked = {"desirable_weight": said.liked_weight, "undesirable_weight": said.disliked_weight}
        return KTOConfig(**shared, beta=said.beta, **liked)
    # TRL counts a conversation's own words only; with `prompt` and `completion` these are the reply's
    return SFTConfig(**shared, assistant_only_loss=True, packing=recipe.batches.packing, eval_packing=False)


def preferring(recipe: Recipe, shared: dict[str, Any]) -> DPOConfig:
    """DPO, with plain learning of the chosen reply beside it."""
    said = recipe.preferences
    losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, said.sft_weight]} if said.sft_weight else {}
    return DPOConfig(**shared, beta=said.beta, **losses)


def common(recipe: Recipe, plan: Plan, checkpoints: Path, *, seed: int, held_out: bool) -> dict[str, Any]:
    """What all trainers share. Everything that decides the weights is named here, no default of a library's is left."""
    said, number = recipe.optimiser, precision(recipe)
    return {
        "output_dir": str(checkpoints),
        "max_steps": plan.steps,
        "per_device_train_batch_size": plan.at_once,
        "per_device_eval_batch_size": plan.at_once,
        "gradient_accumulation_steps": plan.accumulated,
        "learning_rate": said.rate,
        "lr_scheduler_type": SCHEDULES[said.schedule],
        "warmup_steps": plan.warmup,
        "weight_decay": said.weight_decay,
        "max_grad_norm": said.clip,
        "optim": OPTIMISERS[said.name],
        "neftune_noise_alpha": recipe.neftune or None,
        "max_length": recipe.batches.tokens,
        "bf16": number == "bfloat16",
        "fp16": number == "float16",
        "use_cpu": not has_accelerator(),
        "dataloader_pin_memory": has_accelerator(),
        "gradient_checkpointing": recipe.gradient_checkpointing and recipe.sharding == "none",
        "seed": seed,
        "data_seed": seed,
        **looking(plan, held_out=held_out),
        **sharding(recipe),
        "disable_tqdm": True,
        "report_to": ["wandb"] if "wandb" in recipe.watchers else [],
        "run_name": checkpoints.parent.name,
    }


def looking(plan: Plan, *, held_out: bool) -> dict[str, Any]:
    """A checkpoint at each look at the held-out lines, the best and the last of them kept."""
    every = {"save_strategy": "steps", "save_steps": plan.look_every, "save_total_limit": 2, "logging_steps": 1}
    if not held_out:
        return every
    return {
        **every,
        "eval_strategy": "steps",
        "eval_steps": plan.look_every,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "restore_callback_states_from_checkpoint": True,
    }


def sharding(recipe: Recipe) -> dict[str, Any]:
    """FSDP2 over the model's own layers; each process holds a part."""
    if recipe.sharding == "none":
        return {}
    said = {"version": 2, "state_dict_type": "FULL_STATE_DICT"}
    return {"fsdp": True, "fsdp_config": said | {"activation_checkpointing": recipe.gradient_checkpointing}}
