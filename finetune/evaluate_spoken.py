"""The other half of the suite listens: the same questions to the base and to the LoRA, and what the replies show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np

from finetune.evaluate_asks import Message
from finetune.evaluate_breaks import breaks_character
from finetune.evaluate_dresser import Messages, Speech
from finetune.evaluate_speaker import OTHERS, SpeakerEar
from finetune.evaluate_statistics import Figure, mcnemar, mean, more_p, worse_p
from finetune.evaluate_variety import copied, distinct, length_gap, lengths, self_bleu, words_of

RESAMPLES = 400  # of figures that are no means; each counts all words again


class Speaks(Protocol):
    """Whoever can reply as the base or as a LoRA: a `Dresser`. Engines are asked by `evaluate_answers.py`."""

    def say(
        self,
        prompts: Sequence[Messages],
        lora: str | None = None,
        *,
        speech: Speech = ...,
        progress: Callable[[int], None] = ...,
    ) -> list[str]: ...


@dataclass(frozen=True)
class Spoken:
    """Replies to the same prompts, `each` a prompt: of the base with the persona's card, and of the LoRA."""

    prompts: tuple[Sequence[Message], ...]
    blocks: tuple[str, ...]
    before: tuple[tuple[str, ...], ...]
    after: tuple[tuple[str, ...], ...]

    @property
    def all_before(self) -> list[str]:
        return list(chain.from_iterable(self.before))

    @property
    def all_after(self) -> list[str]:
        return list(chain.from_iterable(self.after))


def spoken(
    speaker: Speaks,
    prompts: Sequence[Sequence[Message]],
    blocks: Sequence[str],
    lora: str,
    *,
    each: int,
    speech: Speech,
    progress: Callable[[int], None] = lambda n: None,
) -> Spoken:
    """`each` replies a prompt from both, with the same seeds."""

    def replies(worn: str | None) -> tuple[tuple[str, ...], ...]:
        takes = [speaker.say(prompts, worn, speech=speech.seeded(take), progress=progress) for take in range(each)]
        return tuple(zip(*takes, strict=True))

    return Spoken(tuple(prompts), tuple(blocks), replies(None), replies(lora))


def heard(
    ear: SpeakerEar, said: Spoken, who: str, real: Sequence[str], real_others: Sequence[str], seed: int
) -> dict[str, Figure]:
    """How often the ear takes a prompt's replies for the character's, before and after, with McNemar's p.

    `real` are the character's held-out lines, `real_others` what others say there: the ear's own marks.
    """
    before, after = ear.votes(said.before, who), ear.votes(said.after, who)
    figures = {
        "identified_prompt": mean(before, said.blocks, seed=seed),
        "identified_lora": replace_p(mean(after, said.blocks, seed=seed), mcnemar(before, after)),
        "identified_real": share(ear.votes([[line] for line in real], who)),
        "identified_others": share(ear.votes([[line] for line in real_others], who)),
    }
    return {name: figure for name, figure in figures.items() if figure}


def share(answers: Sequence[bool]) -> Figure | None:
    """A share of answers that stand alone, each its own block."""
    return mean(answers, [str(n) for n in range(len(answers))]) if answers else None


def replace_p(figure: Figure, p: float) -> Figure:
    """The figure with the p of another test."""
    return Figure(figure.value, figure.low, figure.high, figure.items, figure.blocks, p)


def breaks(said: Spoken) -> tuple[list[bool], list[bool]]:
    """For each prompt whether any of its replies stepped out of the character, before and after."""

    def broke(side: Sequence[Sequence[str]]) -> list[bool]:
        return [
            any(breaks_character(reply, prompt) for reply in replies)
            for prompt, replies in zip(said.prompts, side, strict=True)
        ]

    return broke(said.before), broke(said.after)


def before_and_after(name: str, before: Sequence[bool], after: Sequence[bool]) -> dict[str, Figure]:
    """Two shares over the same questions; the second with the one-sided p of 'not more of them after'."""
    blocks = [str(n) for n in range(len(before))]
    later = replace_p(mean(after, blocks), more_p(before, after))
    return {f"{name}_prompt": mean(before, blocks), f"{name}_lora": later}


