"""What a persona's author forbids is not remembered, recalled or concluded."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from memory.journal import Journal
from memory.lexical_kin import EnglishKin
from memory.policy import Policy
from memory.record import Record
from memory.scope import Scope
from memory.testing import journal_in_ram, memory_in_ram
from personas import Remembers
from tests.memory.builders import NOON, WEB, chat, said

KIM = Scope("mika", "web:kim", WEB)


@pytest.fixture
async def journal() -> AsyncIterator[Journal]:
    async with journal_in_ram() as opened:
        yield opened


def policy(**rules: object) -> Policy:
    return Policy.of(Remembers.model_validate(rules), EnglishKin())


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("health", "I have been ill all week."),
        ("health", "The medicine makes me sleepy."),
        ("addresses", "I live at 12 Hill Street."),
        ("addresses", "Write to kim@example.org!"),
        ("addresses", "我住在中山路12号。"),
        ("religion", "We go to church on Sundays."),
        ("names of pets", "My dog's name is Rex."),
        ("病", "我最近生病了。"),
    ],
)
def test_a_topic_is_found_in_other_words(topic: str, text: str) -> None:
    assert policy(skip=[topic]).skips(text)


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("health", "I won a sea of wealth in the game."),
        ("addresses", "We met at 12 on Friday."),
        ("names of pets", "My name is Kim."),
        ("religion", "I play the piano."),
    ],
)
def test_other_talk_is_left_alone(topic: str, text: str) -> None:
    assert not policy(skip=[topic]).skips(text)


async def test_what_is_to_be_skipped_never_comes_to_mind_and_is_not_shown(journal: Journal) -> None:
    async with memory_in_ram(journal, policies=lambda _: policy(skip=["health"])) as memory:
        await memory.remember(KIM, [said("I am ill, the doctor gave me medicine."), said("I bake bread.", minutes=1)])

        found = await memory.recall(KIM, [said("What medicine do I take? And what do I bake?", minutes=99)])

        assert [one.text for one in found] == ["I bake bread."]
        assert [one.text for one in await memory.show(KIM)] == ["I bake bread."]
        assert await memory.count(KIM) == 1


async def test_a_fact_about_what_is_to_be_skipped_is_not_kept(journal: Journal) -> None:
    told = said("I am ill.")
    fact = Record("fact:health:1", "Kim is ill.", "web:kim", "Kim", WEB, "private", NOON, "fact", (told.id,))
    async with memory_in_ram(journal, policies=lambda _: policy(skip=["health"])) as memory:
        await memory.remember(KIM, [told])
        await memory.state(KIM, [fact])

        assert await memory.show(KIM) == ()
    assert [one.kind for one in await journal.memories("mika", "web:kim")] == ["utterance"]


async def test_only_the_kinds_named_are_kept(journal: Journal) -> None:
    told = said("I bake bread.")
    fact = Record("f", "I bake bread daily.", "web:kim", "Kim", WEB, "private", NOON, "fact", (told.id,))
    async with memory_in_ram(journal, policies=lambda _: policy(kinds=["fact"])) as memory:
        await memory.remember(KIM, [told])
        await memory.state(KIM, [fact])

        found = await memory.recall(KIM, [said("What bread do I bake daily?", minutes=99)])

    assert [one.text for one in found] == ["I bake bread daily."]


async def test_an_empty_list_of_kinds_keeps_nothing(journal: Journal) -> None:
    async with memory_in_ram(journal, policies=lambda _: policy(kinds=[])) as memory:
        await memory.remember(KIM, [said("I bake bread.")])

        assert await memory.recall(KIM, [said("What do I bake?", minutes=99)]) == ()
        assert await memory.count(KIM) == 0


async def test_what_is_older_than_the_days_allowed_no_longer_comes_to_mind(journal: Journal) -> None:
    now = NOON
    async with memory_in_ram(journal, policies=lambda _: policy(days=30), now=lambda: now) as memory:
        await memory.remember(KIM, [said("I bake bread.")])
        asked = [said("What do I bake?", minutes=60 * 24 * 40)]

        now = NOON + timedelta(days=29)
        in_time = await memory.recall(KIM, asked, now=now)
        now = NOON + timedelta(days=31)
        too_late = await memory.recall(KIM, asked, now=now)

    assert [one.text for one in in_time] == ["I bake bread."]
    assert too_late == ()


async def test_what_is_too_old_is_erased_from_journal_and_index(journal: Journal) -> None:
    now = NOON
    async with memory_in_ram(journal, policies=lambda _: policy(days=30), now=lambda: now) as memory:
        await chat(journal, "I bake bread.")
        await memory.sync(KIM)
        now = NOON + timedelta(days=31)

        gone = await memory.retire(KIM)

        assert gone == 2
        assert await memory.count(KIM) == 0
        assert await memory.retire(KIM) == 0
    assert await journal.path(WEB, "mika") == ()
    assert await journal.memories("mika", "web:kim") == []


async def test_without_a_limit_nothing_is_erased(journal: Journal) -> None:
    async with memory_in_ram(journal, now=lambda: NOON + timedelta(days=9999)) as memory:
        await chat(journal, "I bake bread.")

        assert await memory.retire(KIM) == 0
    assert len(await journal.path(WEB, "mika")) == 1
