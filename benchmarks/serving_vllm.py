"""Rows that need a real vLLM with eight LoRAs: throughput, first word, the LoRAs' cost, cross-talk, hot load."""

import asyncio
import json
import os
import re
import statistics
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from bots.app import from_flags, open_house
from bots.house import House
from bots.logs import start_logging
from bots.settings import BotsSettings
from memory import Scope
from personas import Place, Utterance
from serving import ChatMessage, Completion, Delta, Engine, Sampling, ServingError
from serving.cores import as_list, cores_left
from serving.engine_around import EngineAround
from serving.metering import MeteredEngine, Meters
from serving.remote_engine import RemoteEngine
from serving.router import Router
from serving.settings import UNDERSTUDY_FOLDER, ServerSettings
from serving.shelf import Card, Shelf
from serving.vllm_server import VllmServer
from tests.serving.tiny import make_lora

Request = tuple[Sequence[ChatMessage], Sampling, str | None]
Told = tuple[float, int, str]  # seconds to the first word, tokens, words
PERSONAS, TURNS, WINDOW, KEY = 8, 4, 1024, "benchmark"
LENGTHS = range(64, 192, 16)  # tokens of each persona's replies, 120 on average; all the same, fans would talk in step
COMING = 5.0  # seconds within which the fans begin: about the time of one reply, as people come
ENDLESS = {"ignore_eos": True}  # every reply goes on to its length; random weights stop anywhere
PERSONA = "id: persona-{n}\nname: Nova{n}\nwho: Nova{n} keeps the lighthouse of pier {n} and likes fog.\n"
PLAYS = "plays:\n  engine: vllm\n  lora: persona-{n}\n  sampling: {{temperature: 0, max_tokens: {tokens}}}\n"


def quantile(seconds: Sequence[float], share: float) -> float:
    """In milliseconds."""
    return 1000 * sorted(seconds)[int(share * (len(seconds) - 1))]


@dataclass
class Side:
    """One way to the model: replies' tokens and seconds, and the first words, over all rounds."""

    tokens: int = 0
    seconds: float = 0.0
    reading: float = 0.0  # seconds in which what was said is read into the index, after the talk
    processor: float = 0.0  # seconds of this process
    first: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds

    @property
    def rate_with_reading(self) -> float:
        return self.tokens / (self.seconds + self.reading)

    def late(self, share: float) -> float:
        """A quantile of the seconds until the first word, in milliseconds."""
        return quantile(self.first, share)

    def __str__(self) -> str:
        cost = 1000 * self.processor / max(len(self.first), 1)
        late = f"p50 {self.late(0.5):5.0f} p99 {self.late(0.99):5.0f} ms"
        return f"{self.rate:6.0f} tokens/s   first word {late}   {cost:3.0f} ms of the processor a turn"


class Recorder(EngineAround):
    """Notes what an engine is asked and when, so that the bare server can be asked the same."""

    def __init__(self, within: Engine) -> None:
        super().__init__(within)
        self.asked: list[Request] = []
        self.begun: dict[str, float] = {}
        self.answered: dict[str, float] = {}

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        self.asked.append((prompt, sampling, lora))
        turn = turn_in(prompt[-1].content)
        self.begun[turn] = time.perf_counter()
        async with aclosing(super().stream(prompt, sampling=sampling, lora=lora)) as stream:
            async for piece in stream:
                self.answered.setdefault(turn, time.perf_counter())
                yield piece

    def asked_for(self, fan: int) -> list[Request]:
        """What was asked for one fan, in order."""
        return [asked for asked in self.asked if turn_in(asked[0][-1].content).endswith(f" of fan {fan}")]


def turn_in(words: str) -> str:
    """The mark of one turn, in what a fan says."""
    found = re.findall(r"turn \d+ of fan \d+", words)
    return found[-1] if found else ""


