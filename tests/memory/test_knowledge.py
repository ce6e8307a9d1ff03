"""What a persona's documents say comes to her mind with where it is written, for every fan; no fan writes there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from memory.knowledge import Library, shelf_of
from memory.memory import Memory
from memory.recollecting import Recollecting
from memory.scope import Scope
from memory.testing import StoreInRam, journal_in_ram, memory_in_ram
from personas import Persona, Place, Recollection, Scene, render
from serving import Encoder
from serving.embedding import OnnxEncoder
from serving.testing import HashingEncoder
from tests.memory.builders import GUILD, NOON, WEB, said

KIM = Scope("mika", "web:kim", WEB)
HARBOUR = "# Harbour\n\nThe lighthouse opens at nine o'clock in summer.\n\n# Food\n\nFried squid is sold on the pier.\n"


class Counting(HashingEncoder):
    """Knows how many texts it encoded, and can be made to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        await self.may_go.wait()
        return await super().encode(texts)


class House:
    """Mika with a folder of documents, and a memory with her library."""

    def __init__(self, folder: Path, store: StoreInRam, encoder: Encoder, memory: Memory, library: Library) -> None:
        self.folder, self.store, self.encoder = folder, store, encoder
        self.memory, self.library = memory, library

    async def ask(self, text: str, scope: Scope = KIM, *, limit: int = 8) -> tuple[Recollection, ...]:
        return await self.memory.recall(scope, [said(text, by=scope.fan_id, minutes=90)], limit=limit)


@asynccontextmanager
async def opened(folder: Path, store: StoreInRam, encoder: Encoder, *documents: str) -> AsyncIterator[House]:
    mika = Persona(id="mika", name="Mika", who="A singer.", knowledge=documents)
    library = Library(
        store,
        encoder,
        persona=lambda name: mika if name == "mika" else None,
        folder=lambda _: folder,
        blank=Recollecting(encoder).blank,
    )
    async with journal_in_ram() as journal, memory_in_ram(journal, store, encoder, library=library) as memory, library:
        yield House(folder, store, encoder, memory, library)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "town.md").write_text(HARBOUR)
    async with opened(tmp_path, StoreInRam(), HashingEncoder(), "town.md") as house:
        house.library.open(["mika"])
        await house.library.settled()
        yield house


async def test_a_passage_comes_to_mind_with_where_it_is_written(house: House) -> None:
    (found,) = await house.ask("When does the lighthouse open in summer, at what o'clock?")

    assert (found.kind, found.source) == ("knowledge", "town.md, Harbour")
    assert found.text == "The lighthouse opens at nine o'clock in summer."


async def test_every_fan_and_every_place_hears_the_same(house: House) -> None:
    question = "When does the lighthouse open in summer, at what o'clock?"

    answers = [
        await house.ask(question, Scope("mika", fan, place))
        for fan, place in [("web:kim", WEB), ("web:lee", Place("web:2")), ("discord:7", GUILD)]
    ]

    assert [[one.text for one in found] for found in answers] == [[answers[0][0].text]] * 3


async def test_another_persona_does_not_know_it(house: House) -> None:
    assert await house.ask("When does the lighthouse open in summer?", Scope("bram", "web:kim", WEB)) == ()


async def test_a_passage_is_put_into_words_as_a_quotation(house: House) -> None:
    found = await house.ask("When does the lighthouse open in summer, at what o'clock?")
    mika = Persona(id="mika", name="Mika", who="A singer.")

    prompt = render(Scene(mika, WEB, (said("When?"),), recollections=found, now=NOON))

    assert '- town.md, Harbour: "The lighthouse opens at nine o\'clock in summer."' in prompt.messages[-1].content


async def test_small_talk_brings_no_passage_to_mind(house: House) -> None:
    assert await house.ask("Hello you, I feel happy today!") == ()


async def test_memories_and_passages_share_the_limit(house: House) -> None:
    told = [said(f"The lighthouse did open for me in summer {number}.", minutes=number) for number in range(5)]
    await house.memory.remember(KIM, told)

    found = await house.ask("When does the lighthouse open in summer, at what o'clock?", limit=2)
    nothing = await house.ask("When does the lighthouse open in summer, at what o'clock?", limit=0)

    assert [one.kind for one in found] == ["utterance", "knowledge"]
    assert nothing == ()


async def test_only_what_is_new_is_embedded_and_what_is_gone_is_removed(house: House, tmp_path: Path) -> None:
    assert isinstance(house.encoder, HashingEncoder)
    before = len(house.encoder.encoded)
    (tmp_path / "town.md").write_text(HARBOUR.replace("Fried squid is sold", "Grilled squid is eaten"))

    await house.ask("hm")  # sees that the file changed
    await house.library.settled()

    new = [text for text in house.encoder.encoded[before:] if "squid" in text]
    kept = await house.store.all(shelf_of("mika"))
    assert new == ["Food\nGrilled squid is eaten on the pier."]
    assert sorted(record.text for record in kept) == [
        "Food\nGrilled squid is eaten on the pier.",
        "Harbour\nThe lighthouse opens at nine o'clock in summer.",
    ]


async def test_after_a_restart_nothing_is_embedded_again(house: House, tmp_path: Path) -> None:
    encoder = HashingEncoder()

    async with opened(tmp_path, house.store, encoder, "town.md") as again:
        assert await again.library.shelve("mika") == 2

    assert encoder.encoded == []


async def test_nobody_waits_for_documents_that_are_being_embedded(tmp_path: Path) -> None:
    (tmp_path / "town.md").write_text(HARBOUR)
    encoder = Counting()
    async with opened(tmp_path, StoreInRam(), encoder, "town.md") as house:
        await house.memory.remember(KIM, [said("I saw the lighthouse.")])
        encoder.may_go.clear()
        house.library.open(["mika"])
        await asyncio.sleep(0)

        asking = house.library.recall("mika", [], now=NOON)

        assert asking == ()
        encoder.may_go.set()
        await house.library.settled()


async def test_a_document_that_cannot_be_read_leaves_her_speaking(tmp_path: Path) -> None:
    async with opened(tmp_path, StoreInRam(), HashingEncoder(), "missing.md") as house:
        await house.memory.remember(KIM, [said("I saw the lighthouse.")])
        house.library.open(["mika"])
        await house.library.settled()

        found = await house.ask("Which lighthouse did I see?")

    assert [one.text for one in found] == ["I saw the lighthouse."]


async def test_forgetting_a_fan_leaves_the_documents(house: House) -> None:
    await house.memory.remember(KIM, [said("I saw the lighthouse.")])

    receipt = await house.memory.forget_fan("web:kim")

    assert receipt.complete
    assert await house.store.count(shelf_of("mika")) == 2


@pytest.mark.slow
async def test_the_real_encoder_finds_a_passage_by_its_meaning(tmp_path: Path) -> None:
    (tmp_path / "town.md").write_text(HARBOUR)
    async with opened(tmp_path, StoreInRam(), OnnxEncoder.default(), "town.md") as house:
        await house.library.shelve("mika")

        hours = await house.ask("What are the opening hours of the lighthouse?")
        chat = [await house.ask(text) for text in ("I'm so tired today.", "Good morning!", "What is my name?")]

    assert [one.source for one in hours] == ["town.md, Harbour"]
    assert chat == [(), (), ()]
