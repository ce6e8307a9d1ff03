"""A base model that wears one of many LoRAs: measures what it finds likely, and lets it speak.

Rows are tokenised as TRL does it (the loss is on the completion, the end of turn included), so that a figure here is a
figure of the trainer's. What is not covered: rows longer than the window; `fits` tells them apart.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.errors import EvaluationRefused
from finetune.train_base import base_hash
from serving import lora_check

Row = Mapping[str, Any]
Messages = Sequence[Mapping[str, str]]
BATCH_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Of each row's completion: its negative log-likelihood in nats, and its number of tokens."""

    nats: NDArray[np.float64]
    tokens: NDArray[np.float64]

    @property
    def per_token(self) -> float:
        """All nats over all tokens, as the trainer's loss is when a batch is all rows."""
        return float(self.nats.sum() / self.tokens.sum())

    @property
    def each(self) -> NDArray[np.float64]:
        """Nats per token of each row."""
        return self.nats / self.tokens


@dataclass(frozen=True, slots=True)
class Speech:
    """How replies are drawn. At temperature 0 the likeliest token is taken."""

    temperature: float = 0.7
    top_p: float = 0.9
    repetition_penalty: float = 1.1
    max_tokens: int = 48
    seed: int = 0

    def seeded(self, take: int) -> "Speech":
        """The same, with the dice of another take."""
        return replace(self, seed=1000 * self.seed + take)


