"""When a fan is back after a while, the persona thinks of what lay ahead of them last time."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from memory.memory import Memory
from memory.scope import Scope
from memory.testing import journal_in_ram, memory_in_ram
from personas import Utterance
from tests.memory.builders import NOON, WEB, said

KIM = Scope("mika", "web:kim", WEB)
EXAM = "My driving test is next Friday."


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    async with journal_in_ram() as journal, memory_in_ram(journal) as opened:
        yield opened


async def recalled(memory: Memory, heard: Utterance, now: datetime) -> list[str]:
    return [one.text for one in await memory.recall(KIM, [heard], now=now)]


async def test_a_plan_whose_day_is_over_comes_to_mind_at_the_greeting(memory: Memory) -> None:
    await memory.remember(KIM, [said(EXAM)])

    found = await recalled(memory, said("Hi, I'm back!", minutes=60 * 24 * 6), NOON + timedelta(days=6))

    assert found == ["My driving test is next Friday (8 May 2026)."]


async def test_before_its_day_it_is_left_alone(memory: Memory) -> None:
    await memory.remember(KIM, [said(EXAM)])

    assert await recalled(memory, said("Hi, I'm back!", minutes=60 * 24 * 2), NOON + timedelta(days=2)) == []


async def test_in_the_middle_of_a_talk_nobody_is_asked_about_plans(memory: Memory) -> None:
    later = NOON + timedelta(days=6)
    await memory.remember(KIM, [said(EXAM), said("Hello there!", minutes=60 * 24 * 6)])

    assert await recalled(memory, said("Hmm.", minutes=60 * 24 * 6 + 5), later + timedelta(minutes=5)) == []


async def test_in_the_middle_of_a_talk_that_the_prompt_shows_nobody_is_asked_again(memory: Memory) -> None:
    later = NOON + timedelta(days=6, minutes=5)
    await memory.remember(KIM, [said(EXAM), said("Hello there!", id="hello", minutes=60 * 24 * 6)])

    asked = said("Hmm.", minutes=60 * 24 * 6 + 5)

    assert await memory.recall(KIM, [asked], now=later, besides=["hello"]) == ()


async def test_a_greeting_that_is_answered_anew_is_still_a_greeting(memory: Memory) -> None:
    greeting = said("Hi, I'm back!", minutes=60 * 24 * 6)
    await memory.remember(KIM, [said(EXAM), greeting])

    assert await recalled(memory, greeting, NOON + timedelta(days=6)) == [
        "My driving test is next Friday (8 May 2026)."
    ]


async def test_a_year_after_the_first_talk_the_day_comes_to_mind(memory: Memory) -> None:
    await memory.remember(KIM, [said("Nice to meet you!")])

    found = await recalled(memory, said("Good evening", minutes=60 * 24 * 365), NOON + timedelta(days=365))

    assert found == ["It is 365 days since you first talked, on 4 May 2026."]
