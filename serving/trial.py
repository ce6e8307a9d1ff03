"""A new version of a LoRA is tried with a share of conversations, and goes back by itself if they go worse.

Which conversations is decided by a hash of the place, so a fan meets the same voice from one turn to the next. What is
counted: thumbs, and replies that stepped out of the character. What is not covered: a house whose bots can't see the
shelf's folder never wears a version on trial.
"""

import asyncio
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np

from serving.shelf import Shelf, Shelved

Verdict = Literal["wait", "back", "good"]
SURE = 0.95
FEWEST_THUMBS = 8  # on trial, before a thumb down means anything
FEWEST_REPLIES = 20
ENOUGH_REPLIES = 200  # without a sign of harm: it may be promoted
DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of one version's replies: how many, how many stepped out of the character, thumbs up and down."""

    replies: int = 0
    broken: int = 0
    up: int = 0
    down: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One version on trial, what became of its replies and of everybody else's since, and what follows."""

    version: Shelved
    trial: Tally
    steady: Tally
    verdict: Verdict


def judged(trial: Tally, steady: Tally) -> Verdict:
    """`back` if thumbs or breaks are worse on trial, surely enough; `good` after many replies that were not."""
    thumbs, steady_thumbs = trial.up + trial.down, steady.up + steady.down
    disliked = thumbs >= FEWEST_THUMBS and worse(trial.down, thumbs, steady.down, steady_thumbs) >= SURE
    broken = trial.replies >= FEWEST_REPLIES and (
        worse(trial.broken, trial.replies, steady.broken, steady.replies) >= SURE
    )
    if disliked or broken:
        return "back"
    return "good" if trial.replies >= ENOUGH_REPLIES else "wait"


def worse(bad: int, of: int, bad_before: int, of_before: int) -> float:
    """The probability that the first share is the larger one (Beta posteriors with a flat prior)."""
    dice = np.random.default_rng(0)
    now = dice.beta(1 + bad, 1 + of - bad, DRAWS)
    before = dice.beta(1 + bad_before, 1 + of_before - bad_before, DRAWS)
    return float((now > before).mean())


def drawn(trial: Shelved, place: str) -> bool:
    """Whether a conversation is among the trial's share: always the same for a place, another for the next trial."""
    lot = blake2b(f"{trial.id}\x1f{place}".encode(), digest_size=8).digest()
    return int.from_bytes(lot) < trial.share * 2**64


class Wardrobe:
    """Says which version of a LoRA a conversation wears."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def wears(self, lora: str | None, place: str) -> str | None:
        """`worn`, off the event loop: a shelf may lie on a slow disk."""
        return await asyncio.to_thread(self.worn, lora, place) if lora else None

    def worn(self, lora: str | None, place: str) -> str | None:
        """The name to ask an engine for: the plain one, except where a trial draws this place.

        Where the very first version is on trial, conversations that are not drawn wear nothing.
        """
        in_use = self._shelf.in_use_of(lora) if lora else ()
        trial = next((one for one in in_use if one.on_trial), None)
        if trial is None:
            return lora
        if drawn(trial, place):
            return trial.id
        return lora if len(in_use) > 1 else None
