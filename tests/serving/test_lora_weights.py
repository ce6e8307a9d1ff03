"""A LoRA whose weights don't fit each other, its settings or its base is refused, by the name of the tensor."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from serving import lora_check
from serving.base_shape import LIKE_LLAMA, shape_in
from tests.serving.tiny import make_lora

Q, V = (f"base_model.model.model.layers.0.self_attn.{name}_proj" for name in "qv")
Weights = dict[str, torch.Tensor]


def rewritten(folder: Path, change: Callable[[Weights], Weights]) -> Path:
    """A LoRA with other weights under the same settings."""
    path = folder / "adapter_model.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in change(load(path.read_bytes())).items()}, path)
    return folder


def renamed(old: str, new: str) -> Callable[[Weights], Weights]:
    return lambda weights: {name.replace(old, new): tensor for name, tensor in weights.items()}


def reshaped(name: str, *shape: int) -> Callable[[Weights], Weights]:
    return lambda weights: {**weights, name: torch.zeros(shape)}


def without(name: str) -> Callable[[Weights], Weights]:
    return lambda weights: {key: tensor for key, tensor in weights.items() if key != name}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (renamed("q_proj", "c_attn"), "c_attn.lora_A.weight (and 3 more) is of a module that the base lacks"),
        (renamed("layers.1", "layers.99"), "is of a layer that the base lacks: it has 2"),
        (renamed("model.layers", "language_model.layers"), "is of a module that the base lacks"),
        (without(f"{Q}.lora_B.weight"), f"{Q}.lora_A.weight stands without {Q}.lora_B.weight"),
        (reshaped(f"{Q}.lora_B.weight", 999, 8), f"{Q}.lora_B.weight is 999 wide, the base 64"),
        (reshaped(f"{V}.lora_B.weight", 64, 8), f"{V}.lora_B.weight is 64 wide, the base 32"),
        (reshaped(f"{Q}.lora_B.weight", 64), "has the shape [64], not two sides"),
        (
            renamed("lora_A.weight", "lora_A.default.weight"),
            "lora_A.default.weight (and 13 more), which is no LoRA weight",
        ),
        (without(f"{Q}.nothing"), ""),
    ],
)
def test_weights_that_do_not_fit_the_base_are_refused_by_name(
    tiny_model: Path, tmp_path: Path, change: Callable[[Weights], Weights], says: str
) -> None:
    folder = rewritten(make_lora(tmp_path / "lora", base=tiny_model, seed=1), change)

    told = " ".join(lora_check.check(folder, base=tiny_model, max_rank=16))

    assert says in told
    assert bool(told) == bool(says)


def test_weights_of_another_rank_than_the_settings_say_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    folder = make_lora(tmp_path / "lora", base=tiny_model, seed=1, rank=64, r=8)

    (trouble,) = lora_check.check(folder, max_rank=16)

    assert "lora_A.weight (and 27 more) has rank 64, and adapter_config.json says 8" in trouble


def test_a_pair_of_two_ranks_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    folder = rewritten(make_lora(tmp_path / "lora", base=tiny_model, seed=1), reshaped(f"{Q}.lora_B.weight", 64, 4))

    troubles = lora_check.check(folder)

    assert f"{Q}.lora_A.weight has rank 8 and {Q}.lora_B.weight 4." in troubles[0]


@pytest.mark.parametrize("pattern", ["q_proj", "layers.0.self_attn.q_proj", r"model\.layers\.\d+\.self_attn\.q_proj"])
def test_a_module_with_a_rank_of_its_own_is_served(tiny_model: Path, tmp_path: Path, pattern: str) -> None:
    folder = make_lora(tmp_path / "lora", base=tiny_model, seed=1, rank_pattern={pattern: 4})
    ours = [name for name in load((folder / "adapter_model.safetensors").read_bytes()) if "q_proj" in name]
    mine = [name for name in ours if "layers.0" in name or "layers.0" not in pattern]
    for name in mine:
        shape = (4, 64) if "lora_A" in name else (64, 4)
        rewritten(folder, reshaped(name, *shape))

    assert lora_check.check(folder, base=tiny_model, max_rank=16) == ()


def test_embeddings_and_the_head_are_served_where_vllm_serves_them(tiny_model: Path, tmp_path: Path) -> None:
    words = json.loads((tiny_model / "config.json").read_text())["vocab_size"]
    more = {
        "base_model.model.model.embed_tokens.lora_embedding_A": torch.zeros(8, words),
        "base_model.model.model.embed_tokens.lora_embedding_B": torch.zeros(64, 8),
        "base_model.model.model.embed_tokens.base_layer.weight": torch.zeros(words, 64),
        "base_model.model.lm_head.lora_A.weight": torch.zeros(8, 64),
        "base_model.model.lm_head.lora_B.weight": torch.zeros(words, 8),
    }
    folder = rewritten(make_lora(tmp_path / "lora", base=tiny_model, seed=1), lambda weights: {**weights, **more})

    assert lora_check.check(folder, base=tiny_model, max_rank=16) == ()


def test_of_a_base_of_another_build_no_sizes_are_asked(tiny_model: Path, tmp_path: Path) -> None:
    folder = make_lora(tmp_path / "lora", base=tiny_model, seed=1)
    experts = "base_model.model.model.layers.0.mlp.experts"
    more = {f"{experts}.lora_A.weight": torch.zeros(32, 64), f"{experts}.lora_B.weight": torch.zeros(64, 32)}
    rewritten(folder, lambda weights: {**weights, **more})
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(json.dumps({"model_type": "qwen3_moe", "hidden_size": 4096}))

    told = lora_check.check(folder, base=tmp_path / "tiny", max_rank=16)

    assert not any("wide" in trouble or "rank" in trouble or "lacks" in trouble for trouble in told)


@pytest.mark.parametrize("kind", sorted(LIKE_LLAMA))
def test_the_sizes_are_those_of_transformers_own_model(kind: str) -> None:
    said: dict[str, Any] = {
        **{"hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2, "vocab_size": 96},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "pad_token_id": 0},
    }
    config = AutoConfig.for_model(kind, **said)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    linear = {
        name: (module.in_features, module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }

    shape = shape_in(config.to_dict())

    assert shape
    assert {name: size for name, size in shape.sizes.items() if name in linear} == {
        name: size for name, size in linear.items() if name != "lm_head" or name in shape.sizes
    }
    assert shape.sizes.keys() - linear.keys() <= {"model.embed_tokens"}


@pytest.mark.parametrize("left_out", ["num_key_value_heads", "head_dim", "intermediate_size", "num_hidden_layers"])
def test_a_number_that_can_not_be_told_from_the_others_is_not_guessed(left_out: str) -> None:
    said = {
        **{"model_type": "qwen3", "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16},
    }

    assert shape_in(said)
    assert shape_in({key: value for key, value in said.items() if key != left_out}) is None


@pytest.mark.parametrize(
    ("made_for", "base", "same"),
    [
        ("models/base", "/models/base", True),
        ("/home/kim/house/models/base", "/models/base", True),
        ("Qwen/Qwen3-8B", "/srv/models/Qwen3-8B", True),
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B", True),
        ("/somewhere/else/qwen/base", "/models/base", False),
        ("Qwen/Qwen3-8B", "somebody/Qwen3-8B", False),
        ("somebody/other-7b", "/models/base", False),
    ],
)
def test_two_names_are_of_one_base_when_they_end_alike(made_for: str, base: str, same: bool) -> None:
    assert lora_check.same_model(made_for, base) is same


def test_two_folders_are_one_base_when_they_hold_the_same(tmp_path: Path) -> None:
    for name, words in {"a/base": b"one", "b/base": b"one", "c/base": b"two"}.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "model.safetensors").write_bytes(words)

    a, b, c = (str(tmp_path / name / "base") for name in "abc")

    assert lora_check.same_model(a, b)
    assert not lora_check.same_model(a, c)
