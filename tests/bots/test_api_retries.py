"""A client that gives up and asks once more gets a whole reply, and by leaving, or asking, takes nobody else's away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bots.keys import Keys
from bots.testing import MIKA, house_in_ram
from serving import Admission
from serving.testing import ScriptedEngine
from tests.bots.visit import served

WORDS = "One two three four five."


@pytest.fixture
async def engine() -> ScriptedEngine:
    return ScriptedEngine(WORDS, delay=0.1)


@pytest.fixture
async def client(engine: ScriptedEngine, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    keys = Keys(tmp_path)
    _, words = keys.add("test", per_minute=10**6)
    headers = {"Authorization": f"Bearer {words}", "Idempotency-Key": "one"}
    async with (
        house_in_ram(engine) as house,
        served(house, keys=keys) as address,
        httpx.AsyncClient(base_url=address, headers=headers, timeout=20) as client,
    ):
        yield client


async def test_a_conversation_has_as_many_requests_in_line_as_one_fan_may_have(tmp_path: Path) -> None:
    keys, engine = Keys(tmp_path), ScriptedEngine(WORDS, delay=0.05)
    _, words = keys.add("test", per_minute=10**6)
    async with (
        house_in_ram(engine, admission=Admission(at_once=8, waiting_per_fan=2)) as house,
        served(house, keys=keys) as address,
        httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {words}"}, timeout=20) as client,
    ):
        answers = await asyncio.gather(*(ask(client) for _ in range(8)))
        later = await ask(client)

    refused = [answer for answer in answers if answer.status_code == 429]
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 5
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert refused[0].json()["error"]["message"] == MIKA.at_a_loss
    assert reply_in(later) == WORDS


async def ask(client: httpx.AsyncClient, **how: Any) -> httpx.Response:
    asked = {"model": "mika", "messages": [{"role": "user", "content": "Count!"}], **how.pop("more", {})}
    return await client.post("/v1/chat/completions", json=asked, **how)


def reply_in(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


@pytest.mark.parametrize("pause", [0.0, 0.9])
@pytest.mark.parametrize("stream", [False, True])
async def test_an_idempotency_key_that_comes_with_other_words_is_refused(
    client: httpx.AsyncClient, engine: ScriptedEngine, stream: bool, pause: float
) -> None:
    first = asyncio.create_task(ask(client))
    await asyncio.sleep(0.1 + pause)

    other = {"messages": [{"role": "user", "content": "Sing!"}], "stream": stream}
    second = await ask(client, more=other)

    assert (second.status_code, second.json()["error"]["code"]) == (400, "idempotency_key_reused")
    assert reply_in(await first) == WORDS
    assert len(engine.prompts) == 1


@pytest.mark.parametrize("pause", [0.0, 0.5])
async def test_a_client_that_gave_up_gets_a_whole_reply_when_it_asks_again(
    client: httpx.AsyncClient, pause: float
) -> None:
    with pytest.raises(httpx.TimeoutException):
        await ask(client, timeout=0.15)
    await asyncio.sleep(pause)

    replies = [reply_in(await ask(client)) for _ in range(2)]

    assert replies == [WORDS, WORDS]


async def test_one_of_two_who_wait_for_the_same_reply_may_leave(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    first, second = asyncio.create_task(ask(client, timeout=0.25)), asyncio.create_task(ask(client))
    with pytest.raises(httpx.TimeoutException):
        await first

    assert reply_in(await second) == WORDS
    assert (engine.finished, engine.cancelled) == (1, 0)


async def test_one_of_two_who_hear_the_same_stream_may_leave(client: httpx.AsyncClient, engine: ScriptedEngine) -> None:
    async def hear(lines: int) -> list[str]:
        asked = {"model": "mika", "messages": [{"role": "user", "content": "Count!"}], "stream": True}
        heard: list[str] = []
        async with client.stream("POST", "/v1/chat/completions", json=asked) as answer:
            async for line in answer.aiter_lines():
                heard.append(line)
                if len(heard) == lines:
                    break
        return heard

    _, whole = await asyncio.gather(hear(3), hear(100))

    assert "five." in "".join(whole)
    assert (engine.finished, engine.cancelled) == (1, 0)


async def test_a_reply_that_the_clients_own_stop_string_ended_is_the_reply_to_the_same_key(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    more = {"stop": [" three"]}
    streamed = await ask(client, more={**more, "stream": True})

    again = await ask(client, more=more)

    assert "two" in streamed.text
    assert reply_in(again) == "One two"
    assert len(engine.prompts) == 1
