"""When an engine is away another steps in, unless somebody has already heard its first words."""

import asyncio
from contextlib import aclosing

import pytest

from serving import (
    ChatMessage,
    Completion,
    Delta,
    EngineAway,
    EngineBusy,
    EngineMissing,
    EngineRefused,
    PromptTooLong,
    Sampling,
    ServingError,
)
from serving.fallback import FallbackEngine
from serving.testing import ScriptedEngine

HELLO = (ChatMessage("user", "Hello!"),)


def failing(failure: ServingError, *, after: int = 0, model: str = "failing") -> ScriptedEngine:
    return ScriptedEngine("one two three four", fail_after=after, failure=failure, model=model)


async def listen(engine: FallbackEngine) -> list[Delta | Completion]:
    return [piece async for piece in engine.stream(HELLO, sampling=Sampling(), lora="mira")]


async def test_the_first_engine_answers_and_the_others_are_not_asked() -> None:
    second = ScriptedEngine("from the second")

    heard = await listen(FallbackEngine([ScriptedEngine("from the first"), second]))

    assert isinstance(heard[-1], Completion)
    assert heard[-1].text == "from the first"
    assert second.prompts == []


@pytest.mark.parametrize(
    "failure",
    [EngineAway("gone"), EngineBusy("full"), EngineRefused("no"), EngineMissing("not there"), PromptTooLong(9, 5)],
)
async def test_an_engine_that_fails_before_its_first_word_is_stood_in_for(failure: ServingError) -> None:
    second = ScriptedEngine("I step in", model="understudy")

    heard = await listen(FallbackEngine([failing(failure), second]))

    assert isinstance(heard[-1], Completion)
    assert (heard[-1].text, heard[-1].model) == ("I step in", "understudy")
    assert second.loras == ["mira"]


async def test_an_engine_that_fails_in_mid_sentence_is_not_stood_in_for() -> None:
    second = ScriptedEngine()
    chain = FallbackEngine([failing(EngineBusy("full"), after=2), second])
    stream = chain.stream(HELLO, sampling=Sampling())

    heard = [await anext(stream), await anext(stream)]

    assert heard == [Delta("one"), Delta(" two")]
    with pytest.raises(EngineAway, match="in the middle of a reply"):
        await anext(stream)
    assert second.prompts == []


async def test_of_several_failures_the_one_to_act_on_is_told() -> None:
    engines = [failing(EngineAway("gone")), failing(EngineRefused("wrong key")), failing(EngineBusy("full"))]

    with pytest.raises(EngineRefused, match="wrong key"):
        await listen(FallbackEngine(engines))


async def test_who_leaves_stops_the_engine_that_speaks() -> None:
    engine = ScriptedEngine("word " * 100, delay=0.001)

    async with aclosing(FallbackEngine([failing(EngineAway("gone")), engine]).stream(HELLO, sampling=Sampling())) as s:
        await anext(s)

    assert (engine.cancelled, engine.running) == (1, 0)


async def test_a_cancelled_turn_is_not_passed_on() -> None:
    first, second = ScriptedEngine("word " * 100, delay=0.05), ScriptedEngine()
    turn = asyncio.create_task(listen(FallbackEngine([first, second])))
    await asyncio.sleep(0.02)

    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)

    assert turn.cancelled()
    assert second.prompts == []


async def test_a_chain_is_ready_when_one_of_it_is() -> None:
    await FallbackEngine([failing(EngineAway("gone")), ScriptedEngine()]).ready()

    with pytest.raises(EngineMissing):
        await FallbackEngine([failing(EngineMissing("no model")), failing(EngineAway("gone"))]).ready()


async def test_closing_a_chain_closes_all_of_it() -> None:
    engines = [ScriptedEngine(), ScriptedEngine()]

    await FallbackEngine(engines).aclose()

    assert all(engine.closed for engine in engines)
