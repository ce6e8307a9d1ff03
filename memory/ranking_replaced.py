"""Finds what replaced the likeliest answer: "the Anchor is a vape shop now, we've settled into the Rat" names no pub.

Who tells of a change names what was, in a later line, and seldom what it was: the line shares the *old answer's* rare
words, not the question's. Where it is asked how things are, such lines are brought forward: to just before the old
answer where the question says "now", else to just behind it, because not every later line on a matter changes it.

What is not covered: a change that names nothing of what was ("I've gone over to black"), and one that is not among the
lines compared at all. Facts say themselves what they replaced (`memory.facts`).
"""

import numpy as np

from memory.languages import ONLY_HIRAGANA, language_of, terms
from memory.lexical import Floats
from memory.questions import Question
from memory.ranking_rows import MemoryRows, Rows

COMMON = 0.35  # the rarity below which nothing is shared: of 300 lines, that of a term in every seventh
OF_THE_QUESTION = 0.3  # what a shared term counts that is the question's: it is in the line's own score already
CLEAR = 0.8  # without a "now": two rare words and the sign of a change, for most questions ask of what never changed
BROUGHT = 2  # lines, the strongest; the newer of equals
JUST = 0.1  # of a score
# What a shared term's rarity is worth in a score; Chinese and Japanese terms overlap, so one word counts thrice.
WORTH = {"en": 9.8, "zh": 4.3, "ja": 4.3}


def bring_forward(rows: MemoryRows, likely: Rows, question: Question, scores: Floats, sure: Floats) -> None:
    """Raise in `scores` what replaced the likeliest line, and in `sure` with it: it matters as surely as the old one.

    `likely` are the rows compared, best first; both arrays, a value for each row, are changed in place.
    """
    worth = WORTH[language_of(question.bare)]
    for old in likeliest(rows, likely, question.about):
        goal = scores[old] + (JUST if question.asks_now else -JUST)
        strength = replacing(rows, old, question, likely)
        if not question.asks_now:
            strength[strength < CLEAR] = 0
        for at in np.lexsort((likely, strength))[::-1][:BROUGHT]:
            row, way = likely[at], goal - scores[likely[at]]
            if way > 0:
                share = min(1.0, worth * strength[at] / way)
                scores[row] += share * way
                sure[row] = max(sure[row], share * sure[old])


def likeliest(rows: MemoryRows, likely: Rows, about: str | None) -> list[int]:
    """The likeliest line of the one asked about, or of each who speaks, because only one of them may be recalled."""
    best: dict[str, int] = {}
    for row in likely.tolist():
        record = rows.records[row]
        if record.kind == "utterance" and about in (None, record.speaker_id):
            best.setdefault(record.speaker_id, row)
    return list(best.values())


def replacing(rows: MemoryRows, old: int, question: Question, likely: Rows) -> Floats:
    """How strongly each likely row seems to replace an old line: later, of the same speaker, with its rare terms."""
    record = rows.records[old]
    said = {term for term in terms(record.text) if not ONLY_HIRAGANA.fullmatch(term)}
    asked = said.intersection(question.terms)
    shared = rows.words.rare(said - asked, COMMON) + OF_THE_QUESTION * rows.words.rare(asked, COMMON)
    strength: Floats = shared[likely] * rows.may_replace[likely] * rows.said_by(record.speaker_id)[likely]
    return np.where(likely > old, strength, 0.0)
