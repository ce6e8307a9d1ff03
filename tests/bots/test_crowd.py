"""When more want an answer than can have one: places are given fairly, and nobody waits without knowing why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openai
import pytest

from bots.app import charge
from bots.crowd import BUSY, rank_of
from bots.house import House
from bots.keys import Keys
from bots.testing import MIKA, answer_to, house_in_ram, said
from serving import Admission, Budget, BudgetSpent
from serving.testing import ScriptedEngine
from tests.bots.visit import served

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


def one_seat(**limits: Any) -> Admission:
    return Admission(at_once=1, **limits)


@asynccontextmanager
async def a_long_reply(house: House, engine: ScriptedEngine) -> AsyncIterator[None]:
    """Somebody has the only seat until the block ends."""
    performance = await house.hall.hear(said("Tell me all.", place="web:long", fan="web:long"), persona_id="mika")
    while not engine.running:  # noqa: ASYNC110 - an engine tells nobody
        await asyncio.sleep(0.001)
    yield
    performance.curtain.fall()
    await performance.ended()


def slow() -> ScriptedEngine:
    return ScriptedEngine("word " * 200, delay=1)


async def test_a_fan_who_finds_no_place_is_told_at_once_in_her_words() -> None:
    engine = slow()
    async with house_in_ram(engine, admission=one_seat(waiting=0)) as house, a_long_reply(house, engine):
        turn = await answer_to(house, "Me too!", place="web:late", fan="web:late")

        assert (turn.said, turn.outcome, turn.trace["finish"]) == (MIKA.at_a_loss, "at_a_loss", BUSY)
        assert float(str(turn.trace["retry_after"])) >= 1
        assert (await house.journal.turn(turn.id)).said == MIKA.at_a_loss
        assert len(engine.prompts) == 1


async def test_a_fan_who_may_harm_themselves_is_told_where_to_turn_even_by_a_full_house() -> None:
    engine = slow()
    async with house_in_ram(engine, admission=one_seat(waiting=0)) as house, a_long_reply(house, engine):
        turn = await answer_to(house, "I want to kill myself", place="web:late", fan="web:late")

        assert (turn.said, turn.trace["finish"]) == (MIKA.reaches_out, BUSY)


async def test_a_fan_with_many_tabs_does_not_keep_the_others_waiting() -> None:
    engine = ScriptedEngine("Yes.", delay=0.2)
    async with house_in_ram(engine, admission=one_seat(waiting_per_fan=20)) as house:
        greedy = [
            await house.hall.hear(said(f"tab {n}", place=f"web:tab-{n}", fan="web:greedy"), persona_id="mika")
            for n in range(8)
        ]
        await answer_to(house, "Hello.", place="web:ann", fan="web:ann")

        assert sum(performance.over for performance in greedy) <= 4


async def test_who_stops_while_waiting_makes_room_and_no_engine_is_asked() -> None:
    engine, admission = slow(), one_seat(waiting=1)
    async with house_in_ram(engine, admission=admission) as house, a_long_reply(house, engine):
        waiting = await house.hall.hear(said("Me too!", place="web:b", fan="web:b"), persona_id="mika")
        while not admission.waiting:  # noqa: ASYNC110 - a queue tells nobody
            await asyncio.sleep(0.001)
        await house.hall.stop(waiting.id)
        turn = await waiting.ended()

        assert (turn.outcome, turn.said, admission.waiting) == ("cut_short", "", 0)
        assert len(engine.prompts) == 1


async def test_a_days_tokens_are_charged_and_then_the_fan_is_told_until_when() -> None:
    async with house_in_ram(admission=Admission(at_once=4, budget=Budget(each_fan=20))) as house:
        first = await answer_to(house, "Hello.")
        second = await answer_to(house, "And again.")
        other = await answer_to(house, "Hello from me.", place="web:lee", fan="web:lee")

    assert (first.outcome, other.outcome) == ("answered", "answered")
    assert (second.said, second.trace["family"]) == (MIKA.at_a_loss, "BudgetSpent")


async def test_a_restart_does_not_begin_the_day_anew() -> None:
    tomorrow = Budget(each_fan=20, now=lambda: datetime.now(UTC) + timedelta(days=1))
    async with house_in_ram(admission=Admission(at_once=4, budget=Budget(each_fan=20))) as house:
        await answer_to(house, "Hello.")
        await answer_to(house, "Hello from me.", place="web:lee", fan="web:lee", key="lee")
        after_a_restart = Budget(each_persona=10**6, each_fan=20)

        await charge(after_a_restart, house.journal)
        await charge(tomorrow, house.journal)

    for fan in ("web:kim", "web:lee"):
        with pytest.raises(BudgetSpent):
            after_a_restart.check(fan=fan, persona="mika")
        tomorrow.check(fan=fan, persona="mika")
    after_a_restart.check(fan="web:mo", persona="mika")


async def test_who_may_go_first_is_told_to_the_engine_too() -> None:
    engine = ScriptedEngine("Yes.")
    async with house_in_ram(engine, priority={"api:": 1, "api:gold/": 5}) as house:
        for fan in ("web:a", "api:x/1", "api:gold/1"):
            await answer_to(house, "Hello.", place=f"web:{fan}", fan=fan, key=fan)

    assert [sampling.priority for sampling in engine.samplings] == [0, 1, 5]


@pytest.mark.parametrize(("fan", "rank"), [("api:gold/1", 5), ("api:x", 1), ("web:api:", 0)])
def test_the_longest_beginning_of_a_fans_id_decides(fan: str, rank: int) -> None:
    assert rank_of(fan, {"api:": 1, "api:gold/": 5}) == rank


@pytest.mark.parametrize("stream", [True, False])
async def test_a_full_house_tells_the_openai_client_when_to_come_back(tmp_path: Path, stream: bool) -> None:
    engine, (_, words) = slow(), Keys(tmp_path).add("test")
    async with (
        house_in_ram(engine, admission=one_seat(waiting=0)) as house,
        served(house, keys=Keys(tmp_path)) as address,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=words, max_retries=0) as client,
    ):
        again = {"Idempotency-Key": "once"}
        async with a_long_reply(house, engine):
            with pytest.raises(openai.RateLimitError) as refusal:
                await client.chat.completions.create(model="mika", messages=HELLO, stream=stream, extra_headers=again)
        engine.fail_after, engine._replies = None, lambda _: "Hello you."
        answer = await client.chat.completions.create(model="mika", messages=HELLO, extra_headers=again)

    assert int(refusal.value.response.headers["retry-after"]) >= 1
    assert refusal.value.body == {
        "message": MIKA.at_a_loss,
        "type": "rate_limit_error",
        "param": None,
        "code": "overloaded",
    }
    assert answer.choices[0].message.content == "Hello you."


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_before_the_first_word_frees_the_engine(tmp_path: Path, stream: bool) -> None:
    engine, (_, words) = ScriptedEngine("never", delay=60), Keys(tmp_path).add("test")
    async with (
        house_in_ram(engine) as house,
        served(house, keys=Keys(tmp_path)) as address,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=words, max_retries=0) as client,
    ):
        asking = asyncio.create_task(client.chat.completions.create(model="mika", messages=HELLO, stream=stream))
        async with asyncio.timeout(60):
            while not engine.running:  # noqa: ASYNC110 - an engine tells nobody
                await asyncio.sleep(0.01)
            asking.cancel()
            while engine.running:  # noqa: ASYNC110 - an engine tells nobody
                await asyncio.sleep(0.01)

    assert engine.cancelled == 1


async def test_the_figures_tell_who_waited_who_was_turned_away_and_who_stopped() -> None:
    engine = slow()
    async with house_in_ram(engine, admission=one_seat(waiting=0)) as house:
        async with a_long_reply(house, engine):
            await answer_to(house, "Me too!", place="web:late", fan="web:canary-late")
        text = house.meters.text().decode()

    assert 'greenroom_turned_away_total{family="EngineBusy",persona="mika"} 1.0' in text
    assert 'greenroom_cancellations_total{persona="mika",platform="web"} 1.0' in text
    assert 'greenroom_queue_seconds_count{persona="mika"} 1.0' in text
    assert "canary" not in text
