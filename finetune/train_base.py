"""The model that is taught: found, hashed, and asked whether its chat template can tell the persona's words apart."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from transformers import AutoConfig, AutoTokenizer
from trl.chat_template_utils import (
    get_training_chat_template,
    has_generation_markers,
    is_chat_template_stop_token_trained,
)

from finetune.errors import TrainingRefused
from finetune.recipe import Recipe
from serving.settings import UNDERSTUDY_FOLDER

BLOCK = 1 << 20
HASHED = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "*.safetensors", "*.bin")


@dataclass(frozen=True)
class Base:
    """A model by its name, its configuration and tokeniser; the weights are not loaded yet."""

    name: str
    hash: str
    config: Any
    tokenizer: Any

    def count(self, messages: Sequence[Mapping[str, str]]) -> int:
        """The length of a whole conversation in tokens."""
        return len(self.tokenizer.apply_chat_template(list(messages))["input_ids"])


def open_base(recipe: Recipe) -> Base:
    """The recipe's base. Raises `TrainingRefused` if it isn't there or can't be taught conversations."""
    name = recipe.base or str(UNDERSTUDY_FOLDER)
    checked(name)
    try:
        config, tokenizer = AutoConfig.from_pretrained(name), AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError) as exc:
        reason = str(exc).strip().splitlines()[0]
        raise TrainingRefused(f"The base {name} can't be read: {reason} Name a model's folder with --base.") from exc
    if recipe.chat_template:
        tokenizer.chat_template = template_in(Path(recipe.chat_template))
    refuse_template(tokenizer, name, own_words=recipe.objective == "sft")
    return Base(name, base_hash(name, config), config, tokenizer)


def checked(name: str) -> None:
    """A path that isn't there, or holds no model, is told before transformers goes looking on the hub for it."""
    path = Path(name).expanduser()
    if not path.exists() and (path.is_absolute() or name.count("/") != 1):
        raise TrainingRefused(f"There is no model folder {name}. Name another with --base.")
    if path.exists() and not (path / "config.json").is_file():
        raise TrainingRefused(f"{name} holds no model: it has no config.json. Name another with --base.")


def template_in(file: Path) -> str:
    """The chat template in a recipe's file."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise TrainingRefused(f"The chat template {file} can't be read: {exc}.") from exc


def refuse_template(tokenizer: Any, name: str, *, own_words: bool) -> None:
    """A template must exist; to learn replies it must also mark them, with the token that ends them inside."""
    if not tokenizer.chat_template:
        raise TrainingRefused(f"{name} has no chat template. Give one with `chat_template: FILE` in the recipe.")
    if not own_words:
        return
    marked = "Mark the persona's words in a copy of it, with the end-of-turn token between {% generation %} and "
    remedy = f"{marked}{{% endgeneration %}}, and name it with `chat_template: FILE` in the recipe."
    try:
        template = None if has_generation_markers(tokenizer.chat_template) else get_training_chat_template(tokenizer)
        stops = is_chat_template_stop_token_trained(tokenizer, chat_template=template)
    except ValueError as exc:
        raise TrainingRefused(f"The chat template of {name} does not say which words are whose. {remedy}") from exc
    except jinja2.TemplateError as exc:
        raise TrainingRefused(f"The chat template of {name} is wrong: {exc}.") from exc
    if not stops:
        raise TrainingRefused(f"With the chat template of {name} a model would never learn to stop. {remedy}")


def base_hash(name: str, config: Any) -> str:
    """SHA-256 over a folder's weights, configuration and tokeniser; for a hub's model, its commit."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return str(getattr(config, "_commit_hash", None) or "unknown")
    hashed = hashlib.sha256()
    for file in sorted({file for pattern in HASHED for file in folder.glob(pattern)}):
        hashed.update(file.name.encode())
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                hashed.update(block)
    return hashed.hexdigest()
