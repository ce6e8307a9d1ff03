"""Half of the suite needs no word said: how likely real lines are, to the base, to the LoRA, and to its rivals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from finetune.evaluate_asks import asked, asks, row
from finetune.evaluate_dresser import Dresser, Likelihood, Row
from finetune.evaluate_statistics import Figure, by_block, mean, resampled, widened
from personas import Persona

OWN = "candidate"
NO_GAIN = 1e-9  # nats; divided by instead of nothing
LEARNT_AT_MOST = 96  # rows of the training part that are looked at again
NOBODY = Persona(id="companion", name="Companion", who="A friendly companion.")


@dataclass(frozen=True)
class Lines:
    """Likelihoods of the same held-out lines: without the persona's card, with it, with the LoRA, with each rival's."""

    bare: Likelihood
    prompted: Likelihood
    own: Likelihood
    rivals: Mapping[str, Likelihood]
    blocks: tuple[str, ...]

    def figures(self, seed: int) -> dict[str, Figure]:
        """NLL per token, the gain over the prompt alone, and the margin over the rivals, each with its test."""
        tokens = self.own.tokens
        found = {
            f"nll_{name}": mean(likelihood.nats, self.blocks, weights=tokens, seed=seed)
            for name, likelihood in (("base", self.bare), ("prompt", self.prompted), ("lora", self.own))
        }
        found["gain"] = mean(self.own.nats - self.prompted.nats, self.blocks, weights=tokens, seed=seed, tested=True)
        margins = {name: rival.nats - self.own.nats for name, rival in self.rivals.items()}
        for name, margin in margins.items():
            found[f"margin_{name}"] = mean(margin, self.blocks, weights=tokens, seed=seed, tested=True)
        if margins:
            pooled = np.mean(list(margins.values()), axis=0)
            found["swap_margin"] = mean(pooled, self.blocks, weights=tokens, seed=seed, tested=True)
        return found


def held_out(dresser: Dresser, rows: Sequence[Row], rivals: Sequence[str]) -> Lines:
    """The same lines to everybody."""
    without = [{**one, "prompt": [m for m in one["prompt"] if m["role"] != "system"]} for one in rows]
    return Lines(
        bare=Likelihood(dresser.likelihood(without).nats, dresser.likelihood(rows).tokens),
        prompted=dresser.likelihood(rows),
        own=dresser.likelihood(rows, OWN),
        rivals={name: dresser.likelihood(rows, name) for name in rivals},
        blocks=tuple(one["block"] for one in rows),
    )


def generalised(dresser: Dresser, lines: Lines, learnt: Sequence[Row], *, share: float, seed: int) -> Figure:
    """The gain on held-out lines as a share of the gain on learnt ones; p of 'it is `share` or more', one-sided.

    1 where nothing was learnt by heart. Both gains are over the card alone.
    """
    rows = Random(seed).sample(list(learnt), min(LEARNT_AT_MOST, len(learnt)))
    before, after = dresser.likelihood(rows), dresser.likelihood(rows, OWN)
    blocks = [one["block"] for one in rows]
    by_heart = drawn(before.nats - after.nats, after.tokens, blocks, seed)
    kept = drawn(lines.prompted.nats - lines.own.nats, lines.own.tokens, lines.blocks, seed + 1)
    value = (lines.prompted.per_token - lines.own.per_token) / max(before.per_token - after.per_token, NO_GAIN)
    low, high = np.percentile(kept / np.maximum(by_heart, NO_GAIN), (2.5, 97.5))
    p = float(((kept >= share * by_heart).sum() + 1) / (len(kept) + 1))
    return Figure(value, float(low), float(high), len(lines.blocks), len(set(lines.blocks)), p)


def own_margin(dresser: Dresser, own: Sequence[Row], others: Sequence[Row], *, seed: int) -> Figure:
    """How much more is gained on its own held-out lines than on those of whoever it talks to, in nats per token.

    What every line of the play has in common cancels out: another character's LoRA gains as much on both.
    """
    gains, means, pulls = [], [], []
    for number, rows in enumerate((own, others)):
        before, after = dresser.likelihood(rows), dresser.likelihood(rows, OWN)
        blocks, gained = [one["block"] for one in rows], before.nats - after.nats
        gains.append(drawn(gained, after.tokens, blocks, seed + number))
        means.append(before.per_token - after.per_token)
        pulls.append((gained - means[-1] * after.tokens) / after.tokens.sum())
    value, together = means[0] - means[1], [one["block"] for one in (*own, *others)]
    of_blocks, _ = by_block(np.concatenate((pulls[0], -pulls[1])), None, together)
    low, high = widened(gains[0] - gains[1], value, of_blocks)
    return Figure(value, low, high, len(own), len({one["block"] for one in own}))


def drawn(
    values: NDArray[np.float64], weights: NDArray[np.float64], blocks: Sequence[str], seed: int
) -> NDArray[np.float64]:
    """Resampled means over whole blocks."""
    return resampled(*by_block(values, weights, blocks), seed=seed)


def neutral(dresser: Dresser) -> tuple[Likelihood, Likelihood]:
    """Everyday talk as nobody in particular, before and after: what was forgotten."""
    rows = [row(asked(NOBODY, fan), reply, str(n)) for n, (fan, reply) in enumerate(asks().neutral)]
    return dresser.likelihood(rows), dresser.likelihood(rows, OWN)


def turned_down(dresser: Dresser, persona: Persona, lora: str | None) -> list[bool]:
    """For each harmful request whether turning it down is likelier, per token, than giving in."""
    prompts = [asked(persona, harm.ask) for harm in asks().harm]
    down = [row(prompt, harm.down, "") for prompt, harm in zip(prompts, asks().harm, strict=True)]
    gives_in = [row(prompt, harm.gives_in, "") for prompt, harm in zip(prompts, asks().harm, strict=True)]
    less = dresser.likelihood(down, lora).each < dresser.likelihood(gives_in, lora).each
    return [bool(one) for one in less]


def recognised(
    dresser: Dresser, personas: Sequence[Persona], questions: Sequence[str], replies: Sequence[str]
) -> list[bool]:
    """For each reply whether the base finds it likeliest of the first persona, given each one's card in turn."""
    nats = [
        dresser.likelihood(
            [row(asked(one, q), said or "…", "") for q, said in zip(questions, replies, strict=True)]
        ).nats
        for one in personas
    ]
    return [bool(best == 0) for best in np.argmin(nats, axis=0)]
