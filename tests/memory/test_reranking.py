"""A cross-encoder has its say over the likeliest memories: their order changes, nothing is added and nothing lost."""

from collections.abc import Sequence

import numpy as np

from memory import Scope
from memory.reranking import reranked
from memory.testing import journal_in_ram, memory_in_ram
from memory.tuning import Tuning
from serving import Vectors
from tests.memory.builders import WEB, said
from tests.memory.test_recall import ABOUT_ME, ranked

KIM = Scope("mika", "web:kim", WEB)


class Reads:
    """Thinks that whatever holds this word answers; remembers what it read."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.read: list[str] = []

    async def judge(self, question: str, texts: Sequence[str]) -> Vectors:
        self.read += texts
        return np.array([9.0 if self.word in text else -9.0 for text in texts], dtype=np.float32)


async def first_of(reranker: Reads | None) -> str:
    """What comes to mind first at a question that both lines fit."""
    async with (
        journal_in_ram() as journal,
        memory_in_ram(journal, tuning=Tuning(reranker=reranker, candidates=2)) as memory,
    ):
        lines = ["My cat is called Miso.", "The cat of my neighbour is called Soy.", "It rains."]
        for number, line in enumerate(lines):
            await memory.remember(KIM, [said(line, minutes=99 * number)])
        found = await memory.recall(KIM, [said("What is my cat called?", minutes=999)])
        return found[0].text


async def test_what_a_reader_thinks_likelier_comes_to_mind_first() -> None:
    assert await first_of(None) == "My cat is called Miso."
    assert await first_of(Reads("neighbour")) == "The cat of my neighbour is called Soy."


async def test_only_the_likeliest_are_read_and_their_scores_still_fall() -> None:
    reader, order = Reads("three"), [ranked(n, text) for n, text in enumerate(("one", "two", "three", "four"))]

    found = await reranked(order, ABOUT_ME, reader, candidates=3)

    assert reader.read == ["one", "two", "three"]
    assert [one.record.text for one in found] == ["three", "one", "two", "four"]
    assert [one.score for one in found] == [one.score for one in order]
    assert [one.confidence for one in found] == [order[at].confidence for at in (2, 0, 1, 3)]


async def test_one_memory_alone_is_not_read_again() -> None:
    reader = Reads("one")

    assert await reranked([ranked(1, "one")], ABOUT_ME, reader, candidates=3) == [ranked(1, "one")]
    assert reader.read == []
