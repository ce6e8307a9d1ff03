"""The understudy's shape: a stock Llama, small enough for a CPU, that every server and trainer loads unchanged."""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, LlamaConfig, LlamaForCausalLM

SIZES = {
    "3m": {"hidden_size": 192, "num_hidden_layers": 6, "num_attention_heads": 3, "intermediate_size": 512},
    "11m": {"hidden_size": 320, "num_hidden_layers": 8, "num_attention_heads": 5, "intermediate_size": 864},
}


def new(size: str, *, vocabulary: int, window: int, ids: dict[str, int], seed: int) -> LlamaForCausalLM:
    """A fresh model, its weights drawn with 0.02; `ids` holds the token ids `pad`, `bos` and `end`."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            **SIZES[size],
            vocab_size=vocabulary,
            max_position_embeddings=window,
            tie_word_embeddings=True,
            pad_token_id=ids["pad"],
            bos_token_id=ids["bos"],
            eos_token_id=ids["end"],
            attn_implementation="sdpa",
        )
    )


def deepened(model: LlamaForCausalLM, layers: int) -> LlamaForCausalLM:
    """A model of so many layers that says the same until it is trained: its own, some of them doubled.

    A doubled layer adds nothing at first, its two outputs being zero (Wu et al., "LLaMA Pro", 2024). Fewer layers than
    there are is a ValueError.
    """
    old = model.config.num_hidden_layers
    if layers < old:
        raise ValueError(f"The model has {old} layers; it can be given more, not {layers}.")
    config = deepcopy(model.config)
    config.num_hidden_layers = layers
    grown, weights = LlamaForCausalLM(config), model.state_dict()
    origin = [at * old // layers for at in range(layers)]
    for at, layer in enumerate(grown.model.layers):
        prefix = f"model.layers.{origin[at]}."
        layer.load_state_dict({k.removeprefix(prefix): w for k, w in weights.items() if k.startswith(prefix)})
        if at and origin[at] == origin[at - 1]:
            nn.init.zeros_(layer.self_attn.o_proj.weight)
            nn.init.zeros_(layer.mlp.down_proj.weight)
    grown.load_state_dict({k: w for k, w in weights.items() if ".layers." not in k}, strict=False)
    return grown


def causal(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float,
    **_: Any,
) -> tuple[Tensor, None]:
    """Causal attention written out, (documents, heads, length, width); for training only: padding stands at the end.

    On a CPU in bfloat16 forward and backward take half the time of PyTorch's fused kernel (docs/log.md).
    """
    size = query.shape[-2]
    ahead = torch.full((size, size), -torch.inf, dtype=query.dtype).triu(1)
    flat = query.flatten(0, 1), key.flatten(0, 1), value.flatten(0, 1)
    scores = torch.baddbmm(ahead.expand(len(flat[0]), -1, -1), flat[0], flat[1].transpose(1, 2), alpha=scaling)
    return torch.bmm(scores.softmax(-1), flat[2]).view_as(query).transpose(1, 2), None


def for_training(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """The model with attention written out."""
    AttentionInterface.register("causal", causal)
    model.set_attn_implementation("causal")
    return model.train()
