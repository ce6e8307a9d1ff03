"""What tells two engines apart by their replies alone: the same persona, the same LoRA, the same questions.

Everything is paired by question. Intervals are 95%, from draws of whole blocks; p is McNemar's for yes and no, a
permutation test over blocks for numbers, one-sided ('not less varied') for variety; Holm-corrected over all of them.
What is not covered: what needs the odds of a line (nats per token, forgetting, turning harm down).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal, TypeAlias

import numpy as np

from finetune import evaluate_spoken as aloud
from finetune.evaluate_answers import Answer, Answers, Takes
from finetune.evaluate_asks import Message
from finetune.evaluate_questions import Prompt, Questions
from finetune.evaluate_speaker import SpeakerEar
from finetune.evaluate_spoken import Spoken
from finetune.evaluate_statistics import Figure, Floats, Numbers, holm, mcnemar, mean
from finetune.evaluate_variety import copied, lengths, loops
from finetune.evaluation import Kept
from serving import Encoder, Vectors

SURE = 0.05
NOTHING = "…"  # stands for an empty reply where a text must have words
Better: TypeAlias = Literal["more", "less", ""]


class Row(Kept):
    """One figure of both engines; `difference` is the engine's minus the other's.

    `better` says which side is the better one, for shares that have one; only these can close a gate.
    """

    name: str
    against: float
    engine: float
    difference: Figure
    better: Better = ""

    @property
    def worse_by(self) -> float:
        """By how much the engine does worse; 0 where no side is the better one."""
        return {"more": -1, "less": 1, "": 0}[self.better] * self.difference.value

    @property
    def sure(self) -> bool:
        """It was tested, and chance would hardly do it."""
        return self.difference.p is not None and self.difference.p < SURE


@dataclass(frozen=True)
class Pair:
    """Both engines' answers to the same questions; `again` are the other's likeliest words, asked for once more.

    What an engine does not say twice alike tells nobody apart: `again` is what `same words` is held against.
    """

    questions: Questions
    against: Answers
    again: tuple[Answer, ...]
    engine: Answers
    seed: int = 0

    @property
    def said(self) -> Spoken:
        """What both said, as the suite has it: the other engine's as before, the judged one's as after."""
        asked = self.questions
        return side_by_side(asked.prompts, asked.blocks, self.against.thrown, self.engine.thrown)

    @property
    def tempted(self) -> Spoken:
        """The same of the questions that try to make the character step out."""
        prompts = self.questions.tempting
        blocks = [str(n) for n in range(len(prompts))]
        return side_by_side(prompts, blocks, self.against.tempted, self.engine.tempted)


def side_by_side(prompts: Sequence[Prompt], blocks: Sequence[str], before: Takes, after: Takes) -> Spoken:
    """Words alone, in the suite's own shape."""
    asked: tuple[list[Message], ...] = tuple([{"role": m.role, "content": m.content} for m in one] for one in prompts)
    return Spoken(asked, tuple(blocks), words_of(before), words_of(after))


def words_of(takes: Takes) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(answer.text for answer in answers) for answers in takes)


async def compared(
    pair: Pair, *, encoder: Encoder, ear: SpeakerEar | None, who: str, known: Sequence[str]
) -> tuple[Row, ...]:
    """Every figure. `ear` hears who speaks, where there is one; `known` are the lines that were learnt."""
    said, seed = pair.said, pair.seed
    rows = [same_words(pair), *await likeness(pair, encoder)]
    if ear is not None:
        before, after = ear.votes(filled(said.before), who), ear.votes(filled(said.after), who)
        rows.append(yes_or_no("taken for the character", before, after, said.blocks, better="more", seed=seed))
    rows.append(
        yes_or_no("breaks character", *aloud.breaks(pair.tempted), pair.tempted.blocks, better="less", seed=seed)
    )
    before, after = ([any(map(loops, takes)) for takes in side] for side in (said.before, said.after))
    rows.append(yes_or_no("loops", before, after, said.blocks, better="less", seed=seed))
    rows.append(varied(said, seed))
    rows.append(each_question("copied from the data", said, lambda takes: share_copied(takes, known), seed, "less"))
    rows.append(each_question("words in a reply", said, lambda takes: float(np.mean(lengths(takes))), seed))
    return (*corrected(rows), *pace(pair))


def filled(replies: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[text or NOTHING for text in takes] for takes in replies]


def same_words(pair: Pair) -> Row:
    """The share of likeliest replies that are the other engine's, letter for letter, beside what it repeats itself."""
    first = [answer.text for answer in pair.against.greedy]
    again = [one == answer.text for one, answer in zip(first, pair.again, strict=True)]
    other = [one == answer.text for one, answer in zip(first, pair.engine.greedy, strict=True)]
    return yes_or_no("same words", again, other, pair.questions.blocks, seed=pair.seed)


