"""The choice of the next token, for all replies of a step at once, each by its own sampling."""

from collections.abc import Sequence
from typing import Protocol

import torch

from serving.chat import Sampling


class Choosing(Protocol):
    """What the choice needs to know of a reply: `seen` is bool over the vocabulary, prompt and reply together."""

    @property
    def sampling(self) -> Sampling: ...
    @property
    def temperature(self) -> float: ...
    @property
    def seen(self) -> torch.Tensor: ...
    @property
    def dice(self) -> torch.Generator: ...


def choose(logits: torch.Tensor, replies: Sequence[Choosing], *, never: torch.Tensor) -> list[int]:
    """One token for each row of `logits` (replies, vocabulary)."""
    scores = logits.float()
    scores[:, never] = -torch.inf
    penalise_repetition(scores, replies)
    likeliest = scores.argmax(dim=-1)
    if all(reply.temperature == 0 for reply in replies):
        return [int(token) for token in likeliest]
    thrown = throw(scores, replies)
    return [int(likeliest[n] if reply.temperature == 0 else thrown[n]) for n, reply in enumerate(replies)]


def penalise_repetition(scores: torch.Tensor, replies: Sequence[Choosing]) -> None:
    """CTRL's penalty (Keskar et al. 2019, section 4.1) over prompt and reply, as vLLM and transformers apply it."""
    if all(reply.sampling.repetition_penalty == 1 for reply in replies):
        return
    penalty = column(scores, [reply.sampling.repetition_penalty for reply in replies])
    seen = torch.stack([reply.seen for reply in replies])
    lowered = torch.where(scores > 0, scores / penalty, scores * penalty)
    scores.copy_(torch.where(seen, lowered, scores))


def throw(scores: torch.Tensor, replies: Sequence[Choosing]) -> torch.Tensor:
    """Temperature, then the nucleus (Holtzman et al. 2020), then each reply's own dice: shape (replies,)."""
    temperature = column(scores, [max(reply.temperature, 1e-3) for reply in replies])
    top_p = column(scores, [reply.sampling.top_p for reply in replies])
    chances, order = (scores / temperature).softmax(dim=-1).sort(dim=-1, descending=True)
    before = chances.cumsum(dim=-1) - chances
    kept = chances * (before < top_p)
    ladder = kept.cumsum(dim=-1)
    dice = [torch.rand((), generator=reply.dice).item() for reply in replies]
    rung = torch.searchsorted(ladder, column(scores, dice) * ladder[:, -1:], right=True)
    # rounding may lead one rung over the top
    rung = torch.minimum(rung, (kept > 0).sum(dim=-1, keepdim=True) - 1)
    return order.gather(1, rung).squeeze(1)


def column(like: torch.Tensor, numbers: Sequence[float]) -> torch.Tensor:
    return torch.tensor(numbers, dtype=like.dtype, device=like.device)[:, None]
