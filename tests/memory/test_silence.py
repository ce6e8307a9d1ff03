"""What a fan says is read when they fall silent; until then nothing is lost, and nothing looks otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from memory.errors import StoreAway
from memory.memory import Memory
from memory.scope import Scope
from memory.testing import StoreInRam, journal_in_ram, memory_in_ram
from personas import Place, Utterance
from serving import EngineAway
from serving.embedding import Vectors
from serving.testing import HashingEncoder
from tests.eventually import eventually
from tests.memory.builders import GUILD, NOON, WEB, said

KIM = Scope("mika", "web:kim", WEB)
CAT = said("My cat is called Biscuit.", id="cat")
AN_HOUR = 3600.0


class Counting(HashingEncoder):
    """Counts the texts it is given; `away` makes it fail."""

    def __init__(self) -> None:
        super().__init__(32)
        self.texts = 0
        self.away = False

    async def encode(self, texts: Sequence[str]) -> Vectors:
        if self.away:
            raise EngineAway("The encoder is away.")
        self.texts += len(texts)
        return await super().encode(texts)


async def recalled(memory: Memory, scope: Scope, *, besides: Sequence[str] = ()) -> list[str]:
    asked = said("What is my cat Biscuit called?", place=scope.place, minutes=5)
    return [one.id for one in await memory.recall(scope, [asked], now=NOON, besides=besides)]


def talk(lines: int) -> list[Utterance]:
    return [said(f"line {number} of many", id=f"u-{number}", minutes=number) for number in range(lines)]


async def test_a_talk_is_read_in_one_go_once_the_fan_is_silent() -> None:
    store, encoder = StoreInRam(), Counting()
    async with journal_in_ram() as journal, memory_in_ram(journal, store, encoder, reads_after=0.05) as memory:
        await memory.show(KIM)
        for line in talk(6):
            await memory.remember(KIM, [line])
        assert (store.size, encoder.texts) == (0, 0)

        await eventually(lambda: store.size == 6)

        assert encoder.texts == 12  # each line and its window, once


async def test_who_never_falls_silent_is_read_every_sixteen_lines() -> None:
    store = StoreInRam()
    async with journal_in_ram() as journal, memory_in_ram(journal, store, reads_after=AN_HOUR) as memory:
        await memory.show(KIM)
        for line in talk(17):
            await memory.remember(KIM, [line])

        assert store.size == 16
        assert await memory.count(KIM) == 17


async def test_what_the_prompt_shows_anyway_is_not_read_for_it() -> None:
    store = StoreInRam()
    async with journal_in_ram() as journal, memory_in_ram(journal, store, reads_after=AN_HOUR) as memory:
        await memory.show(KIM)
        await memory.remember(KIM, [CAT])

        assert await recalled(memory, KIM, besides=["cat"]) == []
        assert store.size == 0


async def test_what_was_just_said_elsewhere_is_read_before_it_is_asked_for() -> None:
    here, there = replace(KIM, place=GUILD), replace(KIM, place=Place("discord:guild-1/music"))
    async with journal_in_ram() as journal, memory_in_ram(journal, reads_after=AN_HOUR) as memory:
        await memory.show(here)
        await memory.remember(here, [replace(CAT, place=here.place)])

        assert await recalled(memory, there) == ["cat"]


async def test_a_house_that_dies_before_the_silence_finds_the_words_in_the_journal() -> None:
    async with journal_in_ram() as journal, memory_in_ram(journal, reads_after=AN_HOUR) as memory:
        await memory.show(KIM)
        await memory.remember(KIM, [CAT])

        async with memory_in_ram(journal) as after_the_crash:
            assert await recalled(after_the_crash, KIM) == ["cat"]


async def test_a_fan_who_is_forgotten_before_the_silence_stays_forgotten() -> None:
    store = StoreInRam()
    async with journal_in_ram() as journal, memory_in_ram(journal, store, reads_after=0.05) as memory:
        await memory.show(KIM)
        await memory.remember(KIM, [CAT])

        receipt = await memory.forget_fan(KIM.fan_id)
        with capture_logs() as logged:
            await memory.remember(replace(KIM, fan_id="web:lee"), [said("Hello", by="web:lee")])
            await eventually(lambda: store.size == 1)

        assert receipt.complete
        assert logged == []
        assert await memory.count(KIM) == 0


async def test_an_encoder_that_is_away_is_told_and_asked_again() -> None:
    encoder = Counting()
    async with journal_in_ram() as journal, memory_in_ram(journal, None, encoder, reads_after=0.01) as memory:
        await memory.show(KIM)
        encoder.away = True
        with capture_logs() as logged:
            await memory.remember(KIM, [CAT])
            await eventually(lambda: bool(logged))
        encoder.away = False

        assert [line["reason"] for line in logged] == ["The encoder is away."]
        assert await recalled(memory, KIM) == ["cat"]


async def test_a_line_that_is_deleted_before_the_silence_is_never_read() -> None:
    store = StoreInRam()
    async with journal_in_ram() as journal, memory_in_ram(journal, store, reads_after=AN_HOUR) as memory:
        await memory.show(KIM)
        await memory.remember(KIM, [CAT, said("And it is grey.", id="grey", minutes=1)])

        await memory.forget(KIM, "cat")

        assert [one.id for one in await memory.show(KIM)] == ["grey"]
        assert [one.text for one in await store.all(KIM)] == ["And it is grey."]


@pytest.mark.parametrize("minutes", [5, 60 * 24])
async def test_an_older_line_that_comes_late_finds_its_place(minutes: int) -> None:
    async with journal_in_ram() as journal, memory_in_ram(journal, reads_after=AN_HOUR) as memory:
        await memory.show(KIM)
        await memory.remember(KIM, [said("second", id="b", minutes=minutes)])
        await memory.remember(KIM, [said("first", id="a")])

        assert [one.id for one in await memory.show(KIM)] == ["a", "b"]
        assert (await memory.show(KIM))[1].at == NOON + timedelta(minutes=minutes)


async def test_an_index_that_is_gone_hides_only_what_was_said_lately() -> None:
    store = StoreInRam()
    async with journal_in_ram() as journal, memory_in_ram(journal, store, reads_after=AN_HOUR) as memory:
        await memory.remember(KIM, [CAT])
        store.fail_with = StoreAway("The server does not answer.")
        await memory.remember(KIM, [said("Biscuit is grey.", id="grey", minutes=1)])

        assert await recalled(memory, KIM) == ["cat"]

        store.fail_with = None
        assert set(await recalled(memory, KIM)) == {"cat", "grey"}
