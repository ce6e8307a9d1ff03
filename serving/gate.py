"""The only way to a vLLM from outside: what fans' traffic needs goes through, what changes the server does not.

vLLM answers requests and loads weights on one port, and leaves parts of it open without a key. So vLLM listens on a
socket file, and this gate on the port. It reads a request's head, lets the few paths on its list through, and then
copies bytes. One request for each connection: nothing can hide behind the first.

What is not covered: TLS. Between machines put the gate behind a proxy that has it.
"""

import asyncio
import hmac
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from serving.errors import EngineMissing

log = logging.getLogger(__name__)

OPEN = frozenset({("GET", "/health")})
LET_THROUGH = OPEN | {
    ("GET", "/metrics"),
    ("GET", "/v1/models"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/tokenize"),
}
HEAD_SECONDS, HEAD_LIMIT, BODY_LIMIT = 10.0, 2**16, 2**22
BLOCK = 2**16
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # a line that ends in LF alone is one for some servers, and not here
TARGET = re.compile(r"/[!-~]*")
KEY = re.compile(r"[!-~]([ -~]*[!-~])?")  # what a header can carry, and every client sends alike


@dataclass(frozen=True, slots=True)
class Request:
    """A request's head, taken apart, and its whole body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def passed_on(self) -> bytes:
        """The request anew, with the headers that matter and no others."""
        kept = ("content-type", "authorization", "accept", "traceparent", "x-request-id")
        lines = [f"{self.method} {self.path} HTTP/1.1", "host: vllm", "connection: close"]
        lines += [f"{name}: {self.headers[name]}" for name in kept if name in self.headers]
        return "\r\n".join([*lines, f"content-length: {len(self.body)}", "", ""]).encode("latin-1") + self.body


class Refused(Exception):
    """A request that does not go through: the status and a sentence."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Gate:
    """Listens while its `async with` lasts. `upstream` is None while there is nobody behind it: then 503."""

    def __init__(self, host: str, port: int, *, key: str | None) -> None:
        if key and not KEY.fullmatch(key):
            raise EngineMissing(
                "The server's key has characters that no header carries. Put one of letters, digits and signs of ASCII "
                "into GREENROOM_SERVER_KEY, without spaces around it."
            )
        self._host = host
        self._port = port
        self._key = key
        self._open: set[asyncio.StreamWriter] = set()
        self.upstream: Path | None = None

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=HEAD_LIMIT)
        except OSError as exc:
            # asyncio's own sentence repeats the address; a name that nobody knows has a negative number
            why = os.strerror(exc.errno) if exc.errno is not None and exc.errno > 0 else exc.strerror or str(exc)
            place = f"{self._host}:{self._port}"
            raise EngineMissing(
                f"Nobody can listen on {place} ({why.lower()}). Name another with --host or --port."
            ) from exc
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self._answer(reader, writer)
        except Refused as exc:
            writer.write(refusal(exc))
            await writer.drain()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError) as exc:
            log.debug("A connection ended early: %s", exc)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_SECONDS):
            request = await read_request(reader)
        self._check(request)
        if self.upstream is None:
            raise Refused("503 Service Unavailable", "The engine is starting.")
        try:
            from_engine, to_engine = await asyncio.open_unix_connection(str(self.upstream))
        except OSError as exc:
            raise Refused("503 Service Unavailable", "The engine is starting again.") from exc
        try:
            to_engine.write(request.passed_on())
            await to_engine.drain()
            await copy_until_either_leaves(from_engine, reader, writer)
        finally:
            to_engine.close()

    def _check(self, request: Request) -> None:
        asked = (request.method, request.path.partition("?")[0])
        if asked not in LET_THROUGH:
            raise Refused("404 Not Found", f"{request.method} {asked[1]} does not pass this gate.")
        if self._key and asked not in OPEN:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._key.encode()):
                raise Refused("401 Unauthorized", "The key is missing or wrong.")


async def read_request(reader: asyncio.StreamReader) -> Request:
    """One whole request; Refused for what a well-meant client does not send."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.LimitOverrunError as exc:
        raise Refused("431 Request Header Fields Too Large", "The head of the request is too long.") from exc
    method, _, rest = head[0].partition(" ")
    path, _, version = rest.rpartition(" ")
    if not (version.startswith("HTTP/1.") and TARGET.fullmatch(path)) or any(map(CONTROL.search, head)):
        raise Refused("400 Bad Request", "That is no HTTP/1.1 request.")
    pairs = [line.partition(":") for line in head[1:] if line]
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if "transfer-encoding" in headers:
        raise Refused("411 Length Required", "Send the body with a Content-Length.")
    length = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,18}", length) or int(length) > BODY_LIMIT:
        raise Refused("413 Content Too Large", f"A body may have {BODY_LIMIT} bytes.")
    return Request(method, path, headers, await reader.readexactly(int(length)))


async def copy_until_either_leaves(
    from_engine: asyncio.StreamReader, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """The answer, as it comes; a client who leaves is noticed at once, so that the engine can stop."""
    leaving = asyncio.create_task(leaves(reader))
    copying = asyncio.create_task(copy(from_engine, writer))
    try:
        await asyncio.wait({leaving, copying}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        copying.cancel()
        await asyncio.gather(leaving, copying, return_exceptions=True)


async def leaves(reader: asyncio.StreamReader) -> None:
    """Returns when the client has hung up, or says more; line ends, which some send after a body, are nothing."""
    while block := await reader.read(BLOCK):
        if block.strip(b"\r\n"):
            return


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(BLOCK):
        writer.write(block)
        await writer.drain()


def refusal(exc: Refused) -> bytes:
    """An answer in OpenAI's shape."""
    sentence = str(exc).replace("\\", "/").replace('"', "'")
    body = f'{{"error": {{"message": "{sentence}", "type": "gate", "code": {exc.status.split()[0]}}}}}'.encode()
    retry = "retry-after: 2\r\n" if exc.status.startswith("503") else ""
    head = f"HTTP/1.1 {exc.status}\r\ncontent-type: application/json\r\n{retry}connection: close\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
