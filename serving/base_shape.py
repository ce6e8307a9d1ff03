"""Which linear layers a base has and how wide they are, from its config.json alone.

What is not covered: architectures of another build than Llama's (mixtures of experts, vision, state spaces); of those
nothing is said, and the server itself has the last word.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIKE_LLAMA = frozenset({"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "granite"})
HEADS_OF_THEIR_OWN = frozenset({"qwen3", "gemma", "gemma2"})  # where head_dim is not hidden_size / heads by default
WITH_EMBEDDINGS = frozenset({"llama", "qwen3", "granite"})  # vLLM 0.32 takes LoRAs of embeddings for these


@dataclass(frozen=True, slots=True)
class BaseShape:
    """Inputs and outputs of each module that a LoRA may change, by its full name, as `model.layers.0.mlp.up_proj`."""

    layers: int
    sizes: Mapping[str, tuple[int, int]]


def shape_of(base: Path | str | None) -> BaseShape | None:
    """Of a base that lies in a folder and is of Llama's build, else None. Raises ValueError for what is no JSON."""
    path = Path(base) / "config.json" if base else None
    if path is None or not path.is_file():
        return None
    config = json.loads(path.read_text(encoding="utf-8"))
    return shape_in(config) if isinstance(config, dict) and config.get("model_type") in LIKE_LLAMA else None


def shape_in(config: Mapping[str, Any]) -> BaseShape | None:
    """None where the file leaves out a number that can't be told from the others."""
    kind = config["model_type"]
    try:
        hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        inner, layers = int(config["intermediate_size"]), int(config["num_hidden_layers"])
        narrow = int(config.get("num_key_value_heads") or {"llama": heads}[kind])
        each = int(config.get("head_dim") or hidden // heads)
    except (LookupError, TypeError, ValueError, ZeroDivisionError):
        return None
    if kind in HEADS_OF_THEIR_OWN and not config.get("head_dim"):
        return None
    sizes = linear_sizes(hidden=hidden, queries=heads * each, keys=narrow * each, inner=inner, layers=layers)
    words = config.get("vocab_size")
    if kind in WITH_EMBEDDINGS and isinstance(words, int):
        sizes |= {"model.embed_tokens": (words, hidden), "lm_head": (hidden, words)}
    return BaseShape(layers, sizes)


def linear_sizes(*, hidden: int, queries: int, keys: int, inner: int, layers: int) -> dict[str, tuple[int, int]]:
    """Every layer's attention and MLP; `queries` and `keys` are the widths of all heads together."""
    of_one = {
        **{f"self_attn.{name}": (hidden, keys) for name in ("k_proj", "v_proj")},
        **{"self_attn.q_proj": (hidden, queries), "self_attn.o_proj": (queries, hidden)},
        **{f"mlp.{name}": (hidden, inner) for name in ("gate_proj", "up_proj")},
        "mlp.down_proj": (inner, hidden),
    }
    return {f"model.layers.{n}.{name}": size for n in range(layers) for name, size in of_one.items()}
