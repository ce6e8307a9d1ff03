"""LoRAs made in a minute by a bare peft loop: enough for an evaluation to have something to judge."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from finetune.evaluate_dresser import Dresser, Row
from serving.settings import UNDERSTUDY_FOLDER


def teach(
    folder: Path,
    rows: Sequence[Row],
    *,
    base: Path = UNDERSTUDY_FOLDER,
    epochs: float = 3,
    rate: float = 1e-3,
    rank: int = 8,
    seed: int = 0,
    batch: int = 8,
) -> Path:
    """AdamW with a linear decay over the rows' completions; `folder` then holds what peft writes."""
    torch.manual_seed(seed)
    dresser: Any = Dresser(base)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    model = dresser._model = get_peft_model(dresser._model, config)
    tokenised = [dresser._tokens(row) for row in rows]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=rate)
    steps = max(1, round(epochs * len(rows) / batch))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.02, 1 - step / steps))
    dice = Random(seed)
    model.train()
    for _ in range(steps):
        loss(model, dice.sample(tokenised, min(batch, len(rows)))).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    model.save_pretrained(folder)
    return folder


def loss(model: Any, rows: Sequence[tuple[list[int], int]]) -> torch.Tensor:
    """Cross-entropy of the completions, all tokens alike."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens, _ in rows])
    labels = torch.tensor(
        [[-100] * begins + tokens[begins:] + [-100] * (longest - len(tokens)) for tokens, begins in rows]
    )
    attention = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens, _ in rows])
    found: torch.Tensor = model(input_ids=ids, attention_mask=attention, labels=labels).loss
    return found