@asynccontextmanager
async def theatre(workshop: Path) -> AsyncIterator[tuple[VllmServer, Shelf, House, Recorder]]:
    """A vLLM with eight LoRAs of random weights on the understudy, and a whole house before it."""
    shelf = Shelf(workshop / "shelf")
    for n in range(PERSONAS):
        made = make_lora(workshop / f"lora-{n}", base=UNDERSTUDY_FOLDER, seed=n, rank=16)
        shelf.add(f"persona-{n}", made, Card(base="base"))
    settings = ServerSettings(
        model=str(UNDERSTUDY_FOLDER), port=0, window=WINDOW, replies_at_once=64, log=workshop / "vllm.log"
    )
    async with VllmServer(settings, shelf, key=KEY, tell=print) as server:
        await server.ready()
        beside(server)
        chosen = make_settings(workshop, server, shelf)
        async with open_house(chosen) as house:
            recorder = Recorder(as_settings_make_it(server))
            house.engines._engines["vllm"] = recorder
            yield server, shelf, house, recorder


def beside(server: VllmServer) -> None:
    """Moves this process to the cores that vLLM's worker leaves, as `greenroom serve` tells an operator to do."""
    assert server.pid
    if left := cores_left(server.pid):
        print(f"this process, which plays greenroom and the fans of both sides, stays on core {as_list(left)}")
        for thread in Path("/proc/self/task").iterdir():
            os.sched_setaffinity(int(thread.name), left)


def make_settings(workshop: Path, server: VllmServer, shelf: Shelf) -> BotsSettings:
    """A cast of eight, and where their engine is."""
    cast = workshop / "personas"
    for n in range(PERSONAS):
        (cast / f"persona-{n}").mkdir(parents=True)
        written = (PERSONA + PLAYS).format(n=n, tokens=LENGTHS[n])
        (cast / f"persona-{n}" / f"persona-{n}.yaml").write_text(written)
    engines = {"vllm": {"kind": "remote", "model": "base", "base_url": server.url, "replies_at_once": 256}}
    os.environ["GREENROOM_SERVING__ENGINES"] = json.dumps(engines)
    os.environ["GREENROOM_ENGINE_KEYS"] = json.dumps({"vllm": KEY})
    os.environ["GREENROOM_SERVING__SHELF"] = str(shelf.folder)
    chosen = from_flags({"data": workshop / "data", "personas": cast, "log_level": "ERROR"})
    start_logging(chosen)
    return chosen


def as_settings_make_it(server: VllmServer) -> Engine:
    """What `serving/making.py` makes of an address, but that every reply goes on to its last token (`ignore_eos`)."""
    remote = RemoteEngine(server.url, model="base", api_key=KEY, extra=ENDLESS)
    return MeteredEngine(Router({server.url: remote}), Meters(CollectorRegistry()), name="vllm")


class Stage:
    """Greenroom's side: turns with memory on, each from what is said to the first word at a reader."""

    def __init__(self, house: House, recorder: Recorder) -> None:
        self._house = house
        self._recorder = recorder
        self.added: list[float] = []
        self.steps: list[Mapping[str, float]] = []

    async def turn(self, fan: int, number: int) -> Told:
        """Seconds to the first word, the reply's tokens, and nothing of its words."""
        mark = f"turn {number} of fan {fan}"
        place, words = Place(f"web:fan-{fan}"), f"Hello, this is {mark}. How is the fog?"
        heard = Utterance(f"web:{fan}-{number}", f"web:fan-{fan}", f"Fan{fan}", place, words, datetime.now(UTC))
        began, first = time.perf_counter(), 0.0
        performance = await self._house.hall.hear(heard, persona_id=f"persona-{fan % PERSONAS}")
        async for step in performance.follow():
            if isinstance(step, Delta) and not first:
                first = time.perf_counter()
        turn = await performance.ended()
        assert turn.outcome == "answered", turn
        self.added.append(self._recorder.begun[mark] - began + first - self._recorder.answered[mark])
        self.steps.append(turn.timings)
        return first - began, turn.completion_tokens, ""

    async def read(self, side: Side, fans: int) -> None:
        """What was said is read now, not in the others' rounds; the time is greenroom's."""
        began, worked = time.perf_counter(), time.process_time()
        for fan in range(fans):
            await self._house.memory.show(Scope(f"persona-{fan % PERSONAS}", f"web:fan-{fan}", Place(f"web:fan-{fan}")))
        side.reading += time.perf_counter() - began
        side.processor += time.process_time() - worked

    def forget(self) -> None:
        """What came before was a rehearsal."""
        self.added, self.steps = [], []

    def __str__(self) -> str:
        """What was added to the first word, and the steps it went to."""
        steps = ", ".join(
            f"{step} {quantile([timings[step] for timings in self.steps], 0.5):.0f}" for step in ("recall", "render")
        )
        return f"median {quantile(self.added, 0.5):.0f} ms, p99 {quantile(self.added, 0.99):.0f} ms (median of {steps})"


