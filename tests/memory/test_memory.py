"""What a fan may expect of a persona's memory."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from memory.errors import RecallError, StoreAway, UnknownMemory
from memory.journal import Journal
from memory.memory import Memory
from memory.record import Record
from memory.scope import Scope, Sharing
from memory.testing import StoreInRam, journal_in_ram, memory_in_ram
from personas import Place, Recollection, Utterance, persona_speaker
from tests.memory.builders import DM, GUILD, NOON, WEB, chat, said, take, turn

KIM = Scope("mika", "web:kim", WEB)
KIM_DM = Scope("mika", "discord:kim", DM)
KIM_GUILD = Scope("mika", "discord:kim", GUILD)
BOTH_WAYS = Sharing(private_to_public=True, public_to_private=True)


@pytest.fixture
async def journal() -> AsyncIterator[Journal]:
    async with journal_in_ram() as opened:
        yield opened


@pytest.fixture
def store() -> StoreInRam:
    return StoreInRam()


@pytest.fixture
async def memory(journal: Journal, store: StoreInRam) -> AsyncIterator[Memory]:
    async with memory_in_ram(journal, store, sharing=lambda _: BOTH_WAYS) as opened:
        yield opened


def texts(found: tuple[Recollection, ...]) -> list[str]:
    return [one.text for one in found]


def reply(text: str, *, minutes: float = 0, place: Place = WEB) -> Utterance:
    return said(text, by="persona:mika", place=place, minutes=minutes, name="Mika")


async def test_what_a_fan_told_comes_to_mind_when_they_ask(memory: Memory) -> None:
    await memory.remember(KIM, [said("My cat is called Miso."), said("I work in a bakery.", minutes=1)])

    found = await memory.recall(KIM, [said("What is my cat called?", minutes=90)])

    assert found[0].text == "My cat is called Miso."
    assert found[0].speaker_name == "Kim"


async def test_the_words_just_heard_do_not_come_to_mind(memory: Memory, journal: Journal) -> None:
    asked = said("What is my cat called?", minutes=5)
    await journal.hear(asked, persona_id="mika")
    await memory.remember(KIM, [said("My cat is called Miso."), asked])

    found = await memory.recall(KIM, [asked], besides=())

    assert texts(found) == ["My cat is called Miso."]


async def test_what_stands_in_the_prompt_anyway_is_left_out(memory: Memory) -> None:
    told = said("My cat is called Miso.")
    await memory.remember(KIM, [told])

    found = await memory.recall(KIM, [said("What is my cat called?", minutes=5)], besides=[told.id])

    assert found == ()


async def test_the_index_is_made_from_the_journal_at_the_first_recall(memory: Memory, journal: Journal) -> None:
    await chat(journal, "My cat is called Miso.", "I work in a bakery.")

    found = await memory.recall(KIM, [said("What is my cat called?", minutes=90)])

    assert found[0].text == "My cat is called Miso."
    assert await memory.count(KIM) == 4


async def test_an_index_that_lost_records_is_mended_after_a_restart(journal: Journal, store: StoreInRam) -> None:
    async with memory_in_ram(journal, store) as before:
        await before.remember(KIM, [said("My cat is called Miso.", id="cat"), said("I bake.", minutes=1)])
    await store.delete(KIM, ["cat"])

    async with memory_in_ram(journal, store) as after:
        shown = await after.show(KIM)

    assert texts(shown) == ["My cat is called Miso.", "I bake."]
    assert [record.id for record in await store.all(KIM) if record.id == "cat"] == ["cat"]


@pytest.mark.parametrize("read_every", [1, 4])
async def test_words_read_a_few_at_a_time_get_the_vectors_that_a_rebuild_gives_them(
    journal: Journal, store: StoreInRam, read_every: int
) -> None:
    lines = [
        said(f"line {number} about {'tea' if number % 3 else 'cats?'}", minutes=number * 11) for number in range(15)
    ]
    async with memory_in_ram(journal, store) as memory:
        for number, line in enumerate(lines):
            await memory.remember(KIM, [line])
            if number % read_every == 0:
                await memory.show(KIM)
        await memory.show(KIM)
        grown = await store.all(KIM)

        await memory.rebuild(KIM)

    rebuilt = await store.all(KIM)
    assert rebuilt == grown
    for one, other in zip(grown, rebuilt, strict=True):
        assert one.vector is not None
        assert other.vector is not None
        assert float(one.vector @ other.vector) == pytest.approx(1.0, abs=1e-5)


async def test_nothing_is_encoded_again_when_nothing_changed(journal: Journal, store: StoreInRam) -> None:
    async with memory_in_ram(journal, store) as memory:
        await memory.remember(KIM, [said("one"), said("two", minutes=1)])
    vectors = [record.vector for record in await store.all(KIM)]

    async with memory_in_ram(journal, store) as memory:
        await memory.sync(KIM)

    assert all(a is b for a, b in zip(vectors, [one.vector for one in await store.all(KIM)], strict=True))


async def test_what_was_said_in_private_stays_there(memory: Memory) -> None:
    await memory.remember(KIM_DM, [said("My secret is a blue parrot.", by="discord:kim", place=DM)])

    in_guild = await memory.recall(KIM_GUILD, [said("my blue parrot secret", by="discord:kim", place=GUILD, minutes=5)])
    in_private = await memory.recall(KIM_DM, [said("my blue parrot secret", by="discord:kim", place=DM, minutes=5)])

    assert in_guild == ()
    assert texts(in_private) == ["My secret is a blue parrot."]


async def test_what_was_said_in_a_guild_is_recalled_in_its_channels_and_in_no_other_guild(memory: Memory) -> None:
    await memory.remember(KIM_GUILD, [said("I keep a blue parrot.", by="discord:kim", place=GUILD)])
    asked = said("my blue parrot", by="discord:kim", minutes=5)

    same = await memory.recall(replace(KIM_GUILD, place=Place("discord:guild-1/music")), [asked])
    other = await memory.recall(replace(KIM_GUILD, place=Place("discord:guild-2/general")), [asked])
    private = await memory.recall(KIM_DM, [asked])

    assert texts(same) == ["I keep a blue parrot."]
    assert other == private == ()


@pytest.mark.parametrize(("said_in", "asked_in"), [(KIM_DM, KIM_GUILD), (KIM_GUILD, KIM_DM)])
async def test_memories_cross_only_when_operator_and_fan_both_allow_it(
    said_in: Scope, asked_in: Scope, journal: Journal, store: StoreInRam
) -> None:
    asked = [said("my blue parrot", by="discord:kim", minutes=5)]
    async with (
        memory_in_ram(journal, store) as closed,
        memory_in_ram(journal, store, sharing=lambda _: BOTH_WAYS) as opened,
    ):
        await opened.remember(said_in, [said("I keep a blue parrot.", by="discord:kim", place=said_in.place)])

        operator_only = await opened.recall(asked_in, asked)
        await journal.share(asked_in, BOTH_WAYS)
        fan_only = await closed.recall(asked_in, asked)
        both = await opened.recall(asked_in, asked)

    assert operator_only == fan_only == ()
    assert texts(both) == ["I keep a blue parrot."]


async def test_each_fan_in_a_room_is_remembered_apart(memory: Memory, journal: Journal) -> None:
    kim = said("I am allergic to nuts", by="discord:kim", place=GUILD)
    lee = said("I am allergic to cats", by="discord:lee", place=GUILD)
    done = await take(journal, turn(kim, lee), "Noted!")
    heard = [*done.heard, reply("Noted!", place=GUILD)]

    await memory.remember(KIM_GUILD, heard)
    await memory.remember(replace(KIM_GUILD, fan_id="discord:lee"), heard)

    assert "I am allergic to cats" not in texts(await memory.show(KIM_GUILD))
    found = await memory.recall(KIM_GUILD, [said("what am I allergic to", by="discord:kim", place=GUILD, minutes=9)])
    assert "I am allergic to nuts" in texts(found)
    assert "I am allergic to cats" not in texts(found)


async def test_a_memory_can_be_corrected_and_stays_corrected(journal: Journal, store: StoreInRam) -> None:
    async with memory_in_ram(journal, store) as memory:
        await memory.remember(KIM, [said("My cat is called Miso.", id="cat"), said("I bake.", minutes=1)])
        await memory.state(KIM, [fact("f1", "Kim's cat is called Miso.", sources=("cat",))])

        await memory.correct(KIM, "cat", "My cat is called Mochi.")

        assert texts(await memory.show(KIM)) == ["My cat is called Mochi.", "I bake."]
    async with memory_in_ram(journal, store) as memory:
        assert texts(await memory.show(KIM)) == ["My cat is called Mochi.", "I bake."]


def fact(id: str, text: str, *, sources: tuple[str, ...]) -> Record:
    return Record(id, text, "web:kim", "Kim", WEB, "private", NOON + timedelta(hours=3), "fact", sources)


async def test_a_forgotten_memory_takes_its_facts_and_never_comes_back(journal: Journal, store: StoreInRam) -> None:
    async with memory_in_ram(journal, store) as memory:
        await memory.remember(KIM, [said("My cat is called Miso.", id="cat"), said("I bake.", minutes=1)])
        await memory.state(KIM, [fact("f1", "Kim's cat is called Miso.", sources=("cat",))])

        await memory.forget(KIM, "cat")

        assert texts(await memory.show(KIM)) == ["I bake."]
    async with memory_in_ram(journal, store) as memory:
        await memory.remember(KIM, [said("My cat is called Miso.", id="cat")])
        assert texts(await memory.show(KIM)) == ["I bake."]
        assert [record.id for record in await store.all(KIM)] != ["cat"]


async def test_forgetting_takes_words_and_reply_out_of_the_history_as_well(memory: Memory, journal: Journal) -> None:
    first, second, third = await chat(journal, "Hi", "My cat is called Miso.", "And I bake.")

    await memory.forget(KIM, second.heard[0].id)

    history = await journal.path(WEB, "mika")
    assert [one.id for one in history] == [first.id, third.id]
    assert texts(await memory.show(KIM)) == ["Hi", "Reply to Hi", "And I bake.", "Reply to And I bake."]


async def test_a_reply_can_be_forgotten_by_itself(memory: Memory, journal: Journal) -> None:
    (done,) = await chat(journal, "My cat is called Miso.")

    await memory.forget(KIM, done.id + ":said")

    (left,) = await journal.path(WEB, "mika")
    assert left.said == ""
    assert texts(await memory.show(KIM)) == ["My cat is called Miso."]


async def test_a_memory_of_somebody_else_cannot_be_touched(memory: Memory) -> None:
    await memory.remember(KIM, [said("My cat is called Miso.", id="cat")])
    await memory.remember(KIM_DM, [said("secret", by="discord:kim", place=DM, id="secret")])
    lee = replace(KIM, fan_id="web:lee")

    for scope, one in [(lee, "cat"), (KIM, "no such"), (KIM_GUILD, "secret")]:
        with pytest.raises(UnknownMemory):
            await memory.correct(scope, one, "mine now")
        with pytest.raises(UnknownMemory):
            await memory.forget(scope, one)


async def test_in_private_a_fan_may_see_what_is_remembered_everywhere(memory: Memory) -> None:
    await memory.remember(KIM_DM, [said("private words", by="discord:kim", place=DM)])
    await memory.remember(KIM_GUILD, [said("public words", by="discord:kim", place=GUILD, minutes=1)])

    private = await memory.show(KIM_DM, everywhere=True)
    public = await memory.show(KIM_GUILD, everywhere=True)

    assert texts(private) == ["private words", "public words"]
    assert texts(public) == ["public words"]


async def test_another_branch_brings_its_own_memories(memory: Memory, journal: Journal) -> None:
    first, second = await chat(journal, "I like tea", "I live in Oslo")
    await memory.sync(KIM)
    await take(journal, turn(said("I live in Bergen", minutes=3), after=first.id), "How nice")
    await memory.sync(KIM)

    edited = texts(await memory.show(KIM))
    await journal.choose(second.id)
    await memory.sync(KIM)

    assert "I live in Bergen" in edited
    assert "I live in Oslo" not in edited
    assert "I live in Oslo" in texts(await memory.show(KIM))


async def test_an_edited_message_is_remembered_in_its_new_words(memory: Memory, journal: Journal) -> None:
    words = said("I live in Oslo", by="discord:kim", place=GUILD)
    await journal.hear(words, persona_id="mika")
    await memory.remember(KIM_GUILD, [words])

    for scope in await journal.rephrase(words.id, place=GUILD, text="I live in Bergen"):
        await memory.sync(scope)

    assert texts(await memory.show(KIM_GUILD)) == ["I live in Bergen"]


async def test_a_broken_index_stops_a_recall_and_loses_nothing(
    memory: Memory, store: StoreInRam, journal: Journal
) -> None:
    await chat(journal, "My cat is called Miso.")
    store.fail_with = StoreAway("The index is on strike.")

    with pytest.raises(RecallError, match="strike"):
        await memory.recall(KIM, [said("my cat?")])
    store.fail_with = None

    assert "My cat is called Miso." in texts(await memory.show(KIM))


async def test_a_reply_that_ends_while_its_fan_is_forgotten_brings_nothing_back(journal: Journal) -> None:
    forgetting, go_on = asyncio.Event(), asyncio.Event()

    class Slow(StoreInRam):
        async def erase(self, persona_id: str | None, fan_id: str) -> int:
            forgetting.set()
            await go_on.wait()
            return await super().erase(persona_id, fan_id)

    async with memory_in_ram(journal, Slow()) as memory:
        secret = said("My street is Elm.")
        done = await take(journal, turn(secret), "Elm, then.")
        reply = replace(secret, id=f"{done.id}:said", speaker_id=persona_speaker("mika"), text="Elm, then.")
        receipt = asyncio.create_task(memory.forget_fan("web:kim"))
        await forgetting.wait()
        late = asyncio.create_task(memory.remember(KIM, [secret, reply]))
        await asyncio.sleep(0)
        go_on.set()
        await late

        assert (await receipt).complete
        assert await journal.left("web:kim") == 0
        assert await memory.show(KIM) == ()


async def test_a_forgotten_fan_is_gone_with_a_receipt(memory: Memory, journal: Journal) -> None:
    await chat(journal, "My cat is called Miso.", "I bake.")
    await chat(journal, "Lee's words", by="web:lee", place=Place("web:2"))
    await memory.sync(KIM)

    receipt = await memory.forget_fan("web:kim")

    assert (receipt.turns, receipt.utterances, receipt.memories) == (2, 2, 4)
    assert receipt.complete
    assert await memory.show(KIM) == ()
    assert len(await memory.show(Scope("mika", "web:lee", Place("web:2")))) == 2


async def test_forgetting_with_one_persona_leaves_the_other(memory: Memory, journal: Journal) -> None:
    await chat(journal, "to mika", place=Place("web:1"))
    await chat(journal, "to ren", place=Place("web:2"), persona="ren")

    receipt = await memory.forget_fan("web:kim", "mika")

    assert receipt.complete
    assert await memory.show(Scope("mika", "web:kim", Place("web:1"))) == ()
    assert len(await memory.show(Scope("ren", "web:kim", Place("web:2")))) == 2


async def test_how_often_a_memory_came_to_mind_is_known_after_a_restart(journal: Journal, store: StoreInRam) -> None:
    asked = [said("What is my cat called?", minutes=90)]
    async with memory_in_ram(journal, store) as memory:
        await memory.remember(KIM, [said("My cat is called Miso.", id="cat"), said("I bake.", minutes=1, id="bake")])
        for _ in range(3):
            await memory.recall(KIM, asked)
    async with memory_in_ram(journal, store) as memory:
        await memory.recall(KIM, asked)

    assert (await journal.marks(KIM, "recalled "))["cat"] == "4"


async def test_forgetting_a_fan_forgets_what_came_to_mind(memory: Memory, journal: Journal) -> None:
    await memory.remember(KIM, [said("My cat is called Miso.", id="cat")])
    await memory.recall(KIM, [said("What is my cat called?", minutes=90)])

    receipt = await memory.forget_fan("web:kim")
    await memory.aclose()

    assert receipt.complete
    assert await journal.marks(KIM, "recalled ") == {}


async def test_memories_met_long_ago_make_room_in_ram_and_are_found_again(journal: Journal, store: StoreInRam) -> None:
    scopes = [Scope("mika", f"web:{number}", WEB) for number in range(5)]
    async with memory_in_ram(journal, store, records_in_ram=3) as memory:
        for scope in scopes:
            await memory.remember(
                scope, [said(f"I am {scope.fan_id}", by=scope.fan_id), said("hm", by=scope.fan_id, minutes=1)]
            )

        shown = [await memory.show(scope) for scope in scopes]

    assert [found[0].text for found in shown] == [f"I am {scope.fan_id}" for scope in scopes]
