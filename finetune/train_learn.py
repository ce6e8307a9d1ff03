"""The steps themselves: the model loaded, TRL's trainer made for the recipe, gone on with where a kill stopped it."""

import resource
import time
from collections.abc import Sequence
from typing import Any

import peft
import torch
import transformers
from datasets import Dataset, disable_progress_bars
from rich.console import Console
from transformers import (
    AutoModelForCausalLM,
    EarlyStoppingCallback,
    PrinterCallback,
    TrainerCallback,
)
from transformers.integrations import TensorBoardCallback

from finetune.recipe import Recipe
from finetune.train_adalora import Allocation
from finetune.train_arguments import arguments, weights_in
from finetune.train_folder import RunFolder, state_of
from finetune.train_four_bits import in_four_bits, keep_differentiable
from finetune.train_lora import peft_config
from finetune.train_memory import on
from finetune.train_prepare import Prepared
from finetune.train_processes import processes
from finetune.train_progress import Watching
from finetune.train_record import RunRecord
from finetune.train_trainers import trainer_for


def learn(
    prepared: Prepared, folder: RunFolder, record: RunRecord, console: Console, callbacks: Sequence[TrainerCallback]
) -> RunRecord:
    """All steps that are left; the record with what they took."""
    quietly()
    trainer = make_trainer(prepared, folder, [Watching(record, console), *callbacks])
    last = folder.last_checkpoint()
    if last:
        console.print(f"Going on from step {state_of(last)['global_step']}", highlight=False)
        trainer._total_train_tokens = tokens_so_far(state_of(last))
    began = time.monotonic()
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    return record.model_copy(update={"seconds": time.monotonic() - began, "peak_memory": peak_memory()})


def quietly() -> None:
    """The libraries' own bars and advice would be written over ours."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    disable_progress_bars()


def make_trainer(prepared: Prepared, folder: RunFolder, callbacks: Sequence[TrainerCallback]) -> Any:
    """TRL's trainer for the recipe, with the model loaded and the LoRA in it."""
    recipe, material = prepared.recipe, prepared.material
    kept = [*callbacks, *watchers(recipe, folder)]
    if recipe.method == "adalora":
        kept.append(Allocation())
    if material.held_out and recipe.stopping.patience:
        kept.append(EarlyStoppingCallback(recipe.stopping.patience))
    adapter = None if prepared.began_with else peft_config(recipe, steps=prepared.plan.steps)
    trainer = trainer_for(recipe)(
        model=load_model(prepared),
        args=arguments(recipe, prepared.plan, folder.checkpoints, seed=prepared.seed, held_out=bool(material.held_out)),
        train_dataset=Dataset.from_list(list(material.learnt)),
        eval_dataset=Dataset.from_list(list(material.held_out)) if material.held_out else None,
        processing_class=prepared.base.tokenizer,
        peft_config=adapter,
        callbacks=kept,
    )
    trainer.remove_callback(PrinterCallback)  # `Watching` tells the same in words
    return trainer


def load_model(prepared: Prepared) -> Any:
    """The base, with the LoRA it goes on from if there is one."""
    name, recipe = prepared.base.name, prepared.recipe
    bits = in_four_bits(recipe) if recipe.quantisation == "nf4" else {}
    model = AutoModelForCausalLM.from_pretrained(name, dtype=weights_in(recipe), attn_implementation="sdpa", **bits)
    keep_differentiable(model)
    if prepared.began_with is None:
        return model
    return peft.PeftModel.from_pretrained(model, prepared.began_with, is_trainable=True)


def watchers(recipe: Recipe, folder: RunFolder) -> list[TrainerCallback]:
    """TensorBoard writes into the run's folder; Weights & Biases goes by its own environment."""
    if "tensorboard" not in recipe.watchers or not processes().is_main_process:
        return []
    from torch.utils.tensorboard import SummaryWriter

    return [TensorBoardCallback(SummaryWriter(str(folder.root / "tensorboard")))]


def tokens_so_far(state: dict[str, Any]) -> int:
    """Tokens that went through the model up to a checkpoint."""
    return int(max((row.get("num_tokens", 0) for row in state.get("log_history", [])), default=0))


def peak_memory() -> int:
    """Bytes: of the GPU, or of this process."""
    if on() == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
