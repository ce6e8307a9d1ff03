"""The engine other rooms test with keeps an engine's promises itself."""

import asyncio
from contextlib import aclosing

import pytest

from serving import ChatMessage, Completion, Delta, EngineAway, EngineBusy, Sampling
from serving.testing import ScriptedEngine, count_words

HELLO = (ChatMessage("user", "Hello, who are you?"),)


async def told(engine: ScriptedEngine, **sampling: int) -> tuple[list[str], Completion]:
    said = [piece async for piece in engine.stream(HELLO, sampling=Sampling(**sampling))]
    assert isinstance(said[-1], Completion)
    return [piece.text for piece in said[:-1] if isinstance(piece, Delta)], said[-1]


async def test_the_completion_is_the_deltas_joined() -> None:
    deltas, completion = await told(ScriptedEngine("I am Mira.\nAnd you? "))

    assert deltas == ["I", " am", " Mira.", "\nAnd", " you?", " "]
    assert completion == Completion("I am Mira.\nAnd you? ", "stop", "scripted", count_words(HELLO), 6)


async def test_replies_are_told_in_turn_and_the_last_again() -> None:
    engine = ScriptedEngine(["one", "two"])

    assert [(await told(engine))[1].text for _ in range(4)] == ["one", "two", "two", "two"]


async def test_a_reply_may_depend_on_the_prompt() -> None:
    engine = ScriptedEngine(lambda prompt: prompt[-1].content.upper())

    assert (await told(engine))[1].text == "HELLO, WHO ARE YOU?"


async def test_a_reply_over_max_tokens_is_cut() -> None:
    _, completion = await told(ScriptedEngine("one two three"), max_tokens=2)

    assert (completion.text, completion.finish_reason) == ("one two", "length")


async def test_it_fails_after_the_delta_it_was_told_to() -> None:
    engine = ScriptedEngine("one two three", fail_after=2, failure=EngineBusy("Full.", retry_after=3))
    stream = engine.stream(HELLO, sampling=Sampling())

    heard = [await anext(stream), await anext(stream)]

    assert heard == [Delta("one"), Delta(" two")]
    with pytest.raises(EngineBusy):
        await anext(stream)


async def test_an_engine_that_fails_at_once_is_not_ready() -> None:
    with pytest.raises(EngineAway):
        await ScriptedEngine(fail_after=0).ready()


async def test_closing_the_stream_stops_the_talking() -> None:
    engine = ScriptedEngine("word " * 100, delay=0.001)

    async with aclosing(engine.stream(HELLO, sampling=Sampling())) as stream:
        async for _ in stream:
            break

    assert (engine.said, engine.cancelled, engine.running, engine.finished) == (1, 1, 0, 0)


async def test_cancelling_the_reader_stops_the_talking() -> None:
    engine = ScriptedEngine("word " * 100, delay=0.01)
    reader = asyncio.create_task(told(engine))
    await asyncio.sleep(0.05)

    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)

    assert (engine.cancelled, engine.running, engine.finished) == (1, 0, 0)
    assert 0 < engine.said < 100


async def test_it_remembers_what_it_was_asked() -> None:
    engine = ScriptedEngine()

    async for _ in engine.stream(HELLO, sampling=Sampling(temperature=0), lora="mira/v2"):
        pass

    assert engine.prompts == [HELLO]
    assert engine.samplings == [Sampling(temperature=0)]
    assert engine.loras == ["mira/v2"]
