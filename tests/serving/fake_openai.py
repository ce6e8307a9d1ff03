"""A server that speaks just enough of OpenAI's API over a real socket, and misbehaves as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 5,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 8},
}


@dataclass
class Act:
    """How one request is answered: a status with a body, or a stream of words that may break off."""

    words: Sequence[str] = ("Hello", " there", ".")
    status: int = 200
    error: dict[str, Any] = field(default_factory=lambda: {"message": "No.", "code": None})
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    wait: float = 0.0
    break_after: int | None = None
    end: str | None = "stop"
    usage: dict[str, Any] | None = field(default_factory=lambda: USAGE)
    error_in_stream: bool = False


@dataclass
class FakeOpenAI:
    """`acts` are played in turn, the last again and again; what was asked stands in `requests`.

    `instead` are answers of another kind of server, by path.
    """

    acts: list[Act] = field(default_factory=lambda: [Act()])
    models: dict[str, int | None] = field(default_factory=lambda: {"base": 2048})
    tokens: int | None = None
    instead: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    tokenized: int = 0
    written: int = 0
    hung_up: int = 0
    url: str = ""
    calls: dict[asyncio.StreamWriter, asyncio.Future[None]] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls[writer] = over = asyncio.get_running_loop().create_future()
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                self.heads.append("\n".join(head))
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.keys.append(headers.get("authorization", ""))
                goes_on = await self._answer(head[0].split()[1], body, writer)
                if not goes_on or headers.get("connection") == "close":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hung_up += 1
        finally:
            writer.close()
            over.set_result(None)

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        if path == "/tokenize":
            self.tokenized += 1
        if path in self.instead:
            return await send_text(writer, 200, self.instead[path])
        if path == "/v1/models":
            listed = [{"id": name, "object": "model", "max_model_len": size} for name, size in self.models.items()]
            return await send(writer, 200, {"object": "list", "data": listed})
        if path == "/tokenize":
            found = self.tokens is not None
            return await send(
                writer, 200 if found else 404, {"count": self.tokens} if found else {"detail": "Not Found"}
            )
        self.requests.append(json.loads(body))
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        if act.status != 200:
            return await send(writer, act.status, {"error": act.error}, act.headers)
        await asyncio.sleep(act.wait)
        return await self._stream(act, writer)

    async def _stream(self, act: Act, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n, word in enumerate(act.words):
            if n == act.break_after:
                writer.transport.abort()
                return False
            await asyncio.sleep(act.delay)
            await event(writer, {"choices": [choice({"content": word})]})
            self.written += 1
        if act.error_in_stream:
            await event(writer, {"error": {"message": "The engine core died.", "code": 500}})
        if act.end:
            await event(writer, {"choices": [choice({}, act.end)]})
        if act.usage:
            await event(writer, {"choices": [], "usage": act.usage})
        await event(writer, "[DONE]")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


def choice(delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": end}


async def event(writer: asyncio.StreamWriter, data: dict[str, Any] | str) -> None:
    if not isinstance(data, str):
        frame = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "base"}
        data = json.dumps(data if "error" in data else {**frame, **data})
    line = f"data: {data}\n\n".encode()
    writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
    await writer.drain()


async def send(
    writer: asyncio.StreamWriter, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
) -> bool:
    return await send_text(writer, status, json.dumps(body), headers)


async def send_text(
    writer: asyncio.StreamWriter, status: int, text: str, headers: dict[str, str] | None = None
) -> bool:
    told = text.encode()
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(told)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + told)
    await writer.drain()
    return True


@asynccontextmanager
async def fake_openai(*acts: Act, **said: Any) -> AsyncIterator[FakeOpenAI]:
    """A server on a free port of this machine, for the length of a test."""
    fake = FakeOpenAI(list(acts) or [Act()], **said)
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield fake
        for writer in fake.calls:
            writer.transport.abort()
        await asyncio.gather(*fake.calls.values())
