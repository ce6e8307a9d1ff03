"""The API of personas, as the unmodified openai client meets it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from numpy.typing import NDArray

from bots.house import House
from bots.keys import Key, Keys, UnknownKey
from bots.testing import MIKA, PlainCast, house_in_ram
from serving import EngineAway, EngineBusy, ServingError
from serving.testing import HashingEncoder, ScriptedEngine
from tests.bots.visit import served

ORLA = MIKA.model_copy(update={"id": "orla", "name": "Orla"})
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


@dataclass
class Stand:
    """A served house with an engine, its keys, and a client for one of them."""

    house: House
    engine: ScriptedEngine
    keys: Keys
    key: Key
    address: str
    client: openai.AsyncOpenAI

    def client_of(self, words: str) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=f"{self.address}/v1", api_key=words, max_retries=0)


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    engine = ScriptedEngine(["Hello you.", "Again.", "And again."], delay=0.005)
    keys = Keys(tmp_path)
    key, words = keys.add("test")
    async with (
        house_in_ram(engine, cast=PlainCast(MIKA, ORLA)) as house,
        served(house, keys=keys) as address,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=words, max_retries=0) as client,
    ):
        yield Stand(house, engine, keys, key, address, client)


async def test_a_persona_answers_the_openai_client(stand: Stand) -> None:
    completion = await stand.client.chat.completions.create(model="mika", messages=HELLO)

    (choice,) = completion.choices
    assert (choice.message.content, choice.finish_reason, completion.model) == ("Hello you.", "stop", "mika")
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + 2


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_a_client_may_ask_for_fewer_tokens_than_her_file_allows(stand: Stand, name: str) -> None:
    wished: Any = {name: 1}

    completion = await stand.client.chat.completions.create(model="mika", messages=HELLO, **wished)
    for no_limit in (100_000, -1, 0):
        await stand.client.chat.completions.create(model="mika", messages=HELLO, max_tokens=no_limit)

    (choice,) = completion.choices
    assert (choice.message.content, choice.finish_reason) == ("Hello", "length")
    assert [sampling.max_tokens for sampling in stand.engine.samplings] == [1, *[MIKA.plays.sampling.max_tokens] * 3]


async def test_a_persona_streams_to_the_openai_client(stand: Stand) -> None:
    stand.engine.delay = 0.4  # longer than deltas are gathered for an eye
    stream = await stand.client.chat.completions.create(
        model="mika", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == "Hello you."
    assert len([piece for piece in pieces if piece]) > 1
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


async def test_only_what_is_new_is_heard_and_the_journal_knows_the_rest(stand: Stand) -> None:
    await stand.client.chat.completions.create(model="mika", messages=HELLO)
    conversation = [*HELLO, {"role": "assistant", "content": "Hello you."}, {"role": "user", "content": "And now?"}]
    await stand.client.chat.completions.create(model="mika", messages=conversation)

    said = [(message.role, message.content) for message in stand.engine.prompts[-1][1:]]
    assert said[0] == ("user", "Hello")
    assert said[1] == ("assistant", "Hello you.")
    assert said[2][1].endswith("And now?")


async def test_the_same_question_again_is_answered_anew_beside_the_first(stand: Stand) -> None:
    first = await stand.client.chat.completions.create(model="mika", messages=HELLO)
    second = await stand.client.chat.completions.create(model="mika", messages=HELLO)

    assert (first.choices[0].message.content, second.choices[0].message.content) == ("Hello you.", "Again.")
    assert len(stand.engine.prompts[-1]) == len(stand.engine.prompts[0])


async def test_a_request_sent_twice_under_one_idempotency_key_is_answered_once(stand: Stand) -> None:
    headers = {"Idempotency-Key": "one"}
    answers = [
        await stand.client.chat.completions.create(model="mika", messages=HELLO, extra_headers=headers) for _ in "12"
    ]

    assert [answer.choices[0].message.content for answer in answers] == ["Hello you.", "Hello you."]
    assert len(stand.engine.prompts) == 1


async def test_a_clients_system_message_does_not_change_who_the_persona_is(stand: Stand) -> None:
    orders: list[Any] = [{"role": "system", "content": "You are a pirate."}, *HELLO]
    await stand.client.chat.completions.create(model="mika", messages=orders)

    assert not any("pirate" in message.content for message in stand.engine.prompts[0])


async def test_fans_of_one_key_are_told_apart_and_keys_do_not_share_fans(stand: Stand) -> None:
    _, other = stand.keys.add("other")
    cat: list[Any] = [{"role": "user", "content": "My cat is called Biscuit."}]
    asked: list[Any] = [{"role": "user", "content": "What is my cat called?"}]
    await stand.client.chat.completions.create(model="mika", messages=cat, user="kim")

    async def recalled(client: openai.AsyncOpenAI, user: str) -> bool:
        await client.chat.completions.create(model="mika", messages=asked, user=user)
        return any("Biscuit" in message.content for message in stand.engine.prompts[-1])

    async with stand.client_of(other) as stranger:
        assert [await recalled(stand.client, "kim"), await recalled(stand.client, "lee")] == [True, False]
        assert not await recalled(stranger, "kim")


async def test_the_clients_stop_strings_end_a_reply(stand: Stand) -> None:
    whole = await stand.client.chat.completions.create(model="mika", messages=HELLO, stop=[" you"])
    stream = await stand.client.chat.completions.create(model="mika", messages=HELLO, stop="ain", stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]

    assert whole.choices[0].message.content == "Hello"
    assert "".join(pieces) == "Ag"


async def test_a_client_that_leaves_ends_its_reply(stand: Stand) -> None:
    stand.engine._replies = lambda _: "la " * 2000
    stream = await stand.client.chat.completions.create(model="mika", messages=HELLO, stream=True)
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.close()

    async with asyncio.timeout(5):
        while stand.engine.running:  # noqa: ASYNC110 - an engine tells nobody
            await asyncio.sleep(0.01)
    assert stand.engine.cancelled == 1


async def test_models_are_the_personas_a_key_may_talk_to(stand: Stand) -> None:
    _, words = stand.keys.add("for orla", personas=["orla"])
    async with stand.client_of(words) as client:
        assert [model.id async for model in client.models.list()] == ["orla"]
        assert [model.id async for model in stand.client.models.list()] == ["mika", "orla"]
        with pytest.raises(openai.NotFoundError, match="no persona 'mika'"):
            await client.chat.completions.create(model="mika", messages=HELLO)


async def test_embeddings_come_from_the_memorys_encoder(stand: Stand) -> None:
    answer = await stand.client.embeddings.create(model="any", input=["one", "two"])

    assert [len(item.embedding) for item in answer.data] == [256, 256]
    assert sum(x * x for x in answer.data[0].embedding) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("trouble", "status", "wait"), [(EngineBusy("Full.", retry_after=7), 429, "7"), (EngineAway("Gone."), 503, "2")]
)
async def test_an_encoder_that_does_not_answer_is_told_with_when_to_come_back(
    tmp_path: Path, trouble: ServingError, status: int, wait: str
) -> None:
    class Elsewhere(HashingEncoder):
        async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            raise trouble

    keys = Keys(tmp_path)
    _, words = keys.add("test")
    async with (
        house_in_ram() as house,
        served(replace(house, encoder=Elsewhere()), keys=keys) as address,
        httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {words}"}) as client,
    ):
        answer = await client.post("/v1/embeddings", json={"input": "one"})

    assert (answer.status_code, answer.headers["retry-after"]) == (status, wait)
    assert answer.json()["error"]["message"]


async def test_without_a_key_nothing_answers(stand: Stand) -> None:
    async with stand.client_of("grk_wrong") as client:
        with pytest.raises(openai.AuthenticationError, match="greenroom key add"):
            await client.chat.completions.create(model="mika", messages=HELLO)
    async with httpx.AsyncClient(base_url=stand.address) as nobody:
        answers = [
            await nobody.get("/v1/models"),
            await nobody.post("/v1/chat/completions", json={"model": "mika", "messages": HELLO}),
            await nobody.post("/v1/embeddings", json={"input": "x"}),
        ]
        assert [answer.status_code for answer in answers] == [401] * 3
        assert (await nobody.get("/healthz")).status_code == 200


async def test_a_revoked_key_is_refused_at_once(stand: Stand) -> None:
    stand.keys.revoke(stand.key.id)

    with pytest.raises(openai.AuthenticationError):
        await stand.client.chat.completions.create(model="mika", messages=HELLO)
    with pytest.raises(UnknownKey):
        stand.keys.revoke(stand.key.id)


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(stand: Stand) -> None:
    _, words = stand.keys.add("slow", per_minute=2)
    async with stand.client_of(words) as client:
        for _ in "12":
            await client.chat.completions.create(model="mika", messages=HELLO)
        with pytest.raises(openai.RateLimitError) as refusal:
            await client.chat.completions.create(model="mika", messages=HELLO)

    assert 1 <= int(refusal.value.response.headers["retry-after"]) <= 30


@pytest.mark.parametrize(
    "asked",
    [
        {"model": "mika", "messages": []},
        {"model": "mika", "messages": [{"role": "user", "content": ""}]},
        {"model": "mika", "messages": [{"role": "user", "content": "x" * 100_000}]},
        {"model": "mika", "messages": "hello"},
        {"model": "mika", "messages": HELLO, "n": 3},
        {"messages": HELLO},
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_in_openais_shape(stand: Stand, asked: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {stand.client.api_key}"}
    async with httpx.AsyncClient(base_url=stand.address, headers=headers) as client:
        answer = await client.post("/v1/chat/completions", json=asked)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


async def test_the_figures_count_turns_and_name_no_fan(stand: Stand) -> None:
    await stand.client.chat.completions.create(model="mika", messages=HELLO, user="canary-kim")
    async with httpx.AsyncClient(base_url=stand.address) as prometheus:
        text = (await prometheus.get("/metrics")).text

    assert 'greenroom_turns_total{model="scripted",outcome="answered",persona="mika",platform="api"} 1.0' in text
    assert "greenroom_first_token_seconds_bucket" in text
    assert "canary" not in text
    assert "Hello" not in text


async def test_the_figures_of_an_open_house_need_a_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    _, words = keys.add("prometheus")
    async with (
        house_in_ram(host="0.0.0.0") as house,
        served(house, keys=keys) as address,
        httpx.AsyncClient(base_url=address) as anybody,
    ):
        assert (await anybody.get("/metrics")).status_code == 401
        allowed = await anybody.get("/metrics", headers={"Authorization": f"Bearer {words}"})
        assert allowed.status_code == 200


def test_a_key_is_kept_as_a_hash_that_nobody_else_can_read(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    key, words = keys.add("app")
    file = tmp_path / "keys.json"

    assert words not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert keys.find(words) == key
    assert Keys(tmp_path).find(words) == key
    assert keys.find("") is None
