"""A model's folder, loaded and checked; and a prompt's messages turned into the tokens it was trained on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jinja2
import safetensors
import torch
import transformers

from serving.chat import LIVELY, ChatMessage
from serving.errors import EngineMissing, EngineRefused
from serving.local_engine.folder import REMEDY

BREAK = "\u200b"  # a space without width: the words look the same, and are no control token any more


@dataclass(frozen=True)
class Network:
    """A model ready to be run, with its tokeniser and what both agree on.

    `ends` are the tokens that end a reply; `never` those no reply may hold (the frame of a chat template);
    `temperature` is what its maker sampled it with, and what holds where nobody says another.
    """

    model: Any
    tokenizer: Any
    window: int
    ends: frozenset[int]
    never: torch.Tensor
    controls: tuple[str, ...]
    temperature: float

    def tokens(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The prompt in tokens, ending where the reply begins. What people said is never read as a control token."""
        told = [{"role": message.role, "content": self.harmless(message.content)} for message in messages]
        try:
            text = self.tokenizer.apply_chat_template(told, add_generation_prompt=True, tokenize=False)
        except jinja2.TemplateError as exc:
            raise EngineRefused(f"The model's chat template refuses this prompt: {exc}") from exc
        tokens: list[int] = self.tokenizer.encode(text, add_special_tokens=False)
        return tokens

    def harmless(self, words: str) -> str:
        """The words with every control token in them broken by a space without width."""
        for control in self.controls:
            if control in words:
                words = words.replace(control, control[0] + BREAK + control[1:])
        return words

    def text(self, tokens: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


def load(folder: str, *, device: str) -> Network:
    """A folder, or a model's name on the hub where one can be reached."""
    transformers.utils.logging.disable_progress_bar()
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        with without_scikit_learn():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa")
    except (OSError, ValueError, KeyError, RuntimeError, safetensors.SafetensorError) as exc:
        raise EngineMissing(f"The model in {folder} can't be loaded: {first_line(exc)}. {REMEDY}") from exc
    if not tokenizer.chat_template:
        raise EngineMissing(f"The model in {folder} has no chat template, so it can't hold a conversation. {REMEDY}")
    if looks_back_only_so_far(model.config):
        raise EngineRefused(f"The model in {folder} has an attention that only vLLM serves. Use: greenroom serve")
    return assembled(model.eval().requires_grad_(False).to(device), tokenizer)


@contextmanager
def without_scikit_learn() -> Iterator[None]:
    """transformers imports it for assisted generation, which nobody here wants: three of the start's twelve seconds."""
    installed = transformers.utils.is_sklearn_available
    transformers.utils.is_sklearn_available = lambda: False
    try:
        yield
    finally:
        transformers.utils.is_sklearn_available = installed


def assembled(model: Any, tokenizer: Any) -> Network:
    """The network with the tokens that end a reply, and those that none may hold, looked up once."""
    ends = ends_of(model, tokenizer)
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return Network(
        model=model,
        tokenizer=tokenizer,
        window=model.config.get_text_config().max_position_embeddings,
        ends=ends,
        never=torch.tensor(sorted(special - ends), dtype=torch.long, device=model.device),
        controls=tuple(token.content for token in tokenizer.added_tokens_decoder.values() if is_control(token)),
        temperature=LIVELY if model.generation_config.temperature is None else model.generation_config.temperature,
    )


def ends_of(model: Any, tokenizer: Any) -> frozenset[int]:
    """Every token that one of the model's files calls an end."""
    named = model.generation_config.eos_token_id
    several = named if isinstance(named, list) else [named]
    return frozenset(number for number in (*several, tokenizer.eos_token_id) if number is not None)


def is_control(token: Any) -> bool:
    """Special tokens, and others that are written as tags (Qwen's <tool_call> is not marked as special)."""
    return len(token.content) > 1 and (token.special or token.content.startswith("<"))


def looks_back_only_so_far(config: Any) -> bool:
    """True for sliding windows and recurrent layers: their past can't be kept in slots of whole positions."""
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return any(kind != "full_attention" for kind in kinds)
    return bool(getattr(config, "sliding_window", None)) and bool(getattr(config, "use_sliding_window", True))


def first_line(exc: BaseException) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0].rstrip(".")
