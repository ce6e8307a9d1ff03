"""A base held in 4 bits while a LoRA is taught on it (QLoRA, Dettmers et al. 2023), on a GPU or on a CPU.

On a CPU it is a rehearsal: neither quicker nor smaller (docs/log.md, 2026-11-29). The only file that knows what
bitsandbytes does there.
"""

from typing import Any

from transformers import BitsAndBytesConfig

from finetune.recipe import Recipe
from finetune.train_arguments import has_accelerator, weights_in
from finetune.train_processes import processes


def in_four_bits(recipe: Recipe) -> dict[str, Any]:
    """NormalFloat with doubly quantised constants, on this process's own device."""
    bits = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=weights_in(recipe),
    )
    return {
        "quantization_config": bits,
        "device_map": {"": processes().local_process_index if has_accelerator() else "cpu"},
    }


def keep_differentiable(model: Any) -> None:
    """Keeps bitsandbytes (0.50) from packing weights at the first look at held-out lines, where a CPU has AVX512-BF16.

    The packed product has no gradient, and only writing a checkpoint unpacks them, which a second process never does:
    its first layer's gradient had a cosine of .29 to the right one, and only a warning said so.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
