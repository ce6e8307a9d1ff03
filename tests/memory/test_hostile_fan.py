"""A fan whose id looks like another's, or who names another's memories, gets none of their words by any call."""

from itertools import permutations
from pathlib import Path

import pytest

from memory import Scope, UnknownMemory
from memory.chroma_store import ChromaStore
from memory.journal import Journal
from memory.memory import Memory
from memory.testing import StoreInRam, journal_in_ram, memory_in_ram
from personas import Place
from serving.testing import HashingEncoder
from tests.memory.builders import chat, said

LOOKALIKES = [
    "web:café",  # one sign
    "web:cafe\u0301",  # the same with an accent beside the letter
    "web:CAFÉ",
    "web:café ",
    "web:café\u200b",
    "web:caf%",
    "web:caf_",
    "web:café/mika",
    "web:café:said",
    "web:café\x1fmika",
    "../web:café",
    "web:" + "café" * 50,
    "web:" + "café" * 50 + "x",
]
PLACES = ["discord:guild-1/general", "discord:guild-10/general", "discord:guild-1/general/2", "discord:GUILD-1/general"]


def secret(number: int) -> str:
    return f"My password is heliotrope{number}."


async def everything(memory: Memory, journal: Journal, scope: Scope) -> str:
    """All that a fan can be shown."""
    seen: list[object] = [await memory.show(scope, everywhere=True), await memory.search(scope, "What is my password?")]
    seen += [await memory.recall(scope, [said("What is my password?", by=scope.fan_id, place=scope.place, minutes=9)])]
    seen += [await journal.export(scope.fan_id), await journal.words(scope.fan_id), await journal.talks(scope.fan_id)]
    return str(seen)


async def test_ids_that_look_alike_are_different_people(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path / "memories", encoder="hashing-256", open_at_most=3)
    async with journal_in_ram() as journal, Memory(journal, store, HashingEncoder()) as memory:
        scopes = {fan: Scope("mika", fan, Place(f"web:talk-{n}")) for n, fan in enumerate(LOOKALIKES)}
        for number, (fan, scope) in enumerate(scopes.items()):
            await chat(journal, secret(number), by=fan, place=scope.place)
            await memory.sync(scope)

        for number, scope in enumerate(scopes.values()):
            seen = await everything(memory, journal, scope)
            assert [n for n in range(len(scopes)) if f"heliotrope{n}." in seen] == [number]

        await memory.forget_fan(LOOKALIKES[0])
        for number, scope in list(enumerate(scopes.values()))[1:]:
            assert f"heliotrope{number}." in await everything(memory, journal, scope)


@pytest.mark.parametrize(("mine", "yours"), list(permutations(["mika", "mika2", "mi-ka", "mi_ka"], 2)))
async def test_what_is_told_to_one_persona_is_not_known_to_another(mine: str, yours: str) -> None:
    async with journal_in_ram() as journal, memory_in_ram(journal) as memory:
        told = Scope(mine, "web:kim", Place("web:1"))
        await memory.remember(told, [said(secret(1))])

        other = Scope(yours, "web:kim", Place("web:2"))
        assert await memory.show(other, everywhere=True) == ()
        assert await memory.search(other, "What is my password?") == ()


@pytest.mark.parametrize(("told_in", "asked_in"), list(permutations(PLACES, 2)))
async def test_a_guild_whose_id_begins_like_anothers_hears_nothing_of_it(told_in: str, asked_in: str) -> None:
    same = told_in.partition("/")[0] == asked_in.partition("/")[0]
    async with journal_in_ram() as journal, memory_in_ram(journal) as memory:
        told = Scope("mika", "discord:kim", Place(told_in))
        await memory.remember(told, [said(secret(1), by="discord:kim", place=told.place)])

        asked = Scope("mika", "discord:kim", Place(asked_in))
        found = await memory.search(asked, "What is my password?")

    assert bool(found) is same


async def test_nobody_corrects_or_forgets_what_is_somebody_elses() -> None:
    async with journal_in_ram() as journal, memory_in_ram(journal) as memory:
        lee, kim = (Scope("mika", f"web:{name}", Place(f"web:{name}s")) for name in ("lee", "kim"))
        (turn,) = await chat(journal, secret(1), by="web:lee", place=lee.place)
        await memory.sync(lee)
        lees = [one.id for one in await memory.show(lee)]
        before = await journal.export("web:lee")

        for memory_id in (*lees, f"{turn.id}:said", turn.id):
            with pytest.raises(UnknownMemory):
                await memory.correct(kim, memory_id, "nothing")
            with pytest.raises(UnknownMemory):
                await memory.forget(kim, memory_id)

        assert lees
        assert await journal.export("web:lee") == before


async def test_a_record_of_the_same_id_belongs_to_whoever_said_it() -> None:
    store = StoreInRam()
    async with journal_in_ram() as journal, memory_in_ram(journal, store) as memory:
        lee, kim = (Scope("mika", f"web:{name}", Place(f"web:{name}s")) for name in ("lee", "kim"))
        await memory.remember(lee, [said(secret(1), by="web:lee", place=lee.place, id="same")])
        await memory.remember(kim, [said("Mine.", by="web:kim", place=kim.place, id="same")])

        await memory.correct(kim, "same", "Mine, corrected.")
        await memory.forget(kim, "same")

        assert [one.text for one in await memory.show(lee)] == [secret(1)]
        assert await memory.show(kim) == ()
