"""Pretrains the understudy from nothing: `greenroom finetune understudy train --out runs/first --minutes 55`.

Progress is the share of the time (or tokens) that is spent: the learning rate and the share of copy drills follow it,
so a run ends in good order whenever it was told to end. A run that was stopped goes on from its last checkpoint.
What is not covered: with `--minutes` two machines see different schedules; with `--tokens` alone they see the same.
"""

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from types import FrameType

import torch
from rich.console import Console
from torch import Tensor
from transformers import LlamaForCausalLM

from finetune.understudy import model as shapes
from finetune.understudy import tokens
from finetune.understudy.batches import PROMPT_WEIGHT, Batch, batches
from finetune.understudy.corpus import drill_share
from finetune.understudy.tokens import VOCABULARY, Tokeniser
from finetune.understudy.written import HERE

MUON = 20 / 3  # how much larger than AdamW's its rate is


@dataclass(frozen=True)
class Plan:
    """How long, how big and how fast. `batch` counts tokens; `start` is a model folder to begin with.

    `layers` is how many it is given, if it should have more.
    """

    size: str = "3m"
    minutes: float = 0.0
    tokens: int = 0
    batch: int = 4096
    rate: float = 3e-3
    optimiser: str = "muon"
    seed: int = 1
    vocabulary: int = VOCABULARY
    drills: bool = True
    tokeniser_documents: int = 3000
    checkpoint_minutes: float = 4.0
    prompt_weight: float = PROMPT_WEIGHT
    start: str = ""
    layers: int = 0
    bf16: bool = False


@dataclass
class Spent:
    """What a run has used up so far."""

    steps: int = 0
    tokens: int = 0
    learnt: int = 0
    seconds: float = 0.0
    index: int = 0


def progress(plan: Plan, spent: Spent) -> float:
    """0 at the start, 1 when the time or the tokens are used up."""
    shares = [spent.seconds / 60 / plan.minutes] if plan.minutes else []
    shares += [spent.tokens / plan.tokens] if plan.tokens else []
    return min(1.0, max(shares))


def rate(share: float) -> float:
    """Warm-up for 2%, flat to 60%, then down to 5% in a line."""
    if share < 0.02:
        return 0.05 + 0.95 * share / 0.02
    return 1.0 if share < 0.6 else 1.0 - 0.95 * (share - 0.6) / 0.4


def optimisers(model: LlamaForCausalLM, plan: Plan) -> list[torch.optim.Optimizer]:
    """AdamW; or Muon for the matrices inside the blocks and AdamW for the rest."""
    inner = [w for n, w in model.named_parameters() if w.dim() == 2 and "embed" not in n]
    outer = [w for n, w in model.named_parameters() if w.dim() == 2 and "embed" in n]
    norms = [w for w in model.parameters() if w.dim() != 2]
    if plan.optimiser == "muon":
        rest = [{"params": outer, "weight_decay": 0.01}, {"params": norms, "weight_decay": 0.0}]
        muon = torch.optim.Muon(inner, lr=MUON * plan.rate, weight_decay=0.05, momentum=0.95)
        return [muon, torch.optim.AdamW(rest, lr=plan.rate, betas=(0.9, 0.95))]
    groups = [{"params": inner + outer, "weight_decay": 0.1}, {"params": norms, "weight_decay": 0.0}]
    return [torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.95))]


def loss_of(model: LlamaForCausalLM, batch: Batch) -> tuple[Tensor, Tensor]:
    """The weighted loss that is minimised, and the plain one over the persona's words; nats per token."""
    hidden = model.model(batch.ids[:, :-1], use_cache=False).last_hidden_state.flatten(0, 1)
    weights = batch.weights[:, 1:].flatten()
    counts = weights > 0  # the head is a tenth of the work, and most words of a prompt need no guess
    logits, weights = model.lm_head(hidden[counts]), weights[counts]
    wanted = batch.ids[:, 1:].flatten()[counts]
    each = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
    own = weights == 1
    return (each * weights).sum() / weights.sum(), each[own].mean().detach()


