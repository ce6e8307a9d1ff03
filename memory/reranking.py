"""Lets a cross-encoder read the likeliest memories together with the question, and put them into a better order."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from memory.questions import Question
from memory.ranking import Ranked, standardised
from serving import Reranker

WEIGHT = 1.5  # of the reader's word against the ranking's own, both in standard deviations over the candidates


async def reranked(ranked: Sequence[Ranked], question: Question, reranker: Reranker, candidates: int) -> list[Ranked]:
    """The best `candidates` in the order that both think right, on the scores they had; the others after them."""
    head, tail = ranked[:candidates], ranked[candidates:]
    if len(head) < 2:
        return list(ranked)
    read = await reranker.judge(question.text, [one.record.text for one in head])
    own = standardised(np.array([one.score for one in head], dtype=np.float64))
    both = own + WEIGHT * standardised(read.astype(np.float64))
    order = np.argsort(-both, kind="stable")
    return [replace(head[at], score=place.score) for at, place in zip(order, head, strict=True)] + list(tail)
