"""A language model of random weights and its LoRAs, made in a second: enough to test everything but the wisdom."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message.role not in ['system', 'user', 'assistant'] %}{{ raise_exception('no such role') }}{% endif %}"
    "<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIALS = ["<|pad|>", "<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
TEXT = "hello there my name is mira the idol of the harbour you asked about rain cats tea 你好 世界 🎉🎉"
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def make_model(folder: Path, *, seed: int = 7, window: int = 512, hidden: int = 64, layers: int = 2) -> Path:
    """A small Llama with a byte-level tokeniser and a chat template; talkative unless dice are thrown."""
    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=window,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.3,  # wide, or every prompt would lead to the same word
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    # the likeliest word is never the end, so a greedy reply goes on until it is told to stop
    torch.nn.init.zeros_(model.lm_head.weight[tokenizer.eos_token_id])
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_tokenizer() -> Any:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        [TEXT] * 2, trainers.BpeTrainer(vocab_size=320, special_tokens=SPECIALS, initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token="<|pad|>",
        bos_token="<|bos|>",
        eos_token="<|end|>",
        extra_special_tokens=["<|system|>", "<|user|>", "<|assistant|>"],
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_lora(folder: Path, *, base: Path, seed: int, rank: int = 8, strength: float = 0.3, **config: Any) -> Path:
    """A LoRA of random weights for `base`, as peft would write it, strong enough to change every reply."""
    shape = json.loads((base / "config.json").read_text())
    dice = torch.Generator().manual_seed(seed)
    weights = {}
    for layer in range(shape["num_hidden_layers"]):
        for module in MODULES:
            inputs, outputs = size_of(module, shape)
            part = "self_attn" if module[0] in "qkvo" else "mlp"
            name = f"base_model.model.model.layers.{layer}.{part}.{module}"
            weights[f"{name}.lora_A.weight"] = torch.randn(rank, inputs, generator=dice) * strength
            weights[f"{name}.lora_B.weight"] = torch.randn(outputs, rank, generator=dice) * strength / rank
    folder.mkdir(parents=True)
    save_file(weights, folder / "adapter_model.safetensors")
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": str(base),
        "r": rank,
        "lora_alpha": 2 * rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": list(MODULES),
        **config,
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return folder


def size_of(module: str, shape: dict[str, Any]) -> tuple[int, int]:
    """Inputs and outputs of one of Llama's linear layers."""
    hidden, inner = shape["hidden_size"], shape["intermediate_size"]
    narrow = hidden // shape["num_attention_heads"] * shape["num_key_value_heads"]
    return {
        "k_proj": (hidden, narrow),
        "v_proj": (hidden, narrow),
        "gate_proj": (hidden, inner),
        "up_proj": (hidden, inner),
        "down_proj": (inner, hidden),
    }.get(module, (hidden, hidden))
