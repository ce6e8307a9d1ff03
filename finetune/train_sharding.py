"""A model in parts, one on each process (FSDP2), on CPUs as on GPUs.

accelerate shards over GPUs only: on CPUs it takes the plugin, says nothing, and shares the batches. torch itself shards
over gloo as well, and what accelerate does afterwards depends on its state alone; so `shard_over_cpus` sets that.

What is not covered: each process reads the whole model before it keeps a part of it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin

from finetune.errors import TrainingRefused
from finetune.recipe import Recipe

OPTIMISERS = ("adamw", "sgd", "rmsprop")


def refuse_unshardable(recipe: Recipe, *, processes: int) -> None:
    """Raises `TrainingRefused` with a sentence for each reason for which a recipe's model can't be cut into parts."""
    if recipe.sharding == "fsdp" and (found := list(unshardable(recipe, processes))):
        raise TrainingRefused(" ".join(found))


def unshardable(recipe: Recipe, processes: int) -> Iterator[str]:
    """What ended in the middle of a step, or left the model whole (docs/log.md, 2026-11-29).

    Of bitsandbytes' optimisers one was tried; all of them step through operators that know no parts.
    """
    if processes < 2:
        yield "A model is cut into parts (sharding: fsdp) for several processes, and this is one. Set sharding: none."
    if recipe.method == "adalora":
        yield "AdaLoRA looks at whole matrices, so none can be cut (sharding: fsdp). Set sharding: none."
    if recipe.quantisation != "none":
        yield "A base in 4 bits is not cut (sharding: fsdp). Set sharding: none; each process holds all of it."
    if recipe.optimiser.name not in OPTIMISERS:
        yield f"{recipe.optimiser.name} can't step on parts (sharding: fsdp). Take one of {', '.join(OPTIMISERS)}."


class Shards:
    """A trainer whose accelerator shards wherever its arguments say so."""

    def create_accelerator_and_postprocess(self) -> None:
        super().create_accelerator_and_postprocess()  # type: ignore[misc]  # the trainer's
        trainer: Any = self
        if not (said := trainer.args.fsdp_plugin_args):
            return
        if trainer.accelerator.distributed_type == DistributedType.MULTI_CPU:
            shard_over_cpus(trainer.accelerator, FullyShardedDataParallelPlugin(**said))
            trainer.is_fsdp_enabled = True
        keep_losses_whole(trainer.accelerator.state.fsdp_plugin)


def shard_over_cpus(accelerator: Accelerator, plugin: FullyShardedDataParallelPlugin) -> None:
    """What accelerate's own state does for several GPUs (`AcceleratorState.__init__`), done for several CPUs."""
    if accelerator.mixed_precision != "no":
        plugin.set_mixed_precision(accelerator.mixed_precision)
    accelerator.state.fsdp_plugin = plugin
    accelerator.state.distributed_type = DistributedType.FSDP
    PartialState._shared_state["distributed_type"] = DistributedType.FSDP


def keep_losses_whole(plugin: FullyShardedDataParallelPlugin) -> None:
    """Only the weights are cast: accelerate would cast gradients' sums and the loss too, to 1/32 at 7.6 in bfloat16."""
    if plugin.mixed_precision_policy:
        plugin.mixed_precision_policy = replace(
            plugin.mixed_precision_policy, reduce_dtype=torch.float32, output_dtype=None
        )
