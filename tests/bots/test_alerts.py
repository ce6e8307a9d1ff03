"""Each alert fires for the fault it names, on figures that a real Prometheus scraped from a real house."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from bots.house import House
from bots.meters import Meters
from bots.performance import Performance
from bots.testing import PlainMemory, answer_to, house_in_ram, said
from memory import MemoryTrouble
from serving import Admission, Budget, Price
from serving.metering import MeteredEngine
from serving.metering import Meters as EngineMeters
from serving.router import Router
from serving.testing import ScriptedEngine
from tests.bots.prometheus import OBSERVABILITY, alerts, watching
from tests.bots.visit import served

DASHBOARD = json.loads((OBSERVABILITY / "grafana/dashboards/greenroom.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
installed = pytest.mark.skipif(not shutil.which("promtool"), reason="Debian's package prometheus is not installed")


class SlowMemory(PlainMemory):
    """Takes its time when told to."""

    seconds = 0.0

    async def recall(self, *args: object, **how: object):  # type: ignore[no-untyped-def]
        await asyncio.sleep(self.seconds)
        return await super().recall(*args, **how)  # type: ignore[arg-type]


class Theatre:
    """A house on two replicas, and everything that can be made to go wrong in it."""

    def __init__(self) -> None:
        self.meters = Meters(prices={"gpu": Price(1, 3)})
        self.meters.expect(["mika"])
        watched = EngineMeters(self.meters.registry)
        self.replicas = [ScriptedEngine("One two.", model="gpu") for _ in "12"]
        router = Router(
            {f"http://{n}/v1": engine for n, engine in enumerate(self.replicas)},
            passed_on=lambda replica, _: watched.failed_over("gpu", replica.name),
        )
        self.engine = MeteredEngine(router, watched, name="gpu")
        self.memory = SlowMemory()
        self.admission = Admission(at_once=2, waiting=1, waiting_per_fan=9, budget=Budget(each_fan=2000))
        watched.watch_router("gpu", router)
        watched.watch_admission("gpu", self.admission)
        self.house: House
        self.said = 0
        self.crowded: list[Performance] = []

    async def turns(self, number: int, *, fan: str = "") -> None:
        for _ in range(number):
            self.said += 1
            who = fan or f"web:fan-{self.said}"
            await answer_to(self.house, f"Hello {self.said}", place=f"web:{who}", fan=who, key=f"web:{self.said}")

    def pace(self, seconds: float) -> None:
        for engine in self.replicas:
            engine.delay = seconds

    async def nothing(self) -> None:
        await self.turns(3)

    async def engines_fail(self) -> None:
        for engine in self.replicas:
            engine.fail_after = 0
        await self.turns(6)
        for engine in self.replicas:
            engine.fail_after = None

    async def speak_slowly(self) -> None:
        self.pace(3.2)
        await asyncio.gather(self.turns(2), self.turns(2))
        self.pace(0)

    async def crowd(self) -> None:
        self.pace(30)
        performances = []
        for n in range(4):
            heard = said("Hello", place=f"web:crowd-{n}", fan=f"web:crowd-{n}", key=f"web:crowd-{n}-{self.said}")
            performances.append(await self.house.hall.hear(heard, persona_id="mika"))
        self.said += 1
        await performances[-1].ended()
        self.crowded = performances[:-1]

    async def everybody_stops(self) -> None:
        for performance in self.crowded:
            await self.stop(performance)
        for _ in range(12):
            self.said += 1
            heard = said("Hello", place="web:bored", fan="web:bored", key=f"web:bored-{self.said}")
            await self.stop(await self.house.hall.hear(heard, persona_id="mika"))
        self.pace(0)

    async def stop(self, performance: Performance) -> None:
        await self.house.hall.stop(performance.id)
        await performance.ended()

    async def memory_fails(self) -> None:
        self.memory.failure = MemoryTrouble("The index is away.")
        await self.turns(2)
        self.memory.failure = None

    async def memory_dawdles(self) -> None:
        self.memory.seconds = 1.0
        await self.turns(2)
        self.memory.seconds = 0

    async def one_fan_talks_all_day(self) -> None:
        while self.admission._budget._spent["fan", "web:talker"] < 2000:
            await self.turns(1, fan="web:talker")
        await self.turns(1, fan="web:talker")


Fault = Callable[[Theatre], Awaitable[None]]
FAULTS: list[tuple[Fault, set[str]]] = [
    (Theatre.engines_fail, {"RepliesFailing", "ReplicaResting", "FailingOver"}),
    (Theatre.speak_slowly, {"FirstWordSlow", "SpeechSlow"}),
    (Theatre.crowd, {"TurnedAway", "QueueStands"}),
    (Theatre.everybody_stops, {"FansStopReplies"}),
    (Theatre.memory_fails, {"Forgetful"}),
    (Theatre.memory_dawdles, {"RecallSlow"}),
    (Theatre.one_fan_talks_all_day, {"TokensSpent"}),
]


@installed
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_each_alert_fires_for_its_fault_and_not_before(tmp_path: Path) -> None:
    """And every panel of the dashboard has something to show after such a day."""
    theatre, known = Theatre(), alerts()
    async with AsyncExitStack() as doors:
        house = house_in_ram(
            theatre.engine, memory=theatre.memory, admission=theatre.admission, meters=theatre.meters, recover_minutes=0
        )
        theatre.house = await doors.enter_async_context(house)
        theatre.meters.watch(lambda: theatre.house.hall.busy)
        address = await doors.enter_async_context(served(theatre.house))
        prometheus = await doors.enter_async_context(watching(address, tmp_path))
        await theatre.nothing()
        await prometheus.scrapes(3)
        good = {
            name: expression for name, expression in known.items() if name != "HouseDown"
        }  # a busy machine's hiccup
        assert [name for name, expression in good.items() if await prometheus.ask(expression)] == []

        for fault, fires in FAULTS:
            await fault(theatre)
            for name in fires:
                assert await prometheus.comes_true(known[name]), f"{name} does not fire for {fault.__name__}"
        await theatre.nothing()
        await prometheus.scrapes(3)
        shown = {expression: await prometheus.ask(plain(expression)) for expression in EXPRESSIONS}
        assert {expression for expression, found in shown.items() if not found and "vllm" not in expression} == set()

    assert set(known) - {"HouseDown"} == {name for _, fires in FAULTS for name in fires}


@installed
@pytest.mark.slow
async def test_a_house_that_is_gone_is_noticed(tmp_path: Path) -> None:
    async with AsyncExitStack() as outside, AsyncExitStack() as inside:
        house = await inside.enter_async_context(house_in_ram())
        address = await inside.enter_async_context(served(house))
        prometheus = await outside.enter_async_context(watching(address, tmp_path))

        await inside.aclose()

        assert await prometheus.comes_true(alerts()["HouseDown"])


@installed
def test_promtool_knows_when_each_alert_fires_and_when_not() -> None:
    for words in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]):
        told = subprocess.run(["promtool", *words], cwd=OBSERVABILITY, capture_output=True, text=True, timeout=120)
        assert told.returncode == 0, told.stdout + told.stderr
    scrapes = ["promtool", "check", "config", "--syntax-only", "prometheus.yaml"]
    assert subprocess.run(scrapes, cwd=OBSERVABILITY, capture_output=True, timeout=120).returncode == 0


def test_alerts_and_dashboard_ask_only_for_figures_that_the_house_has() -> None:
    meters = Meters()
    meters.watch(lambda: 0)
    EngineMeters(meters.registry)
    told = {family.name for family in families(meters.text().decode())}

    asked = {name for expression in (*EXPRESSIONS, *alerts().values()) for name in names_in(expression)}

    assert {name for name in asked if base_of(name) not in told} == set()
    assert {name for name in told if name.startswith("greenroom")} == {base_of(name) for name in asked}


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\bgreenroom_\w+", expression))


def base_of(name: str) -> str:
    """A metric's own name: what it is called without what its kind adds."""
    return re.sub(r"_(total|bucket|count|sum)$", "", name)


def plain(expression: str) -> str:
    """An expression of the dashboard with Grafana's variables filled in."""
    return expression.replace("$__rate_interval", "10m").replace("$persona", ".*")
