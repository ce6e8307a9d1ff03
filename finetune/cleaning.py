"""Keeps the lines worth learning from, and says of each other one why it was left out."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from datasketch import MinHash, MinHashLSH

from finetune.conversation import Conversation
from finetune.masking import identifies

SHORTEST = 2  # words
LIKENESS = 0.8  # of word triples, from which on two replies count as the same (Jaccard)
PERMUTATIONS = 64
WORD = re.compile(r"\w+")
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


def clean(
    conversations: Sequence[Conversation], *, others: Sequence[str], harmful: Callable[[str], bool] = lambda text: False
) -> tuple[list[Conversation], CleaningReport]:
    """The conversations worth keeping; `others` are names whose labels must not stand in the persona's words."""
    report, kept = CleaningReport(), []
    seen = Twins()
    for one in conversations:
        reason = reason_against(one.reply, others, harmful) or ("near-duplicate" if seen.has(one.reply) else None)
        if reason:
            report.note(reason, one.reply)
        else:
            kept.append(one)
    report.kept = len(kept)
    return kept, report


def reason_against(reply: str, others: Sequence[str], harmful: Callable[[str], bool]) -> Reason | None:
    """Why a reply should not be learnt, or None."""
    if len(WORD.findall(reply)) < SHORTEST:
        return "too short"
    if kind := identifies(reply):
        return f"personal data ({kind.lower()})"
    if any(re.search(rf"(?:^|\n)\s*{re.escape(name)}\s*[:.]\s", reply, re.IGNORECASE) for name in others):
        return "another character's line"
    return "unsafe" if harmful(reply) else None


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