async def straight(client: httpx.AsyncClient, asked: Request, *, lora: bool = True) -> Told:
    """The same request with the least that a client must do: read the lines of the stream."""
    prompt, sampling, name = asked
    body: dict[str, Any] = {
        "model": f"{name}/v1" if name and lora else "base",
        "messages": [asdict(message) for message in prompt],
        "stop": list(sampling.stop[:4]) or None,
        "repetition_penalty": sampling.repetition_penalty,
        **{"max_tokens": sampling.max_tokens, "temperature": sampling.temperature, "top_p": sampling.top_p},
        **{"stream": True, "stream_options": {"include_usage": True}, "cache_salt": "bare", **ENDLESS},
    }
    began, first, tokens, text = time.perf_counter(), 0.0, 0, ""
    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                chunk = json.loads(line[6:])
                if chunk["choices"] and (word := chunk["choices"][0]["delta"].get("content")):
                    first, text = first or time.perf_counter() - began, text + word
                if chunk.get("usage"):
                    tokens = chunk["usage"]["completion_tokens"]
    return first or time.perf_counter() - began, tokens, text


async def round_of(
    side: Side, loads: Sequence[Iterator[Callable[[], Awaitable[Told]]]], *, within: float = COMING
) -> None:
    """Every fan's turns one after the other; the fans come one by one within so many seconds, as people do."""
    told: list[Told] = []

    async def fan(number: int) -> None:
        await asyncio.sleep(within * number / len(loads))
        for turn in loads[number]:
            told.append(await turn())

    began, worked = time.perf_counter(), time.process_time()
    await asyncio.gather(*(fan(number) for number in range(len(loads))))
    side.seconds += time.perf_counter() - began
    side.processor += time.process_time() - worked
    side.tokens += sum(one[1] for one in told)
    side.first += [one[0] for one in told]


async def table(workshop: Path, *, fans: int, rounds: int, prompts: int) -> None:
    async with theatre(workshop) as (server, shelf, house, recorder):
        bare = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(server.socket),
                # one connection for each request, as the gate has it: the server may end an idle one at any moment
                limits=httpx.Limits(max_keepalive_connections=0),
            ),
            base_url="http://vllm",
            timeout=600,
        )
        async with bare:
            await throughput(house, recorder, bare, fans=fans, rounds=rounds)
            engine = RemoteEngine(server.url, model="base", api_key=KEY)
            await cross_talk(engine, prompts=prompts, at_once=fans)
            await hot_load(engine, shelf, workshop)
            await engine.aclose()


