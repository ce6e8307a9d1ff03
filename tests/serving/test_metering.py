"""What is measured of an engine: how replies end, what they cost, how soon they begin; and nothing of what was said."""

import asyncio
from contextlib import aclosing

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from serving import ChatMessage, EngineAway, EngineBusy, PromptTooLong, Sampling, ServingError
from serving.fallback import FallbackEngine
from serving.metering import MeteredEngine, Meters
from serving.testing import ScriptedEngine

SECRET = "my cat is called Miso"
ASKED = (ChatMessage("user", SECRET),)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def metered(registry: CollectorRegistry, **script: object) -> MeteredEngine:
    return MeteredEngine(ScriptedEngine("a secret reply", **script), Meters(registry), name="gpu")  # type: ignore[arg-type]


async def listen(engine: MeteredEngine) -> None:
    async for _ in engine.stream(ASKED, sampling=Sampling(), lora="mira/v1"):
        pass


async def test_a_reply_is_counted_with_its_tokens_and_its_first_word(registry: CollectorRegistry) -> None:
    await listen(metered(registry, delay=0.001))

    labels = {"engine": "gpu", "lora": "mira/v1"}
    assert registry.get_sample_value("greenroom_engine_replies_total", {**labels, "outcome": "stop"}) == 1
    assert registry.get_sample_value("greenroom_engine_tokens_total", {**labels, "kind": "completion"}) == 3
    assert registry.get_sample_value("greenroom_engine_first_word_seconds_count", {"engine": "gpu"}) == 1
    assert registry.get_sample_value("greenroom_engine_tokens_per_second_count", {"engine": "gpu"}) == 1
    assert registry.get_sample_value("greenroom_engine_replies_running", {"engine": "gpu"}) == 0


@pytest.mark.parametrize(
    ("failure", "family"), [(EngineAway("x"), "away"), (EngineBusy("x"), "busy"), (PromptTooLong(9, 5), "too_long")]
)
async def test_a_failure_is_counted_by_its_family(
    registry: CollectorRegistry, failure: ServingError, family: str
) -> None:
    engine = metered(registry, fail_after=1, failure=failure)

    with pytest.raises(type(failure)):
        await listen(engine)

    labels = {"engine": "gpu", "lora": "mira/v1", "outcome": family}
    assert registry.get_sample_value("greenroom_engine_replies_total", labels) == 1


async def test_a_fan_who_leaves_is_counted_and_the_engine_is_stopped(registry: CollectorRegistry) -> None:
    inner = ScriptedEngine("word " * 50, delay=0.001)
    engine = MeteredEngine(inner, Meters(registry), name="gpu")

    async with aclosing(engine.stream(ASKED, sampling=Sampling())) as stream:
        await anext(stream)
        await asyncio.sleep(0)

    labels = {"engine": "gpu", "lora": "", "outcome": "left"}
    assert registry.get_sample_value("greenroom_engine_replies_total", labels) == 1
    assert inner.cancelled == 1


async def test_a_failover_is_counted_against_the_engine_that_failed(registry: CollectorRegistry) -> None:
    meters = Meters(registry)
    broken = ScriptedEngine(fail_after=0, model="gpu")
    chain = FallbackEngine(
        [broken, ScriptedEngine(model="understudy")], passed_on=lambda engine, _: meters.failed_over(engine.model)
    )

    async for _ in chain.stream(ASKED, sampling=Sampling()):
        pass

    assert registry.get_sample_value("greenroom_failovers_total", {"engine": "gpu", "replica": ""}) == 1


async def test_nobodys_words_stand_in_the_metrics(registry: CollectorRegistry) -> None:
    await listen(metered(registry))

    told = generate_latest(registry).decode()

    assert "greenroom_engine_replies_total" in told
    assert "Miso" not in told
    assert "secret" not in told
