"""The gate before vLLM lets words through and weights not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from serving import EngineMissing
from serving.gate import Gate
from tests.serving.fake_openai import Act, FakeOpenAI

CHAT = {"model": "base", "messages": []}
KEY = {"Authorization": "Bearer secret"}


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[FakeOpenAI]:
    fake = FakeOpenAI([Act()])
    server = await asyncio.start_unix_server(fake.serve, tmp_path / "engine.sock")
    async with server:
        yield fake
        for writer in fake.calls:
            writer.transport.abort()
        await asyncio.gather(*fake.calls.values())


@pytest.fixture
async def gate(behind: FakeOpenAI, tmp_path: Path) -> AsyncIterator[Gate]:
    async with Gate("127.0.0.1", 0, key="secret") as gate:
        gate.upstream = tmp_path / "engine.sock"
        yield gate


def root(gate: Gate) -> str:
    return gate.url.removesuffix("/v1")


async def test_a_reply_streams_through(gate: Gate, behind: FakeOpenAI) -> None:
    async with httpx.AsyncClient(headers={**KEY, "Connection": "close"}) as client:
        answers = [await client.post(f"{gate.url}/chat/completions", json=CHAT) for _ in range(3)]

    assert all(answer.text.endswith("data: [DONE]\n\n") for answer in answers)
    assert behind.requests == [CHAT] * 3


@pytest.mark.parametrize(
    "path",
    ["/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/sleep", "/reset_prefix_cache", "//v1/models", "/docs"],
)
async def test_what_changes_the_server_does_not_pass(gate: Gate, behind: FakeOpenAI, path: str) -> None:
    async with httpx.AsyncClient(headers=KEY) as client:
        answers = [await client.request(method, root(gate) + path) for method in ("GET", "POST")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert behind.calls == {}


@pytest.mark.parametrize("key", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic secret"}])
async def test_without_the_key_nothing_passes_but_health(gate: Gate, behind: FakeOpenAI, key: dict[str, str]) -> None:
    async with httpx.AsyncClient(headers=key) as client:
        chat = await client.post(f"{gate.url}/chat/completions", json=CHAT)
        tokens = await client.post(f"{root(gate)}/tokenize", json=CHAT)

    assert (chat.status_code, tokens.status_code) == (401, 401)
    assert behind.requests == []


async def test_the_keys_scheme_may_be_written_in_small_letters(gate: Gate) -> None:
    async with httpx.AsyncClient(headers={"Authorization": "bearer  secret"}) as client:
        answer = await client.get(f"{gate.url}/models")

    assert answer.status_code == 200


@pytest.mark.parametrize("key", ["schlüssel", "鍵", "secret ", "two\nlines", "tab\tbed"])
def test_a_key_that_no_header_carries_is_refused_when_it_is_set(key: str) -> None:
    with pytest.raises(EngineMissing, match="GREENROOM_SERVER_KEY"):
        Gate("127.0.0.1", 0, key=key)


async def test_a_line_end_after_the_body_does_not_cost_the_answer(gate: Gate, behind: FakeOpenAI) -> None:
    behind.acts = [Act(wait=0.05)]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(root(gate).rsplit(":", 1)[1]))
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\ncontent-length: 2\r\n\r\n"
    writer.write(head + b"{}\r\n")

    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"0\r\n\r\n")


async def test_a_second_request_hidden_behind_the_first_goes_nowhere(gate: Gate, behind: FakeOpenAI) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(root(gate).rsplit(":", 1)[1]))
    head = b"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\n\r\n"
    writer.write(head + b"POST /v1/load_lora_adapter HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")

    await reader.read()
    writer.close()

    assert behind.requests == []
    assert len(behind.calls) <= 1


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health?x HTTP/1.1\n\nPOST /v1/load_lora_adapter HTTP/1.1\ncontent-length: 2\n\n{} HTTP/1.1\r\n\r\n",
        b"GET /health?x HTTP/1.1\rhost: x\r\rPOST /v1/load_lora_adapter HTTP/1.1\r\r HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\naccept: x\n\nPOST /v1/load_lora_adapter HTTP/1.1\ncontent-length: 2\n\n{}\r\n\r\n",
        b"GET /health? POST HTTP/1.1\r\n\r\n",
        b"GET /health?\x00 HTTP/1.1\r\n\r\n",
        b"GET /health?\xe9 HTTP/1.1\r\n\r\n",
    ],
)
async def test_a_second_request_hidden_within_the_first_does_not_pass(
    gate: Gate, behind: FakeOpenAI, sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(root(gate).rsplit(":", 1)[1]))
    writer.write(sent)

    answer = await reader.read(64)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 400")
    assert behind.calls == {}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n", b"413"),
        (b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: -1\r\n\r\n", b"413"),
        (b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n", b"413"),
        (b"GET http://elsewhere/v1/models HTTP/1.1\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /v1/models HTTP/1.1\r\nx: " + b"y" * 2**17 + b"\r\n\r\n", b"431"),
    ],
)
async def test_what_a_well_meant_client_does_not_send_is_refused(gate: Gate, sent: bytes, status: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(root(gate).rsplit(":", 1)[1]))
    writer.write(sent)

    answer = await reader.read(64)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 " + status)


async def test_while_the_engine_starts_the_answer_says_when_to_ask_again(gate: Gate) -> None:
    gate.upstream = None

    async with httpx.AsyncClient(headers=KEY) as client:
        answer = await client.get(f"{gate.url}/models")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_an_engine_that_has_just_died_counts_as_starting(gate: Gate, tmp_path: Path) -> None:
    gate.upstream = tmp_path / "gone.sock"

    async with httpx.AsyncClient(headers=KEY) as client:
        answer = await client.get(f"{gate.url}/models")

    assert answer.status_code == 503


async def test_a_client_who_leaves_is_noticed_by_the_engine(gate: Gate, behind: FakeOpenAI) -> None:
    behind.acts = [Act(words=[" word"] * 1000, delay=0.01)]
    async with (
        httpx.AsyncClient(headers=KEY) as client,
        client.stream("POST", f"{gate.url}/chat/completions", json=CHAT) as answer,
    ):
        await anext(answer.aiter_bytes())

    await asyncio.wait_for(asyncio.gather(*behind.calls.values()), 2)
    assert behind.written < 100


async def test_a_port_that_is_taken_is_said_with_what_to_try() -> None:
    async with Gate("127.0.0.1", 0, key=None) as first:
        port = int(first.url.removesuffix("/v1").rpartition(":")[2])

        with pytest.raises(EngineMissing, match=rf"127.0.0.1:{port} \(address already in use\).*--port"):
            await Gate("127.0.0.1", port, key=None).__aenter__()
