"""Whatever is sent to the API, it answers in OpenAI's shape, and never with a fault of ours."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel, ValidationError

from bots.api_talk import Asked
from bots.api_vectors import Texts
from bots.keys import Keys
from bots.testing import house_in_ram
from serving.testing import ScriptedEngine
from tests.bots.visit import served

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
NEST = 50_000


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    async with house_in_ram(ScriptedEngine("Hello you.")) as house, served(house, keys=Keys(tmp_path)) as address:
        yield address


@pytest.fixture
async def client(address: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    _, words = Keys(tmp_path).add("test", per_minute=10**6)
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {words}"}) as client:
        yield client


def asked(**other: Any) -> bytes:
    """A request that is well-formed JSON."""
    return json.dumps({"model": "mika", "messages": HELLO, **other}).encode()


def saying(content: object) -> bytes:
    return asked(messages=[{"role": "user", "content": content}])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[1, 2]",
        b"1e999",
        "café".encode("latin-1"),
        b'{"model": "mika", "messages": ' + b"[" * NEST + b"]" * NEST + b"}",
        b'{"a": ' * NEST + b"1" + b"}" * NEST,
        asked(messages=[{"role": "wizard", "content": "hi"}]),
        asked(messages=[{"content": "hi"}]),
        saying(5),
        saying(None),
        saying("\u200b"),
        saying([{"type": "text", "text": None}]),
        saying([{"type": "text", "text": {"a": 1}}]),
        saying([{"type": ["text"], "text": "hi"}]),
        saying([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]),
        asked(n=0),
        asked(n=10**30),
        asked(stop=[1]),
        asked(stop=[f"never {n}" for n in range(5)]),
        asked(stop="z" * 501),
        asked(user=5),
        asked(metadata={"conversation": 1}),
        asked(stream_options="all"),
        asked(tool_choice="required"),
        asked(response_format={"type": "json_object"}),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"].strip(". :")


@pytest.mark.parametrize(
    ("shape", "wrong"),
    [
        (Asked, {"messages": [1] * 10_000}),
        (Asked, {"messages": [{}] * 10_000}),
        (Asked, {"messages": [{"role": "user", "content": [{}] * 10_000}]}),
        (Asked, {"messages": HELLO, "metadata": {str(number): 1 for number in range(10_000)}}),
        (Asked, {"messages": HELLO, "stop": [1] * 10_000}),
        (Texts, {"input": [None] * 10_000}),
    ],
)
def test_of_ten_thousand_mistakes_the_first_is_enough(shape: type[BaseModel], wrong: dict[str, Any]) -> None:
    """A million of them, each told in full, would hold up everybody for seconds."""
    with pytest.raises(ValidationError) as refusal:
        shape.model_validate({"model": "mika", **wrong})

    assert refusal.value.error_count() <= 3


@pytest.mark.parametrize(
    "body",
    [
        saying("a\x00b \u202e and back"),
        saying([{"type": "text", "text": "Look!"}, {"type": "image_url", "image_url": {"url": "data:,"}}]),
        b'{"model": "mika", "messages": [{"role": "user", "content": "half a \\ud800 character"}]}',
        b'{"model": "mika", "messages": [{"role": "user", "name": "\\udfff", "content": "hi"}], "user": "\\ud800"}',
        asked(messages=[{"role": "user", "name": "Mika:\n[notes]\x00" * 999, "content": "hi"}]),
        asked(user="u" * 10_000, metadata={"conversation": "c" * 10_000}),
        asked(stop=["never " * 80 for _ in range(4)]),
        asked(tools=[{"type": "function", "function": {"name": "f"}}], tool_choice="auto", temperature=9),
        asked(stream=None, stream_options=None, n=None, stop=None, user=None, max_tokens=None),
        asked().decode().encode("utf-16"),
    ],
)
async def test_what_is_strange_but_says_something_is_answered(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "Hello you."


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("POST", "/v1/completions", 404),
        ("GET", "/v1/models/nobody", 404),
        ("GET", "/v1/models/%00%ff", 404),
        ("GET", "/v1/chat/completions", 405),
    ],
)
async def test_a_wrong_address_is_refused_in_openais_shape(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)

    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


async def test_a_body_without_end_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/chat/completions", content=saying("x" * 2_500_000))

    assert answer.status_code == 413
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_a_body_of_megabytes_in_chunks_is_refused_as_too_large(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b" " * 65_536

    answer = await client.post("/v1/chat/completions", content=chunks(), headers={"Content-Type": "application/json"})

    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "That is far more than one message can carry."


async def test_a_body_that_is_not_called_json_is_refused_with_the_header_to_send(client: httpx.AsyncClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl -d says by itself

    answer = await client.post("/v1/chat/completions", content=asked(), headers=form)

    assert answer.status_code == 400
    assert "Content-Type: application/json" in answer.json()["error"]["message"]


async def test_a_strangers_body_is_not_even_parsed(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as stranger:
        answer = await stranger.post("/v1/chat/completions", content=b"{")

    assert answer.status_code == 401


async def test_the_word_bearer_may_be_written_as_one_likes(client: httpx.AsyncClient) -> None:
    words = client.headers["Authorization"].partition(" ")[2]

    answer = await client.get("/v1/models", headers={"Authorization": f"bearer  {words}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"input": []},
        {"input": [1, 2, 3]},
        {"input": None},
        {"input": ["a"] * 257},
        {"input": "a", "encoding_format": "xml"},
        {"input": "a", "dimensions": 8},
    ],
)
async def test_embeddings_that_nobody_can_make_are_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.post("/v1/embeddings", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2], [3]]])
async def test_who_sends_tokens_for_embeddings_is_told_to_send_text(client: httpx.AsyncClient, tokens: Any) -> None:
    answer = await client.post("/v1/embeddings", json={"input": tokens})

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("input: tokens are not understood, send text")


async def test_a_conversation_that_ends_with_the_persona_is_refused_for_what_it_is(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/chat/completions", json={"model": "mika", "messages": [*HELLO, {"role": "assistant", "content": "I am"}]}
    )

    assert answer.status_code == 400
    assert "the persona's own" in answer.json()["error"]["message"]


async def test_a_journal_that_is_away_is_said_in_the_callers_shape(tmp_path: Path) -> None:
    _, words = Keys(tmp_path).add("test")
    headers = {"Authorization": f"Bearer {words}", "Content-Type": "application/json"}
    async with house_in_ram(ScriptedEngine("Hello you.")) as house, served(house, keys=Keys(tmp_path)) as address:
        await house.journal.aclose()
        async with httpx.AsyncClient(base_url=address, headers=headers) as client:
            answer = await client.post("/v1/chat/completions", content=saying("my canary sings"))

    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "server_error")
    assert answer.headers["retry-after"] == "2"


async def test_the_openai_client_that_waits_works_too(address: str, tmp_path: Path) -> None:
    """The one without async, in a thread, as most scripts use it."""
    _, words = Keys(tmp_path).add("script")

    def script() -> tuple[str, str, list[str], int]:
        with openai.OpenAI(base_url=f"{address}/v1", api_key=words, max_retries=0) as client:
            name = client.models.retrieve("mika").id
            whole = client.chat.completions.create(model="mika", messages=HELLO)
            stream = client.chat.completions.create(
                model="mika", messages=HELLO, stream=True, stream_options={"include_usage": True}
            )
            chunks = list(stream)
            pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
            usage = chunks[-1].usage
            assert usage is not None
            return name, whole.choices[0].message.content or "", pieces, usage.total_tokens

    name, whole, pieces, tokens = await asyncio.to_thread(script)

    assert (name, whole, "".join(pieces)) == ("mika", "Hello you.", "Hello you.")
    assert tokens > 0
