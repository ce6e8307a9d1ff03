"""Vectorised lore is compared with what was said, embedded once, and kept for the next start."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memory.lore_vectors import LoreVectors, shelf_of
from memory.testing import StoreInRam
from serving import EngineAway
from serving.testing import HashingEncoder

TEXTS = {"b#0": "The ferry leaves the harbour at noon.", "b#1": "Dragons sleep below old mills."}


class CountingEncoder(HashingEncoder):
    """Counts the texts it was given; fails while `away`."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0
        self.away = False

    async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.away:
            raise EngineAway("gone")
        self.texts += len(texts)
        return await super().encode(texts)


async def compared(vectors: LoreVectors, words: str, texts: dict[str, str] = TEXTS) -> frozenset[str]:
    """What is near once everything is embedded."""
    await vectors.near("mika", texts, words)
    await vectors.settled()
    return await vectors.near("mika", texts, words)


async def test_an_entry_that_means_what_was_said_is_near_and_another_is_not() -> None:
    async with LoreVectors(StoreInRam(), HashingEncoder()) as vectors:
        assert await compared(vectors, "When does the ferry leave the harbour?") == {"b#0"}
        assert await compared(vectors, "I baked bread.") == set()


async def test_until_the_texts_are_embedded_nothing_is_near_and_nobody_waits() -> None:
    async with LoreVectors(StoreInRam(), HashingEncoder()) as vectors:
        assert await vectors.near("mika", TEXTS, "When does the ferry leave the harbour?") == set()


async def test_a_text_is_embedded_once_and_kept_for_the_next_start() -> None:
    store, encoder = StoreInRam(), CountingEncoder()
    async with LoreVectors(store, encoder) as vectors:
        await compared(vectors, "")
        await compared(vectors, "ferry")
    encoder.texts = 0

    async with LoreVectors(store, encoder) as vectors:
        found = await compared(vectors, "When does the ferry leave the harbour?")

    assert found == {"b#0"}
    assert encoder.texts <= 4  # the question and its sentences


async def test_a_text_that_is_gone_takes_its_vector_with_it() -> None:
    store = StoreInRam()
    async with LoreVectors(store, HashingEncoder()) as vectors:
        await compared(vectors, "ferry")
        found = await compared(vectors, "When does the ferry leave the harbour?", {"b#0": TEXTS["b#1"]})

    assert found == set()
    assert await store.count(shelf_of("mika")) == 1


async def test_an_encoder_that_is_away_leaves_the_entries_to_their_keys() -> None:
    encoder = CountingEncoder()
    async with LoreVectors(StoreInRam(), encoder) as vectors:
        encoder.away = True
        assert await vectors.near("mika", TEXTS, "ferry") == set()
        await vectors.settled()
        encoder.away = False

        assert await vectors.near("mika", TEXTS, "ferry") == set()