class Dresser:
    """`base` is a folder or a name on the hub. `None` as a LoRA's name is the base in its own clothes."""

    def __init__(self, base: Path | str, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        self.base = str(base)
        try:
            self.tokeniser = AutoTokenizer.from_pretrained(self.base)
            self._model: Any = AutoModelForCausalLM.from_pretrained(self.base, dtype=dtype).to(device).eval()
        except (OSError, ValueError) as exc:
            raise EvaluationRefused(f"The base {self.base} can't be loaded: {str(exc).splitlines()[0]}") from exc
        self.tokeniser.padding_side = "left"
        self.base_hash = base_hash(self.base, self._model.config)
        self._device = device
        self._worn: set[str] = set()

    @property
    def window(self) -> int:
        """Tokens the model can read."""
        return int(self._model.config.max_position_embeddings)

    @property
    def loras(self) -> frozenset[str]:
        return frozenset(self._worn)

    def add(self, name: str, folder: Path) -> None:
        """Hangs a LoRA beside the others. Raises `EvaluationRefused` for one that no server would take either."""
        if troubles := lora_check.check(folder):
            raise EvaluationRefused(f"{folder} can't be evaluated. {' '.join(troubles)}")
        try:
            if not self._worn:
                self._model = PeftModel.from_pretrained(self._model, folder, adapter_name=name).eval()
            else:
                self._model.load_adapter(folder, adapter_name=name)
        except (ValueError, RuntimeError, KeyError) as exc:
            raise EvaluationRefused(f"{folder} does not fit the base {self.base}: {str(exc)[:200]}") from exc
        self._worn.add(name)

    def load_weights(self, weights: Mapping[str, torch.Tensor]) -> tuple[list[str], list[str]]:
        """Other weights for the base; returns the names that were missing and those that don't belong."""
        found = self._model.load_state_dict(weights, strict=False)
        return list(found.missing_keys), list(found.unexpected_keys)

    def fits(self, row: Row) -> bool:
        """Whether prompt and completion together fit the window."""
        return len(self._tokens(row)[0]) <= self.window

    def likelihood(
        self, rows: Sequence[Row], lora: str | None = None, *, progress: Callable[[int], None] = lambda n: None
    ) -> Likelihood:
        """Of each row's completion, given its prompt, in float32."""
        tokenised = [self._tokens(row) for row in rows]
        nats, tokens = np.zeros(len(rows)), np.zeros(len(rows))
        with self._wearing(lora), torch.inference_mode():
            for batch in batches([len(ids) for ids, _ in tokenised], BATCH_TOKENS):
                found, counted = self._batch_nats([tokenised[row] for row in batch])
                nats[batch], tokens[batch] = found, counted
                progress(len(batch))
        return Likelihood(nats, tokens)

    def ids(self, row: Row) -> list[int]:
        """Prompt and completion as tokens."""
        return self._tokens(row)[0]

    def logits(self, row: Row, lora: str | None = None) -> torch.Tensor:
        """(tokens, vocabulary): what the model expects after each token of prompt and completion."""
        ids, _ = self._tokens(row)
        with self._wearing(lora), torch.inference_mode():
            found: torch.Tensor = self._model(torch.tensor([ids], device=self._device)).logits[0].float()
        return found

    def say(
        self,
        prompts: Sequence[Messages],
        lora: str | None = None,
        *,
        speech: Speech = Speech(),
        progress: Callable[[int], None] = lambda n: None,
    ) -> list[str]:
        """One reply a prompt; the same seed gives the same replies on the same machine."""
        torch.manual_seed(speech.seed)
        replies = dict[int, str]()
        rendered = [self._prompt_ids(prompt)[-(self.window - speech.max_tokens) :] for prompt in prompts]
        with self._wearing(lora), torch.inference_mode():
            for batch in batches([len(ids) + speech.max_tokens for ids in rendered], 2 * BATCH_TOKENS):
                replies |= zip(batch, self._batch_replies([rendered[n] for n in batch], speech), strict=True)
                progress(len(batch))
        return [replies[n] for n in range(len(prompts))]

    def _wearing(self, lora: str | None) -> AbstractContextManager[None]:
        return wearing(self._model, lora) if self._worn else nullcontext()

    def _prompt_ids(self, prompt: Messages) -> list[int]:
        rendered = self.tokeniser.apply_chat_template(list(prompt), add_generation_prompt=True, return_dict=True)
        return list(rendered["input_ids"])

    def _tokens(self, row: Row) -> tuple[list[int], int]:
        """Prompt and completion as tokens, and where the completion begins."""
        prompt = self._prompt_ids(row["prompt"])
        whole = self.tokeniser.apply_chat_template([*row["prompt"], *row["completion"]], return_dict=True)["input_ids"]
        return list(whole), common_beginning(prompt, whole)

    def _batch_nats(self, rows: Sequence[tuple[list[int], int]]) -> tuple[list[float], list[int]]:
        longest = max(len(ids) for ids, _ in rows)
        # padded on the right, so that positions are the trainer's
        ids = torch.zeros((len(rows), longest), dtype=torch.long)
        counted = torch.zeros((len(rows), longest), dtype=torch.bool)
        for place, (tokens, begins) in enumerate(rows):
            ids[place, : len(tokens)] = torch.tensor(tokens)
            counted[place, begins : len(tokens)] = True
        lengths = torch.tensor([len(tokens) for tokens, _ in rows])
        attention = (torch.arange(longest)[None] < lengths[:, None]).long()
        logits = self._model(ids.to(self._device), attention_mask=attention.to(self._device)).logits.float()
        losses = torch.nn.functional.cross_entropy(
            logits[:, :-1].transpose(1, 2), ids[:, 1:].to(self._device), reduction="none"
        ).cpu()
        kept = counted[:, 1:]
        return (losses * kept).double().sum(1).tolist(), kept.sum(1).tolist()

    def _batch_replies(self, prompts: Sequence[list[int]], speech: Speech) -> list[str]:
        filled = self.tokeniser.pad({"input_ids": list(prompts)}, return_tensors="pt").to(self._device)
        sampling = {"do_sample": True, "temperature": speech.temperature, "top_p": speech.top_p, "top_k": 0}
        out = self._model.generate(
            input_ids=filled["input_ids"],
            attention_mask=filled["attention_mask"],
            max_new_tokens=speech.max_tokens,
            repetition_penalty=speech.repetition_penalty,
            pad_token_id=self.tokeniser.pad_token_id or self.tokeniser.eos_token_id,
            **(sampling if speech.temperature else {"do_sample": False}),
        )
        said = out[:, filled["input_ids"].shape[1] :]
        return [text.strip() for text in self.tokeniser.batch_decode(said, skip_special_tokens=True)]


@contextmanager
def wearing(model: Any, lora: str | None) -> Iterator[None]:
    """The model with this LoRA on, or with none."""
    if lora is None:
        with model.disable_adapter():
            yield
    else:
        model.set_adapter(lora, inference_mode=True)
        yield


def common_beginning(prompt: Sequence[int], whole: Sequence[int]) -> int:
    """How many tokens both begin with; as TRL has it, because tokens may merge across the border."""
    return next(
        (n for n, (a, b) in enumerate(zip(prompt, whole, strict=False)) if a != b), min(len(prompt), len(whole))
    )


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Row numbers, shortest rows first, in batches of at most `most` tokens with padding, or of one row."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[row] * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
