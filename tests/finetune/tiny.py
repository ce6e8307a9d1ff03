"""A model of 30,000 parameters and a data set of sixty lines: what a training test can afford on two busy cores."""

import json
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from finetune.cleaning import CleaningReport
from finetune.conversation import Conversation
from finetune.dataset import write_dataset
from finetune.line import Line
from finetune.recipe import Recipe
from finetune.recipe_file import read_recipe
from finetune.splitting import split
from personas import Persona
from serving.settings import UNDERSTUDY_FOLDER

MIRA = Persona(id="mira", name="Mira", who="Mira sells tea by the harbour.")
QUICK = ("batches.size=4", "batches.at_once=2", "batches.tokens=256", "epochs=2", "stopping.looks=4", "lora.rank=8")


def make_base(folder: Path, *, hidden: int = 16, layers: int = 2) -> Path:
    """A Llama with random weights and the understudy's tokeniser."""
    tokenizer = AutoTokenizer.from_pretrained(UNDERSTUDY_FOLDER)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_data(folder: Path, *, lines: int = 60) -> Path:
    """Short conversations that always end alike, so that a few steps teach something."""
    said = [
        Conversation((Line("Kim", f"Do you have tea number {n}?"),), f"Tea number {n}, warm as the harbour!", f"b{n}")
        for n in range(lines)
    ]
    write_dataset(folder, split(said), MIRA, "Mira", CleaningReport(kept=lines))
    return folder


def make_persona(file: Path) -> Path:
    """Mira in a file."""
    file.write_text("id: mira\nname: Mira\nwho: Mira sells tea by the harbour.\n")
    return file


def make_pairs(file: Path, *, rows: int = 30) -> Path:
    """Preferences: the tea is preferred to the shrug."""
    pairs = [
        {
            "prompt": [{"role": "user", "content": f"Do you have tea number {n}?"}],
            "chosen": f"Tea number {n}, warm as the harbour!",
            "rejected": "I do not know.",
        }
        for n in range(rows)
    ]
    file.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    return file


def make_thumbs(file: Path, *, rows: int = 30) -> Path:
    """Thumbs: up for tea, down for shrugs."""
    thumbs = [
        {
            "prompt": [{"role": "user", "content": f"Do you have tea number {n}?"}],
            "completion": f"Tea number {n}, warm as the harbour!" if n % 2 else "I do not know.",
            "label": bool(n % 2),
        }
        for n in range(rows)
    ]
    file.write_text("".join(json.dumps(thumb) + "\n" for thumb in thumbs))
    return file


def quick(name: str, base: Path, *changes: str) -> Recipe:
    """A shipped recipe, made small."""
    return read_recipe(name, changes=[f"base={json.dumps(str(base))}", *QUICK, *changes])