def variety(
    said: Spoken,
    real: Sequence[str],
    known: Sequence[str],
    *,
    at_least: float,
    copying: float,
    at_most_apart: float,
    seed: int,
) -> dict[str, Figure]:
    """distinct-1/2, self-BLEU, copied runs and lengths; p is that of 'not beyond the margin', one-sided."""
    words = min(sum(lengths(said.all_before)), sum(lengths(said.all_after)))
    found = {
        f"{what}_{side}": plain(measure(texts), len(texts))
        for side, texts in (("prompt", said.all_before), ("lora", said.all_after))
        for what, measure in measures(words).items()
    }
    hits, runs = copied(said.all_after, known)
    each = len(said.all_after) // len(said.prompts)
    blocks = [str(n // each) for n in range(len(hits))]
    beyond = worse_p([hit - copying * run for hit, run in zip(hits, runs, strict=True)], blocks, seed=seed)
    found["copied_lora"] = replace_p(mean(hits, blocks, weights=runs, seed=seed), beyond)
    found["copied_real"] = plain(ratio_of(*copied(real, known)), len(real))
    found["words_real"] = plain(float(np.mean(lengths(real))), len(real))
    of_the_play = richness(known)  # nobody need be more varied than the character is
    found["distinct_2_ratio"] = resampled_pairs(
        said,
        lambda a, b: richness(b) / max(min(richness(a), of_the_play), 1e-9),
        beyond=lambda ratio: ratio < at_least,
        seed=seed,
    )
    found["length_gap"] = resampled_pairs(
        said, lambda a, b: length_gap(b, real) - length_gap(a, real), beyond=lambda gap: gap > at_most_apart, seed=seed
    )
    return found


def measures(words: int) -> dict[str, Callable[[Sequence[str]], float]]:
    """What is measured of a set of replies, over as many words as both sets have."""
    return {
        "distinct_1": lambda texts: distinct(texts, 1, most_words=words),
        "distinct_2": lambda texts: distinct(texts, 2, most_words=words),
        "self_bleu": self_bleu,
        "words": lambda texts: float(np.mean(lengths(texts))),
    }


def richness(texts: Sequence[str], *, size: int = 400) -> float:
    """distinct-2 of the first `size` words, so that long and short replies can be compared."""
    return distinct(texts, 2, most_words=size)


def ratio_of(hits: Sequence[int], runs: Sequence[int]) -> float:
    return sum(hits) / max(1, sum(runs))


def plain(value: float, items: int) -> Figure:
    """A figure without an interval: of one set as a whole."""
    return Figure(value, None, None, items, 0)


def resampled_pairs(
    said: Spoken, compare: Callable[[list[str], list[str]], float], *, beyond: Callable[[float], bool], seed: int
) -> Figure:
    """A comparison of both sets with a 95% interval and the one-sided p of 'not beyond'.

    From halves of the prompts, without replacement: drawing with it would repeat replies, and repetition is what
    distinct-n counts. A mean over half of them varies as much as a bootstrapped one (Politis and Romano 1994).
    """
    rng, half = np.random.default_rng(seed), max(2, len(said.prompts) // 2)
    values = []
    for _ in range(RESAMPLES):
        rows = [int(row) for row in rng.permutation(len(said.prompts))[:half]]
        values.append(compare(flat(said.before, rows), flat(said.after, rows)))
    low, high = np.percentile(values, (2.5, 97.5))
    p = (sum(not beyond(value) for value in values) + 1) / (RESAMPLES + 1)
    value = compare(said.all_before, said.all_after)
    return Figure(value, float(low), float(high), len(said.prompts), len(said.prompts), p)


def flat(replies: Sequence[Sequence[str]], rows: Sequence[int]) -> list[str]:
    return [reply for row in rows for reply in replies[row]]


def ear_for(
    own: Sequence[str], rivals: Mapping[str, Sequence[str]], others: Sequence[str], who: str, *, seed: int
) -> SpeakerEar:
    """An ear for the character among its rivals and whoever it talks to; a line that two would say teaches nothing."""
    lines = {who: list(own), **{name: list(said) for name, said in rivals.items() if name != who}, OTHERS: list(others)}
    seen: dict[str, str] = {}
    for name, said in lines.items():
        for line in said:
            key = " ".join(words_of(line))
            seen[key] = name if seen.get(key, name) == name else ""
    return SpeakerEar(
        {name: [line for line in said if seen[" ".join(words_of(line))] == name] for name, said in lines.items()},
        seed=seed,
    )
