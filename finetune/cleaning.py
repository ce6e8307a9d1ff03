"""Keeps the lines worth learning from, and says of each other one why it was left out.

What is not covered: a line of another character that carries no label, and harm that only a trained head would see
(`greenroom finetune data --harm-head` takes one that `finetune classifier` made).
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from datasketch import MinHash, MinHashLSH

from finetune.conversation import Conversation
from finetune.language import speaks_otherwise
from finetune.masking import EAST, identifies
from personas import steps_out

SHORTEST = 2  # words
LIKENESS = 0.8  # of word triples, from which on two replies count as the same (Jaccard)
PERMUTATIONS = 64
WORD = re.compile(r"\w+")
HARMFUL = re.compile(
    r"\b(?:kill yourself|kys|go (?:and )?die|you (?:should|deserve to) die|end your life|hurt yourself|cut yourself|"
    r"gas the|heil hitler|rape (?:you|her|him|them))\b|去死|自杀吧|死ね",
    re.IGNORECASE,
)
Reason = str


@dataclass
class CleaningReport:
    """What was kept, and what was left out for which reason, with a few samples of each."""

    kept: int = 0
    left_out: Counter[Reason] = field(default_factory=Counter)
    samples: dict[Reason, list[str]] = field(default_factory=dict)

    def note(self, reason: Reason, text: str) -> None:
        self.left_out[reason] += 1
        if len(self.samples.setdefault(reason, [])) < 3:
            self.samples[reason].append(text[:120])


def says_harm(text: str) -> bool:
    """Whether a text wishes harm on somebody in so many words."""
    return HARMFUL.search(text) is not None


def clean(
    conversations: Sequence[Conversation],
    *,
    others: Sequence[str],
    harmful: Callable[[str], bool] = says_harm,
    languages: Collection[str] = (),
) -> tuple[list[Conversation], CleaningReport]:
    """The conversations worth keeping; `others` are names whose labels must not stand in the persona's words.

    `languages` are the codes the persona speaks; without any, every language will do.
    """
    report, kept = CleaningReport(), []
    seen = Twins()
    for one in conversations:
        reason = reason_against(one.reply, others, harmful, languages) or (
            "near-duplicate" if seen.has(one.reply) else None
        )
        if reason:
            report.note(reason, one.reply)
        else:
            kept.append(one)
    report.kept = len(kept)
    return kept, report


def reason_against(
    reply: str, others: Sequence[str], harmful: Callable[[str], bool], languages: Collection[str] = ()
) -> Reason | None:
    """Why a reply should not be learnt, or None."""
    if words_in(reply) < SHORTEST:
        return "too short"
    if kind := identifies(reply):
        return f"personal data ({kind.lower()})"
    if any(re.search(rf"(?:^|\n)\s*{re.escape(name)}\s*[:.]\s", reply, re.IGNORECASE) for name in others):
        return "another character's line"
    if steps_out(reply):
        return "steps out of the character"
    if language := speaks_otherwise(reply, languages):
        return f"wrong language ({language})"
    return "unsafe" if harmful(reply) else None


def words_in(text: str) -> int:
    """How many words there are; two characters of a script without spaces count as one."""
    east = len(EAST.findall(text))
    return len(WORD.findall(EAST.sub(" ", text))) + east // 2


class Twins:
    """Replies that say nearly the same (MinHash, Broder 1997, over word triples)."""

    def __init__(self) -> None:
        self._index = MinHashLSH(threshold=LIKENESS, num_perm=PERMUTATIONS)
        self._count = 0

    def has(self, reply: str) -> bool:
        """Whether something like it was seen before; it is seen from now on."""
        words = [word.casefold() for word in WORD.findall(reply)]
        sketch = MinHash(num_perm=PERMUTATIONS)
        for first in range(max(1, len(words) - 2)):
            sketch.update(" ".join(words[first : first + 3]).encode())
        if self._index.query(sketch):
            return True
        self._index.insert(str(self._count), sketch)
        self._count += 1
        return False
