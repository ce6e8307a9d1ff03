"""A browser without a screen: visits a real server on loopback, keeps its cookie, and reads streams event by event."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from bots.house import House
from bots.keys import Keys
from bots.web_bot import listening, web_app
from bots.web_fan import Tickets
from bots.web_foyer import Foyer

Event = tuple[str, dict[str, Any]]


class Visit:
    """One fan's browser."""

    def __init__(self, address: str) -> None:
        self.client = httpx.AsyncClient(base_url=address, headers={"X-Greenroom": "1"}, timeout=20)

    async def __aenter__(self) -> "Visit":
        await self.client.get("/api/house")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def begin(self, persona: str = "mika") -> str:
        """A new talk's id."""
        answer = await self.client.post("/api/talks", json={"persona": persona})
        return str(answer.json()["id"])

    @asynccontextmanager
    async def stream(
        self, path: str, body: dict[str, Any] | None = None, *, method: str = "POST"
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of a stream, as they come."""
        async with self.client.stream(method, path, json=body) as answer:
            assert answer.status_code == 200, (await answer.aread()).decode()
            yield events_of(answer)

    async def all(self, path: str, body: dict[str, Any] | None = None, *, method: str = "POST") -> list[Event]:
        """Every event of a stream."""
        async with self.stream(path, body, method=method) as events:
            return [event async for event in events]

    async def say(self, talk: str, text: str, key: str = "") -> dict[str, Any]:
        """Says something and returns the finished turn."""
        return done(await self.all(f"/api/talks/{talk}/say", {"text": text, "key": key or f"key-{hash(text)}"}))

    async def turns(self, talk: str) -> list[dict[str, Any]]:
        return list((await self.client.get(f"/api/talks/{talk}")).json()["turns"])


async def events_of(answer: httpx.Response) -> AsyncIterator[Event]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def done(events: list[Event]) -> dict[str, Any]:
    """The finished turn of a stream."""
    name, data = events[-1]
    assert name == "done", events[-1]
    return dict(data["turn"])


def words(events: list[Event]) -> str:
    """What was streamed."""
    return "".join(data["text"] for name, data in events if name == "delta")


@asynccontextmanager
async def served(
    house: House | None, *, secret: bytes = b"test", keys: Keys | None = None, origins: Sequence[str] = ()
) -> AsyncIterator[str]:
    """The address of a server for a house (None: one that still opens), in this process."""
    foyer = Foyer(Tickets(secret), keys or Keys(Path("/nowhere")), origins=origins, house=house)
    with closing(listening("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(web_app(foyer), log_config=None, lifespan="off"))
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server.serve(sockets=[door]))
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            await asyncio.wait_for(task, 10)
