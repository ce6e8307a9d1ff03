"""A house changes its encoder while everybody talks on: nobody is forgotten, and nobody waits."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from memory.journal import Journal
from memory.memory import Memory
from memory.record import Store
from memory.scope import Scope
from memory.testing import StoreInRam, journal_in_ram
from memory.tuning import RELATED, UNRELATED, Tuning, tuned
from personas import Place
from serving.testing import HashingEncoder
from tests.memory.builders import chat, said

KIM = Scope("mika", "web:kim", Place("web:kim"))
LEE = Scope("mika", "web:lee", Place("web:lee"))
CAT = "What is my cat called?"


class Held(HashingEncoder):
    """A second small encoder, of other vectors; it waits while it is told to."""

    def __init__(self, dim: int = 64) -> None:
        super().__init__(dim)
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        await self.may_go.wait()
        return await super().encode(texts)


class House:
    """A journal and the stores of two encoders."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.old_store, self.new_store = StoreInRam(), StoreInRam()
        self.old, self.new = HashingEncoder(), Held()

    @asynccontextmanager
    async def before(self) -> AsyncIterator[Memory]:
        async with Memory(self.journal, self.old_store, self.old) as memory:
            yield memory

    @asynccontextmanager
    async def moving(self, folder: Path | None = None) -> AsyncIterator[Memory]:
        former: tuple[Store, HashingEncoder, Tuning] = (self.old_store, self.old, Tuning())
        async with Memory(self.journal, self.new_store, self.new, former=former, folder=folder) as memory:
            yield memory


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with journal_in_ram() as journal:
        house = House(journal)
        async with house.before() as memory:
            await chat(journal, "My cat is called Miso.", by="web:kim", place=KIM.place)
            await chat(journal, "My cat is called Mochi.", by="web:lee", place=LEE.place)
            for scope in (KIM, LEE):
                await memory.sync(scope)
        yield house


async def names(memory: Memory, scope: Scope) -> list[str]:
    found = await memory.recall(scope, [said(CAT, by=scope.fan_id, minutes=90)])
    return [one.text for one in found][:1]


async def test_the_old_index_answers_until_a_fan_has_moved(house: House) -> None:
    async with house.moving() as memory:
        house.new.may_go.clear()
        move = asyncio.create_task(moved(memory))
        await asyncio.sleep(0.05)

        answer = await names(memory, KIM)
        house.new.may_go.set()
        steps = await move

        assert answer == ["My cat is called Miso."]
        assert steps == [(1, 2), (2, 2)]
        assert await names(memory, KIM) == ["My cat is called Miso."]
    assert await house.old_store.count(KIM) == await house.old_store.count(LEE) == 0
    assert await house.new_store.count(KIM) == await house.new_store.count(LEE) == 2


async def moved(memory: Memory) -> list[tuple[int, int]]:
    return [step async for step in memory.move()]


async def test_what_is_said_while_one_moves_is_in_the_new_index_as_well(house: House) -> None:
    async with house.moving() as memory:
        house.new.may_go.clear()
        move = asyncio.create_task(moved(memory))
        await asyncio.sleep(0.05)
        await memory.remember(KIM, [said("My dog is called Rex.", place=KIM.place, minutes=50)])
        house.new.may_go.set()
        await move

        shown = [one.text for one in await memory.show(KIM)]

    assert "My dog is called Rex." in shown
    assert len(await house.new_store.all(KIM)) == 3
    assert all(record.vector is not None and len(record.vector) == 64 for record in await house.new_store.all(KIM))


async def test_a_move_that_broke_off_goes_on_where_it_was(house: House) -> None:
    async with house.moving() as memory:
        async for _ in memory.move():
            break  # the house closes after the first fan
    encoded = len(house.new.encoded)

    async with house.moving() as memory:
        answers = [await names(memory, scope) for scope in (KIM, LEE)]
        await moved(memory)

    again = [text for text in house.new.encoded[encoded:] if "Miso" in text]
    assert answers == [["My cat is called Miso."], ["My cat is called Mochi."]]
    assert again == []
    assert await house.old_store.count(LEE) == 0


async def test_who_is_new_goes_to_the_new_index_at_once(house: House) -> None:
    ann = Scope("mika", "web:ann", Place("web:ann"))
    async with house.moving() as memory:
        await memory.remember(ann, [said("My cat is called Tofu.", by="web:ann", place=ann.place)])

        assert await names(memory, ann) == ["My cat is called Tofu."]
    assert await house.old_store.count(ann) == 0
    assert await house.new_store.count(ann) == 1


async def test_forgetting_waits_for_a_move_and_leaves_nothing_in_either_index(house: House) -> None:
    async with house.moving() as memory:
        house.new.may_go.clear()
        move = asyncio.create_task(moved(memory))
        await asyncio.sleep(0.05)
        forgetting = asyncio.create_task(memory.forget_fan("web:kim"))
        await asyncio.sleep(0.05)
        house.new.may_go.set()

        receipt = await forgetting
        await move

    assert receipt.complete
    assert receipt.memories == 2
    assert await house.old_store.count(KIM) == await house.new_store.count(KIM) == 0


async def test_one_memory_forgotten_during_a_move_is_in_neither_index(house: House) -> None:
    async with house.moving() as memory:
        house.new.may_go.clear()
        move = asyncio.create_task(moved(memory))
        await asyncio.sleep(0.05)
        house.new.may_go.set()
        (first, _) = await memory.show(KIM)
        await memory.forget(KIM, first.id)
        await move

    assert await house.old_store.count(KIM) == await house.new_store.count(KIM) == 0


async def test_another_encoders_cosines_are_read_as_minilms() -> None:
    class Shy(HashingEncoder):
        """Whose vectors all point nearly the same way."""

        async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            rows = await super().encode(texts) * 0.3
            rows[:, 0] += 1.0
            return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    plain, shy = await tuned(HashingEncoder(), ["en"]), await tuned(Shy(), ["en", "zh"])

    assert plain.slope < shy.slope
    assert shy.offset < -1
    assert shy.reads == {"en", "zh"}
    assert 0 < UNRELATED < RELATED < 1


async def test_the_shipped_encoders_cosines_are_taken_as_they_are() -> None:
    class Shipped(HashingEncoder):
        @property
        def name(self) -> str:
            return "all-minilm-l6-v2"

    encoder = Shipped()

    assert (await tuned(encoder, ["en"])) == Tuning()
    assert encoder.encoded == []
