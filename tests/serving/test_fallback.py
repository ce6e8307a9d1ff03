"""When an engine is away another steps in, unless somebody has already heard its first words."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
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


async def test_who_was_to_answer_is_blamed_and_not_who_could_not_step_in() -> None:
    engines = [failing(EngineAway("gone")), failing(EngineRefused("wrong key")), failing(PromptTooLong(9, 5))]

    with pytest.raises(EngineAway, match="gone"):
        await listen(FallbackEngine(engines))


class WithoutLoras(ScriptedEngine):
    """Refuses every LoRA, as an engine does whose base is another."""

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        if lora is not None:
            raise EngineRefused(f"The LoRA {lora} was made for another model.")
        async with aclosing(super().stream(prompt, sampling=sampling)) as stream:
            async for piece in stream:
                yield piece


async def test_who_can_not_wear_the_lora_steps_in_without_it() -> None:
    heard = await listen(FallbackEngine([failing(EngineAway("gone")), WithoutLoras("In my own voice.")]))

    assert isinstance(heard[-1], Completion)
    assert (heard[-1].text, heard[-1].lora) == ("In my own voice.", None)


async def test_the_engine_that_was_to_answer_never_answers_without_the_lora() -> None:
    first = WithoutLoras("In a stranger's voice.")

    with pytest.raises(EngineRefused, match="another model"):
        await listen(FallbackEngine([first, failing(EngineAway("gone"))]))
    assert first.prompts == []


async def test_who_steps_in_with_a_small_window_reads_the_newest_of_a_long_talk() -> None:
    small, sampling = ScriptedEngine("I step in", window=60), Sampling(max_tokens=10)
    talk = [ChatMessage("user" if n % 2 == 0 else "assistant", f"line {n} of a long talk") for n in range(21)]
    prompt = (ChatMessage("system", "You are Mira."), *talk)

    async for _ in FallbackEngine([failing(EngineAway("gone")), small]).stream(prompt, sampling=sampling):
        pass

    assert small.prompts == [(prompt[0], *talk[-3:])]


async def test_the_system_message_and_the_last_words_are_never_left_out() -> None:
    small = ScriptedEngine("I step in", window=30)
    prompt = (ChatMessage("system", "word " * 40), ChatMessage("assistant", "Hi."), ChatMessage("user", "word " * 40))

    async for _ in FallbackEngine([failing(EngineAway("gone")), small]).stream(prompt, sampling=Sampling()):
        pass

    assert small.prompts == [(prompt[0], prompt[2])]


async def test_only_a_failure_that_another_was_asked_to_mend_is_passed_on() -> None:
    told: list[str] = []
    engines = [failing(EngineAway("gone"), model="gpu"), failing(EngineAway("gone, too"), model="understudy")]
    chain = FallbackEngine(engines, passed_on=lambda engine, exc: told.append(f"{engine.model}: {exc}"))

    with pytest.raises(EngineAway):
        await listen(chain)

    assert told == ["gpu: gone"]


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
