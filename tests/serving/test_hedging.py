"""A second engine is asked when the first is slow to begin; one of them is heard, and the other one stops working."""

import asyncio

import pytest

from serving import ChatMessage, Completion, EngineAway, Sampling
from serving.router import Router
from serving.testing import ScriptedEngine

HELLO = (ChatMessage("system", "You are Mira."), ChatMessage("user", "Hello!"))


def pair(home: ScriptedEngine, other: ScriptedEngine, *, hedge: float | None) -> Router:
    """A router on which the first engine is at home with the persona."""
    names = [replica.name for replica in Router({"a": home, "b": other}).order("mira")]
    return Router(dict(zip(names, (home, other), strict=True)), hedge=hedge)


async def heard(router: Router) -> Completion:
    pieces = [piece async for piece in router.stream(HELLO, sampling=Sampling(), lora="mira")]
    assert isinstance(pieces[-1], Completion)
    assert "".join(piece.text for piece in pieces[:-1]) == pieces[-1].text
    return pieces[-1]


async def test_nobody_is_asked_twice_unless_an_operator_wants_it() -> None:
    slow, other = ScriptedEngine("I am slow.", delay=0.05), ScriptedEngine("I am quick.")

    told = await heard(pair(slow, other, hedge=None))

    assert told.text == "I am slow."
    assert not other.prompts


async def test_who_speaks_first_is_heard_and_the_other_is_stopped() -> None:
    slow, quick = ScriptedEngine("I am slow.", delay=5), ScriptedEngine("I am quick.")

    told = await heard(pair(slow, quick, hedge=0.01))

    assert told.text == "I am quick."
    assert (slow.running, slow.cancelled) == (0, 1)


async def test_a_first_engine_that_is_quick_enough_is_alone() -> None:
    quick, other = ScriptedEngine("I am quick."), ScriptedEngine("me too")

    told = await heard(pair(quick, other, hedge=5))

    assert told.text == "I am quick."
    assert not other.prompts


async def test_when_both_fail_the_first_ones_reason_is_told() -> None:
    home = ScriptedEngine(fail_after=0, failure=EngineAway("gone at home"))
    router = pair(home, ScriptedEngine(fail_after=0, failure=EngineAway("gone there")), hedge=0.01)

    with pytest.raises(EngineAway, match="gone at home"):
        await heard(router)


async def test_a_fan_who_leaves_stops_both() -> None:
    engines = [ScriptedEngine("word", delay=5), ScriptedEngine("word", delay=5)]
    listening = asyncio.create_task(heard(pair(*engines, hedge=0.01)))
    await asyncio.sleep(0.1)
    assert [engine.running for engine in engines] == [1, 1]

    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)

    assert [engine.running for engine in engines] == [0, 0]
