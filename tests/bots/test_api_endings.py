"""How a reply ended is told to an API client, whether it streams or not; a full engine is told as a full house is."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from bots.api_stream import longest_hold
from bots.house import House
from bots.keys import Keys
from bots.testing import MIKA, PlainCast, house_in_ram
from memory import Turn
from serving import EngineAway, EngineBusy
from serving.testing import ScriptedEngine
from tests.bots.visit import served

COUNT: Any = [{"role": "user", "content": "Count!"}]
WORDS = "One two three four five six seven eight nine ten."


@dataclass
class Line:
    """A served house, and clients of one key."""

    house: House
    http: httpx.AsyncClient
    openai: openai.AsyncOpenAI

    async def ask(self, *, says: str = "Count!", **more: Any) -> httpx.Response:
        asked = {"model": "mika", "messages": [{"role": "user", "content": says}], **more}
        return await self.http.post("/v1/chat/completions", json=asked)

    async def turn(self, answer: httpx.Response) -> Turn:
        found: Turn = await self.house.journal.turn(answer.json()["id"].removeprefix("chatcmpl-"))
        return found


@asynccontextmanager
async def line_to(engine: ScriptedEngine, tmp_path: Path, mika: Any = MIKA) -> AsyncIterator[Line]:
    keys = Keys(tmp_path)
    _, words = keys.add("test", per_minute=10**6)
    async with (
        house_in_ram(engine, cast=PlainCast(mika)) as house,
        served(house, keys=keys) as address,
        httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {words}"}, timeout=20) as client,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=words, max_retries=0) as official,
    ):
        yield Line(house, client, official)


async def test_a_reply_that_died_midway_is_marked_for_the_openai_client(tmp_path: Path) -> None:
    async with line_to(ScriptedEngine(WORDS, fail_after=3), tmp_path) as line:
        whole = await line.openai.chat.completions.create(model="mika", messages=COUNT)
        stream = await line.openai.chat.completions.create(model="mika", messages=COUNT, stream=True)
        chunks = [chunk async for chunk in stream]

    marks = [chunk.model_extra["greenroom"] for chunk in chunks if chunk.model_extra]
    assert whole.model_extra == {"greenroom": {"outcome": "cut_short"}}
    assert marks == [{"outcome": "cut_short"}]
    assert (chunks[-1].choices[0].finish_reason, chunks[-1].model_extra) == ("stop", {"greenroom": marks[0]})


async def test_a_whole_reply_is_marked_as_answered(tmp_path: Path) -> None:
    async with line_to(ScriptedEngine(WORDS), tmp_path) as line:
        answers = [await line.ask(), await line.ask(stop=[" three"])]
        stream = await line.ask(stop=[" three"], stream=True)

    ending = json.loads(stream.text.split("data: ")[-2])
    assert [answer.json()["greenroom"] for answer in answers] == [{"outcome": "answered"}] * 2
    assert [answer.headers["x-greenroom-outcome"] for answer in answers] == ["answered"] * 2
    assert ending["greenroom"] == {"outcome": "answered"}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_full_engine_is_told_as_a_full_house_is(tmp_path: Path, stream: bool) -> None:
    busy = ScriptedEngine(fail_after=0, failure=EngineBusy("Full.", retry_after=7))
    async with line_to(busy, tmp_path) as line:
        answer = await line.ask(stream=stream)

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["error"]["message"] == MIKA.at_a_loss


@pytest.mark.parametrize("stream", [False, True])
async def test_who_says_that_they_may_harm_themselves_hears_of_help_even_from_a_full_engine(
    tmp_path: Path, stream: bool
) -> None:
    caring = MIKA.model_copy(update={"reaches_out": "Please call 988."})
    async with line_to(ScriptedEngine(fail_after=0, failure=EngineBusy("Full.")), tmp_path, caring) as line:
        answer = await line.ask(says="I want to kill myself.", stream=stream)

    assert answer.status_code == 200
    assert "Please call 988." in answer.text


@pytest.mark.parametrize("stream", [False, True])
async def test_an_engine_that_is_away_or_full_midway_is_no_reason_to_ask_again(tmp_path: Path, stream: bool) -> None:
    away = ScriptedEngine(fail_after=0, failure=EngineAway("Gone."))
    midway = ScriptedEngine(WORDS, fail_after=3, failure=EngineBusy("Full."))
    answers = []
    for engine in (away, midway):
        async with line_to(engine, tmp_path) as line:
            answers.append(await line.ask(stream=stream))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "at_a_loss" in answers[0].text
    assert "cut_short" in answers[1].text


async def test_who_found_the_engine_full_gets_a_reply_under_the_same_idempotency_key(tmp_path: Path) -> None:
    engine = ScriptedEngine(WORDS, fail_after=0, failure=EngineBusy("Full."))
    async with line_to(engine, tmp_path) as line:
        line.http.headers["Idempotency-Key"] = "one"
        first = await line.ask()
        engine.fail_after = None
        second = await line.ask()

    assert (first.status_code, second.status_code) == (429, 200)
    assert second.json()["choices"][0]["message"]["content"] == WORDS


async def test_the_persona_remembers_no_more_than_the_client_let_her_say(tmp_path: Path) -> None:
    engine = ScriptedEngine(WORDS, delay=0.05)
    async with line_to(engine, tmp_path) as line:
        answer = await line.ask(stop=[" three"])
        turn = await line.turn(answer)

    assert answer.json()["choices"][0]["message"]["content"] == "One two"
    assert "ten" not in (turn.said or "")
    assert engine.cancelled == 1


async def test_a_stop_string_does_not_end_a_reply_that_another_request_waits_for(tmp_path: Path) -> None:
    async with line_to(ScriptedEngine(WORDS, delay=0.05), tmp_path) as line:
        line.http.headers["Idempotency-Key"] = "one"
        short, whole = await asyncio.gather(line.ask(stop=[" three"]), line.ask())

    assert short.json()["choices"][0]["message"]["content"] == "One two"
    assert whole.json()["choices"][0]["message"]["content"] == WORDS


@pytest.mark.timeout(20)
def test_of_a_long_stop_string_no_more_is_looked_for_than_was_said() -> None:
    assert longest_hold("One two", ("two" + "z" * 5_000_000,)) == 3
    assert longest_hold("One two", (" two three", "o!")) == 4
    assert longest_hold("One two", ("two",)) == 0