class Run:
    """One training run in its folder: tokeniser, checkpoint, log of every twentieth step."""

    def __init__(self, plan: Plan, folder: Path, console: Console) -> None:
        self.plan, self.folder, self.console = plan, folder, console
        folder.mkdir(parents=True, exist_ok=True)
        self.spent, self.stopping = Spent(), False
        self.corpora = [(0, corpus_hash())]
        self.tokeniser = self._tokeniser()
        ids = {name: self.tokeniser.convert_tokens_to_ids(f"<|{name}|>") for name in ("pad", "bos", "end")}
        self.pad = ids["pad"]
        self.model = shapes.for_training(self._model(ids))
        self.optimisers = optimisers(self.model, plan)
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def learn(self) -> None:
        """Steps until the plan is used up; a checkpoint every few minutes and at the end."""
        console, saved = self.console, time.monotonic()
        parameters = sum(p.numel() for p in self.model.parameters())
        console.print(f"{parameters / 1e6:.2f}M parameters, vocabulary {len(self.tokeniser)}, {asdict(self.plan)}")
        feed, began = self._feed(), time.monotonic() - self.spent.seconds
        signal.signal(signal.SIGTERM, self._told_to_stop)
        while progress(self.plan, self.spent) < 1 and not self.stopping:
            loss, own = self._step(next(feed))
            self.spent.seconds = time.monotonic() - began
            if self.spent.steps % 20 == 0:
                self._log(loss, own)
            if time.monotonic() - saved > 60 * self.plan.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
        self.save()

    def save(self) -> None:
        """Model folder first, then the state that a later run goes on from."""
        self.model.save_pretrained(self.folder / "model")
        self.tokeniser.save_pretrained(self.folder / "model")
        state = {
            "model": self.model.state_dict(),
            "optimisers": [o.state_dict() for o in self.optimisers],
            "spent": asdict(self.spent),
            "corpora": self.corpora,
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)
        about = {"plan": asdict(self.plan), "spent": asdict(self.spent), "corpora": self.corpora}
        (self.folder / "run.json").write_text(json.dumps(about, indent=2) + "\n")

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        """On SIGTERM: the step is finished, the checkpoint written, and a later run goes on."""
        self.stopping = True

    def _feed(self) -> Iterator[Batch]:
        return batches(
            tokens.Encoding(self.tokeniser),
            seed=self.plan.seed,
            start=self.spent.index,
            size=self.plan.batch,
            pad=self.pad,
            prompt_weight=self.plan.prompt_weight,
            drills=lambda: drill_share(progress(self.plan, self.spent)) if self.plan.drills else 0.0,
        )

    def _step(self, batch: Batch) -> tuple[float, float]:
        factor = rate(progress(self.plan, self.spent))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.plan.bf16):
            loss, own = loss_of(self.model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group.setdefault("full_lr", group["lr"]) * factor
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.spent.steps += 1
        self.spent.tokens += batch.tokens
        self.spent.learnt += int((batch.weights == 1).sum())
        self.spent.index = batch.next_index
        return loss.item(), own.item()

    def _log(self, loss: float, own: float) -> None:
        spent = self.spent
        row = {
            "step": spent.steps,
            "tokens": spent.tokens,
            "seconds": round(spent.seconds, 1),
            "loss": loss,
            "own": own,
        }
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")
        self.console.print(
            f"{progress(self.plan, spent):6.1%}  step {spent.steps}  {spent.tokens / 1e6:.2f}M tokens  "
            f"{spent.tokens / spent.seconds:,.0f}/s  loss {loss:.3f}  own words {own:.3f}"
        )

    def _model(self, ids: dict[str, int]) -> LlamaForCausalLM:
        """Fresh weights, or those of the folder that the plan starts from, in float32."""
        if self.plan.start:
            started = LlamaForCausalLM.from_pretrained(self.plan.start, dtype=torch.float32)
            return shapes.deepened(started, self.plan.layers) if self.plan.layers else started
        return shapes.new(
            self.plan.size, vocabulary=len(self.tokeniser), window=tokens.WINDOW, ids=ids, seed=self.plan.seed
        )

    def _tokeniser(self) -> Tokeniser:
        """The run's own tokeniser, made once; a later run finds it in the folder."""
        if self.plan.start:
            return tokens.load(Path(self.plan.start))
        if (self.folder / "model" / "tokenizer.json").exists():
            return tokens.load(self.folder / "model")
        self.console.print("Training the tokeniser …")
        made = tokens.trained_on_corpus(0, self.plan.tokeniser_documents, vocabulary=self.plan.vocabulary)
        made.save_pretrained(self.folder / "model")
        return made

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.spent = Spent(**state["spent"])
        before = [(int(step), str(digest)) for step, digest in state.get("corpora", [])]
        now = corpus_hash()
        self.corpora = before if before and before[-1][1] == now else [*before, (self.spent.steps, now)]
        self.console.print(f"Going on from step {self.spent.steps}")


def corpus_hash() -> str:
    """Sixteen digits over every file the corpus is made of."""
    digest = sha256()
    for path in sorted((*HERE.rglob("*.yaml"), *HERE.glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def train(plan: Plan, folder: Path) -> None:
    Run(plan, folder, Console(stderr=True)).learn()
