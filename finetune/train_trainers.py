"""TRL's trainers with what they leave out: checkpoints that a killed run goes on from exactly, and AdaLoRA's penalty.

The best checkpoint is not loaded back at the end, as transformers would: what is served is made from its files.
"""

from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from trl import DPOTrainer, KTOTrainer, SFTTrainer

from finetune import train_adalora
from finetune.recipe import Recipe
from finetune.train_sharding import Shards
from serving.shelf import WEIGHTS


class ResumesExactly:
    """Loads a LoRA's weights itself: with a second, frozen one beside it transformers would load that one only."""

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        weights = Path(resume_from_checkpoint) / WEIGHTS
        if not weights.exists():
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]  # the trainer's
            return
        peft_model = model or self.model  # type: ignore[attr-defined]
        set_peft_model_state_dict(peft_model, load_file(weights), adapter_name="default")

    def _load_best_model(self) -> None:
        """Nothing: the best checkpoint's files are what is kept."""


class Sft(Shards, ResumesExactly, SFTTrainer):  # type: ignore[misc]  # trl is untyped here
    """Learns replies."""


class Dpo(Shards, ResumesExactly, DPOTrainer):  # type: ignore[misc]
    """Learns from pairs."""


class Kto(Shards, ResumesExactly, KTOTrainer):  # type: ignore[misc]
    """Learns from thumbs."""


class AdaLoraSft(Sft):
    """Learns replies with ranks that move."""

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """TRL's loss and, while learning, the penalty; with accumulation each batch carries its share of it."""
        loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        if return_outputs or not self.model.training:
            return loss
        penalty = train_adalora.orthogonality(self.model)
        self._metrics["train"]["orthogonality"].append(penalty.item())
        weight = self.model.peft_config["default"].orth_reg_weight
        shares = self.current_gradient_accumulation_steps if num_items_in_batch is not None else 1
        return loss + weight * penalty / shares

    def _save(self, output_dir: str | None = None, state_dict: dict[str, torch.Tensor] | None = None) -> None:
        with train_adalora.whole_ranks(self.model):
            super()._save(output_dir, state_dict)
        if output_dir and self.args.should_save:
            train_adalora.save_state(self.model, Path(output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        with train_adalora.whole_ranks(self.model):
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        train_adalora.load_state(self.model, Path(resume_from_checkpoint))


def trainer_for(recipe: Recipe) -> Any:
    """The class that does what the recipe asks for."""
    if recipe.method == "adalora":
        return AdaLoraSft
    return {"sft": Sft, "dpo": Dpo, "kto": Kto}[recipe.objective]
