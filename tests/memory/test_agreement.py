"""Whatever happens to a talk, the index ends up as if it had been made from the journal in one go."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import numpy as np
import pytest

from memory.agreement import compare, timeline
from memory.journal import Journal
from memory.memory import Memory
from memory.record import Record
from memory.scope import Scope
from memory.testing import StoreInRam, journal_in_ram, memory_in_ram
from serving import Encoder
from serving.testing import HashingEncoder
from tests.memory.builders import NOON, WEB, ReadingEncoder, said, take, turn
from tests.memory.test_stores import record

KIM = Scope("mika", "web:kim", WEB)
LINES = ("Do you like tea?", "I do.", "My cat is Miso.", "Really?", "Yes, since May.", "I bake bread.", "hm")


class Life:
    """A fan who talks, edits, takes back, corrects and changes their mind, at random."""

    def __init__(self, seed: int, journal: Journal, memory: Memory) -> None:
        self.numbers = random.Random(seed)
        self.journal, self.memory = journal, memory
        self.minutes = 0.0

    async def step(self) -> str:
        """One thing that happens; its name."""
        deed = self.numbers.choice(["talk"] * 4 + ["late", "edit", "choose", "forget", "correct", "rephrase", "state"])
        await getattr(self, deed)()
        return deed

    async def talk(self, after: str | None = None) -> None:
        self.minutes += self.numbers.choice((1, 3, 45))
        path = await self.journal.path(WEB, "mika", limit=1)
        leaf = path[0].id if path else None
        begun = turn(said(self.numbers.choice(LINES), minutes=self.minutes), after=after or leaf)
        await take(self.journal, begun, self.numbers.choice(LINES))
        await self.memory.remember(KIM, begun.heard)
        await self.memory.sync(KIM)

    async def late(self) -> None:
        early = self.numbers.uniform(0, self.minutes)
        await self.memory.remember(KIM, [said(self.numbers.choice(LINES), minutes=early)])

    async def edit(self) -> None:
        path = await self.journal.path(WEB, "mika")
        if path:
            await self.talk(after=self.numbers.choice(path).after)

    async def choose(self) -> None:
        path = await self.journal.path(WEB, "mika")
        if path:
            siblings = await self.journal.siblings(self.numbers.choice(path).id)
            await self.journal.choose(self.numbers.choice(siblings).id)
            await self.memory.sync(KIM)

    async def forget(self) -> None:
        if shown := await self.memory.show(KIM):
            await self.memory.forget(KIM, self.numbers.choice(shown).id)

    async def correct(self) -> None:
        if shown := await self.memory.show(KIM):
            await self.memory.correct(KIM, self.numbers.choice(shown).id, self.numbers.choice(LINES))

    async def rephrase(self) -> None:
        path = await self.journal.path(WEB, "mika")
        if path:
            words = self.numbers.choice(path).heard[0]
            await self.journal.rephrase(words.id, place=WEB, text=self.numbers.choice(LINES))
            await self.memory.sync(KIM)

    async def state(self) -> None:
        if shown := await self.memory.show(KIM):
            source = self.numbers.choice(shown).id
            at = NOON + timedelta(minutes=self.minutes)
            fact = Record(
                f"f{self.minutes}", f"fact {self.minutes}", "web:kim", "Kim", WEB, "private", at, "fact", (source,)
            )
            await self.memory.state(KIM, [fact])


def same(some: Sequence[Record], others: Sequence[Record]) -> None:
    assert [(one.id, one.text, one.kind) for one in some] == [(one.id, one.text, one.kind) for one in others]
    for one, other in zip(some, others, strict=True):
        assert one.vector is not None
        assert other.vector is not None
        np.testing.assert_allclose(one.vector, other.vector, atol=1e-5)
        assert one.tokens == other.tokens


@pytest.mark.parametrize("make", [HashingEncoder, partial(ReadingEncoder, 384)], ids=["vectors", "sketches"])
@pytest.mark.parametrize("seed", range(12))
async def test_after_any_life_the_index_is_what_a_rebuild_makes(seed: int, make: Callable[[], Encoder]) -> None:
    store = StoreInRam()
    async with journal_in_ram() as journal, memory_in_ram(journal, store, make()) as memory:
        life = Life(seed, journal, memory)
        deeds = [await life.step() for _ in range(25)]
        grown = timeline(await store.all(KIM))

        await memory.rebuild(KIM)

        same(grown, timeline(await store.all(KIM)))
        assert "talk" in deeds


def test_an_index_that_agrees_is_left_alone() -> None:
    line = timeline([record(number) for number in range(5)])

    agreement = compare(line, [replace(one, vector=None) for one in line])

    assert (agreement.changed, agreement.leaves) == ([], False)
    assert all(a.vector is b.vector for a, b in zip(agreement.records, line, strict=True))


def test_a_deleted_line_makes_its_neighbours_vectors_anew_and_no_others() -> None:
    line = timeline([record(number) for number in range(9)])

    agreement = compare(line, [one for one in line if one.id != "r4"])

    blank = [one.id for one in agreement.records if one.vector is None]
    assert blank == ["r3", "r5"]
    assert agreement.leaves


def test_a_silence_of_more_than_half_an_hour_begins_a_session() -> None:
    minutes = (0, 10, 40, 71, 72)
    lines = [replace(record(n), at=NOON + timedelta(minutes=m)) for n, m in enumerate(minutes)]

    sessions = [one.session for one in timeline(lines)]

    assert sessions == [sessions[0]] * 3 + [sessions[3]] * 2
    assert sessions[0] != sessions[3]