async def likeness(pair: Pair, encoder: Encoder) -> list[Row]:
    """Cosines to the other engine's replies, beside that engine's among themselves: of likeliest words, and of dice.

    Dice are compared over different takes only: the same seed may throw the same words on both.
    """
    said, seed = pair.said, pair.seed
    greedy = [[answer.text for answer in side] for side in (pair.against.greedy, pair.again, pair.engine.greedy)]
    first, again, other = [await vectors(encoder, texts) for texts in greedy]
    rows = [numbers("greedy likeness", cosines(first, again), cosines(first, other), said.blocks, seed=seed)]
    if len(said.before[0]) > 1:
        full = [await vectors(encoder, takes) for takes in zip(*said.before, strict=True)]
        judged = [await vectors(encoder, takes) for takes in zip(*said.after, strict=True)]
        rows.append(numbers("likeness", crosswise(full, full), crosswise(full, judged), said.blocks, seed=seed))
    return rows


async def vectors(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    return await encoder.encode([text or NOTHING for text in texts])


def cosines(some: Vectors, others: Vectors) -> Floats:
    """(questions,): of each reply and its counterpart."""
    found: Floats = (some * others).sum(axis=1, dtype=np.float64)
    return found


def crosswise(takes: Sequence[Vectors], others: Sequence[Vectors]) -> Floats:
    """(questions,): the mean cosine of a question's replies in one set and in the other, never of the same take."""
    pairs = [cosines(takes[one], others[two]) for one, two in permutations(range(len(takes)), 2)]
    found: Floats = np.mean(pairs, axis=0)
    return found


def varied(said: Spoken, seed: int) -> Row:
    """distinct-2 of the first 400 words."""
    apart = aloud.resampled_pairs(
        said, lambda a, b: aloud.richness(b) - aloud.richness(a), beyond=lambda gap: gap < 0, seed=seed
    )
    before, after = aloud.richness(said.all_before), aloud.richness(said.all_after)
    return Row(name="distinct-2", against=before, engine=after, difference=apart, better="more")


def share_copied(takes: Sequence[str], known: Sequence[str]) -> float:
    return aloud.ratio_of(*copied(takes, known))


def each_question(
    name: str,
    said: Spoken,
    measure: Callable[[Sequence[str]], float],
    seed: int,
    better: Better = "",
) -> Row:
    """A number for each question's replies, of both."""
    before, after = ([measure(takes) for takes in side] for side in (said.before, said.after))
    return numbers(name, before, after, said.blocks, better=better, seed=seed)


def numbers(
    name: str,
    before: Numbers,
    after: Numbers,
    blocks: Sequence[str],
    *,
    better: Better = "",
    seed: int,
) -> Row:
    """Paired numbers, by Student's test over blocks."""
    apart = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    difference = mean(apart, blocks, seed=seed, tested=True)
    return Row(
        name=name,
        against=float(np.mean(before)),
        engine=float(np.mean(after)),
        difference=difference,
        better=better,
    )


def yes_or_no(
    name: str,
    before: Sequence[bool],
    after: Sequence[bool],
    blocks: Sequence[str],
    *,
    better: Better = "",
    seed: int,
) -> Row:
    """Paired answers, by McNemar's test."""
    row = numbers(name, before, after, blocks, better=better, seed=seed)
    return row.model_copy(update={"difference": aloud.replace_p(row.difference, mcnemar(before, after))})


def corrected(rows: Sequence[Row]) -> list[Row]:
    """Each p adjusted for there being several."""
    adjusted = holm({row.name: row.difference.p for row in rows if row.difference.p is not None})
    return [
        row.model_copy(update={"difference": aloud.replace_p(row.difference, adjusted[row.name])})
        if row.name in adjusted
        else row
        for row in rows
    ]


def pace(pair: Pair) -> list[Row]:
    """Seconds to the first word and tokens a second after it, of the thrown replies, without an interval.

    One run is one witness: two engines of the same weights were told apart by it, one way and then the other.
    """
    both = [[answer for takes in side for answer in takes] for side in (pair.against.thrown, pair.engine.thrown)]
    waited = [sum(answer.first_word for answer in answers) / len(answers) for answers in both]
    rates = [sum(answer.tokens for answer in answers) / sum(answer.seconds for answer in answers) for answers in both]
    return [
        Row(name=name, against=first, engine=second, difference=aloud.plain(second - first, len(both[0])))
        for name, (first, second) in (("seconds to the first word", waited), ("tokens a second", rates))
    ]
