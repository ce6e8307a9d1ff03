"""Ranks one fan's memories by how likely each answers what was asked: exact, in RAM, without a language model.

A score is a weighted sum of what `EVIDENCE` names. The weights were learnt with a listwise loss on LoCoMo's developer
half, checked by leaving one conversation out (docs/log.md has the figures), and rounded; z means "in standard
deviations over this fan's memories". Cosines are not: their spread hardly changes from fan to fan (`memory.tuning`
makes those of other encoders comparable).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from memory.languages import Language, language_of
from memory.lexical import Floats, Kin
from memory.questions import Question
from memory.ranking_decay import retention
from memory.ranking_replaced import bring_forward
from memory.ranking_rows import MemoryRows, Rows
from memory.ranking_tokens import Sketch
from memory.record import Record

FADING_DAYS = 10.0  # how long after an event people still bring it up as news

EVIDENCE: Mapping[str, float] = {
    "cosine": 9.5,  # of the question and the memory's vector
    "words": -0.32,  # z of BM25: a correction, because a word's own row counts in `words_around` as well
    "words_around": 0.51,  # z of BM25 with half of the neighbours' and a quarter of theirs
    "kin": 0.47,  # z of words shared or nearly shared
    "said_by": 2.7,  # the one asked about said it
    "asks": -0.94,  # a question seldom answers one
    "length": 0.25,  # logarithm of the number of words: longer lines say more
    "said_since": 4.3,  # said in the days asked about, or soon after
    "speaks_of": 1.7,  # speaks of the days asked about
    "tells_when": 1.55,  # names a time, when a time is asked for
    "opens": 0.54,  # the first line of a session
    "fresh_now": 2.5,  # the same, where it is asked how things are now
    "fresh": 0.15,  # what is left of it by the forgetting curve: between equals, the newer and the often recalled
}

# Once the likeliest are compared piece by piece ("pieces", `ranking_tokens`), the vectors need not say so much.
FINE: Mapping[str, float] = {
    **EVIDENCE,
    "cosine": 4.9,
    "words": -0.26,
    "words_around": 0.4,
    "kin": 0.21,
    "said_by": 2.6,
    "asks": -1.3,
    "length": -0.05,
    "said_since": 4.4,
    "speaks_of": 1.3,
    "tells_when": 1.3,
    "opens": 0.63,
    "fresh": 0.03,
    "pieces": 15.1,
}
COMPARED_FINELY = 80  # memories; 120 find the same, 60 a little less
# Where the encoder can't read, its cosines say little and the words themselves must do.
UNREAD: Mapping[str, float] = {**EVIDENCE, "cosine": 2.0, "words": 0.2, "words_around": 0.35, "kin": 1.2}
ENGLISH: frozenset[Language] = frozenset({"en"})


@dataclass(frozen=True, slots=True)
class Ranked:
    """A record with its score (comparable within one ranking) and its confidence, 0 to 1."""

    record: Record
    score: float
    confidence: float


@dataclass(slots=True)
class Ranking:
    """The memories of one fan with one persona, ready to be asked. Not for several threads at once.

    `reads` are the languages that the encoder behind the vectors was trained for; `slope` and `offset` make its cosines
    comparable to MiniLM's (`memory.tuning`).
    """

    dim: int
    kin: Kin = field(default_factory=dict)
    reads: frozenset[Language] = ENGLISH
    slope: float = 1.0
    offset: float = 0.0
    _rows: MemoryRows = field(init=False)

    def __post_init__(self) -> None:
        self._rows = MemoryRows(self.dim, self.kin)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, *records: Record) -> None:
        """More records, in the order they were said; each needs its vector."""
        for record in records:
            self._rows.add(record)

    def revise(self, record: Record) -> None:
        """A new vector for one of the last records: more was said after it, so its window grew."""
        self._rows.revise(record)

    def newest(self, most: int) -> list[Record]:
        """The records added last, oldest first."""
        return self._rows.records[-most:]

    def days_spoken_of(self, record: Record) -> list[date]:
        """The last day of each time that a record of the ranking speaks of."""
        return self._rows.days_spoken_of(record.id)

    @property
    def began_at(self) -> datetime | None:
        """When the first utterance was said."""
        return next((record.at for record in self._rows.records if record.kind == "utterance"), None)

    def came_to_mind(self, times: Mapping[str, int]) -> None:
        """What was recalled so many times more, by id, fades more slowly from now on."""
        self._rows.came_to_mind(times)

    def rank(
        self, question: Question, vector: NDArray[np.float32], *, limit: int = 50, sketch: Sketch | None = None
    ) -> list[Ranked]:
        """The likeliest records, best first; `vector`, shape (dim,), and `sketch` are the encoded `question.bare`."""
        if not len(self._rows):
            return []
        kinship = self._rows.words.kinship(question.terms)
        evidence = self.evidence(question, vector, kinship)
        read = language_of(question.bare) in self.reads
        scores = weighed(evidence, EVIDENCE if read else UNREAD)
        share = self._share_of_words(question, kinship)
        sure = confidence(evidence["cosine"] if read else None, share)
        likely = best(scores, max(limit, COMPARED_FINELY))
        if sketch is not None and read:
            some = {name: values[likely] for name, values in evidence.items()}
            pieces = self._rows.sketches.closeness(sketch, self._rows.near(likely))
            scores[likely] = weighed({**some, "pieces": pieces}, FINE)
            sure[likely] = confidence(evidence["cosine"][likely], share[likely], pieces)
            likely = likely[np.argsort(-scores[likely], kind="stable")]
        if question.asks_state:
            bring_forward(self._rows, likely, question, scores, sure)
            likely = likely[np.argsort(-scores[likely], kind="stable")]
        return [Ranked(self._rows.records[row], float(scores[row]), float(sure[row])) for row in likely[:limit]]

    def evidence(self, question: Question, vector: NDArray[np.float32], kinship: Floats) -> dict[str, Floats]:
        """What speaks for each record, one value a row under each name of `EVIDENCE`."""
        rows, none = self._rows, np.zeros(len(self._rows))
        words = rows.words.bm25(question.terms)
        return {
            "cosine": self.slope * (rows.vectors @ vector).astype(np.float64) + self.offset,
            "words": standardised(words),
            "words_around": standardised(rows.spread(words, near=0.5, far=0.25)),
            "kin": standardised(kinship),
            "said_by": rows.said_by(question.about) if question.about else none,
            "asks": rows.asks,
            "length": rows.length,
            "said_since": at_best([rows.said_since(span, FADING_DAYS) for span in question.spans], none),
            "speaks_of": at_best([rows.speaks_of(span) for span in question.spans], none),
            "tells_when": self._tells_when(question, none),
            "opens": rows.opens,
            "fresh_now": retention(rows.age(question.asked_on), none)
            if question.asks_now and question.asked_on
            else none,
            "fresh": retention(rows.age(question.asked_on), rows.recalled) if question.asked_on else none,
        }

    def _tells_when(self, question: Question, none: Floats) -> Floats:
        """Which records tell what a question about time wants to know."""
        if question.asks_year:
            return self._rows.tells_year
        return self._rows.tells_when if question.asks_when else none

    def _share_of_words(self, question: Question, kinship: Floats) -> Floats:
        """How much of what the question says, weighed by rarity, each record says as well: 0 to 1."""
        whole = sum(self._rows.words.rarity(term) for term in dict.fromkeys(question.terms))
        return kinship / whole if whole else kinship


def confidence(cosine: Floats | None, share_of_words: Floats, pieces: Floats | None = None) -> Floats:
    """How likely something answers at all, 0 to 1: a logistic regression over the best of each question.

    Learnt from LoCoMo's questions about what was told against the same put to somebody else's memories (area under the
    curve .86, with pieces .88). Without a cosine that means something, the words decide alone.
    """
    if cosine is None:
        doubt = 3 - 5 * share_of_words
    elif pieces is None:
        doubt = 5.7 - 9.8 * cosine - 3.1 * share_of_words
    else:
        doubt = 8.6 - 4.2 * cosine - 2.4 * share_of_words - 9.3 * pieces
    likelihood: Floats = 1 / (1 + np.exp(doubt))
    return likelihood


def best(scores: Floats, most: int) -> Rows:
    """The rows of the highest scores, best first, of equals the earlier one; not all of the others are sorted."""
    if len(scores) <= most:
        return np.argsort(-scores, kind="stable")
    worst = np.partition(scores, -most)[-most]
    rows = np.flatnonzero(scores >= worst)
    return rows[np.argsort(-scores[rows], kind="stable")][:most]


def weighed(evidence: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """The weighted sum of all evidence, one score a row."""
    total: Floats = np.sum([weights[name] * values for name, values in evidence.items()], axis=0)
    return total


def standardised(values: Floats) -> Floats:
    """Mean 0 and standard deviation 1; all 0 where the values are all the same."""
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation > 0 else np.zeros_like(values)


def at_best(columns: list[Floats], none: Floats) -> Floats:
    """Row by row the highest of several columns."""
    return np.max(columns, axis=0) if columns else none