async def throughput(house: House, recorder: Recorder, bare: httpx.AsyncClient, *, fans: int, rounds: int) -> None:
    """A first round warms both sides and is not counted. The bare side is asked what greenroom asked, fan by fan."""
    sides = {"greenroom": Side(), "bare": Side(), "bare, no LoRA": Side()}
    stage = Stage(house, recorder)
    for number in range(rounds + 1):
        counted = sides if number else {name: Side() for name in sides}
        recorder.asked.clear()
        if number == 1:
            stage.forget()
        turns = range(TURNS * number, TURNS * (number + 1))
        await round_of(
            counted["greenroom"], [iter([partial(stage.turn, fan, n) for n in turns]) for fan in range(fans)]
        )
        await stage.read(counted["greenroom"], fans)
        for name, lora in (("bare", True), ("bare, no LoRA", False)):
            asked = [recorder.asked_for(fan) for fan in range(fans)]
            await round_of(counted[name], [iter([partial(straight, bare, a, lora=lora) for a in one]) for one in asked])
    ours, theirs, merged = sides.values()
    print(
        f"\n{fans} fans, {PERSONAS} personas with a LoRA each, memory on, {rounds} x {TURNS} turns of "
        f"{LENGTHS[0]} to {LENGTHS[-1]} tokens"
    )
    for name, side in sides.items():
        print(f"{name:>14}: {side}")
    print(
        f"throughput through the whole of greenroom: {ours.rate / theirs.rate:.0%} of the bare server's while they "
        f"talk, {ours.rate_with_reading / theirs.rate:.0%} with the time in which memory reads what was said (>= 90 %)"
    )
    median, late = (ours.late(share) - theirs.late(share) for share in (0.5, 0.99))
    print(f"first word later than the bare server's: median {median:.0f} ms, p99 {late:.0f} ms (<= 10, <= 40)")
    print(f"of that before vLLM was asked and after it said a word: {stage}")
    print(f"eight LoRAs in one server: {theirs.rate / merged.rate:.0%} of one merged model's throughput", flush=True)


async def cross_talk(engine: RemoteEngine, *, prompts: int, at_once: int) -> None:
    """Each LoRA's greedy words in a mixed batch beside those it says alone."""
    asked = [
        ([ChatMessage("user", f"Tell me of {n} boats and the fog.")], f"persona-{n % PERSONAS}") for n in range(prompts)
    ]
    alone = [await said(engine, *one) for one in asked]
    together: list[Completion] = []
    for start in range(0, prompts, at_once):
        together += await asyncio.gather(*(said(engine, *one) for one in asked[start : start + at_once]))
    same = statistics.mean(one.text == other.text for one, other in zip(alone, together, strict=True))
    print(f"cross-talk: {same:.1%} of {prompts} prompts say the same alone and in a mixed batch (>= 99 %)")


async def said(engine: RemoteEngine, prompt: list[ChatMessage], lora: str) -> Completion:
    greedy = Sampling(temperature=0, max_tokens=24)
    done = [piece async for piece in engine.stream(prompt, sampling=greedy, lora=lora)][-1]
    assert isinstance(done, Completion)
    return done


async def hot_load(engine: RemoteEngine, shelf: Shelf, workshop: Path) -> None:
    """From a new version on the shelf to the first reply that wears it, while eight fans talk."""
    talking, failed, worn = True, 0, asyncio.Event()

    async def talk(number: int) -> None:
        nonlocal failed
        while talking:
            try:
                done = await said(engine, [ChatMessage("user", f"hi {number}")], "persona-0")
            except ServingError as exc:
                failed += 1
                print(f"a turn failed: {exc}")
            else:
                if done.lora == "persona-0/v2":
                    worn.set()

    made = make_lora(workshop / "new", base=UNDERSTUDY_FOLDER, seed=99, rank=16)
    async with asyncio.TaskGroup() as fans:
        for number in range(8):
            fans.create_task(talk(number))
        await asyncio.sleep(1)
        await asyncio.to_thread(shelf.add, "persona-0", made, Card(base="base"))
        began = time.perf_counter()
        await asyncio.wait_for(worn.wait(), 120)
        seconds, talking = time.perf_counter() - began, False
    print(f"hot load of a new version under load: {seconds:.1f} s until it is worn (< 2), {failed} failed turns (0)")
