"""A persona stays at home with its replica, moves when that is busy, and never notices that one has died."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence

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
)
from serving.breaker import Breaker
from serving.router import Router
from serving.served import NotServed
from serving.testing import ScriptedEngine

HELLO = (ChatMessage("system", "You are Mira."), ChatMessage("user", "Hello!"))
CAST = [f"persona-{n}" for n in range(64)]


class Clock:
    """A clock that tests turn by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def replicas(n: int = 3, **script: object) -> dict[str, ScriptedEngine]:
    return {f"gpu-{k}": ScriptedEngine("one two three", model=f"gpu-{k}", **script) for k in range(n)}  # type: ignore[arg-type]


async def say(router: Router, lora: str = "mira") -> Completion:
    pieces = [piece async for piece in router.stream(HELLO, sampling=Sampling(), lora=lora)]
    assert isinstance(pieces[-1], Completion)
    return pieces[-1]


async def test_a_persona_is_at_home_with_one_replica() -> None:
    router = Router(replicas())

    assert len({(await say(router)).model for _ in range(10)}) == 1


async def test_the_cast_is_spread_over_the_replicas() -> None:
    router = Router(replicas())

    homes = Counter([(await say(router, lora)).model for lora in CAST])

    assert len(homes) == 3
    assert min(homes.values()) >= 10


def test_when_a_replica_goes_only_its_personas_move() -> None:
    all_three, without = Router(replicas(3)), Router(replicas(2))

    for persona in CAST:
        home = all_three.order(persona)[0].name
        assert home == "gpu-2" or without.order(persona)[0].name == home


async def test_a_busy_home_is_passed_over() -> None:
    engines = replicas(2, delay=0.02)
    router = Router(engines)

    told = await asyncio.gather(*(say(router) for _ in range(12)))

    assert len(Counter(completion.model for completion in told)) == 2


async def test_a_dead_replica_is_stood_in_for_and_left_alone_after_three_failures() -> None:
    clock, heard = Clock(), list[str]()
    engines = replicas(2)
    router = Router(
        engines,
        make_breaker=lambda: Breaker(clock=clock),
        passed_on=lambda engine, _: heard.append(engine.model),
    )
    home = router.order("mira")[0].name
    engines[home].fail_after = 0

    answers = {(await say(router)).model for _ in range(10)}

    assert answers == {"gpu-0", "gpu-1"} - {home}
    assert len(engines[home].prompts) == 3
    assert heard == [home] * 3


async def test_a_replica_that_came_back_is_asked_again_after_a_while() -> None:
    clock = Clock()
    engines = replicas(2)
    router = Router(engines, make_breaker=lambda: Breaker(clock=clock, pause=2))
    home = router.order("mira")[0].name
    engines[home].fail_after = 0
    for _ in range(5):
        await say(router)
    engines[home].fail_after = None

    clock.now += 2

    assert {(await say(router)).model for _ in range(3)} == {home}


async def test_a_reply_that_breaks_off_is_not_begun_by_another() -> None:
    engines = replicas(2, fail_after=1)
    stream = Router(engines).stream(HELLO, sampling=Sampling(), lora="mira")

    assert await anext(stream) == Delta("one")
    with pytest.raises(EngineAway, match="in the middle"):
        await anext(stream)
    assert sum(len(engine.prompts) for engine in engines.values()) == 1


@pytest.mark.parametrize(
    ("failure", "asked"),
    [
        (EngineAway("gone"), 2),
        (EngineBusy("full"), 2),
        (NotServed("no such LoRA yet"), 2),
        (EngineRefused("temperature"), 1),
        (PromptTooLong(9, 5), 1),
    ],
)
async def test_only_what_another_replica_may_mend_is_passed_on(failure: ServingError, asked: int) -> None:
    engines = replicas(2, fail_after=0, failure=failure)

    with pytest.raises(type(failure)):
        await say(Router(engines))

    assert sum(len(engine.prompts) for engine in engines.values()) == asked


async def test_with_every_breaker_open_somebody_is_asked_all_the_same() -> None:
    engines = replicas(2, fail_after=0)
    router = Router(engines, make_breaker=lambda: Breaker(clock=Clock()))
    for _ in range(6):
        with pytest.raises(EngineAway):
            await say(router)
    for engine in engines.values():
        engine.fail_after = None

    assert (await say(router)).text == "one two three"


async def test_no_word_before_the_deadline_is_away() -> None:
    engines = replicas(2, delay=5)

    with pytest.raises(EngineAway, match="within"):
        await say(Router(engines, first_word=0.05))

    assert [engine.running for engine in engines.values()] == [0, 0]


async def test_a_slow_reply_that_has_begun_has_no_deadline() -> None:
    router = Router({"gpu": ScriptedEngine("one two three four", delay=0.04)}, first_word=0.08)

    assert (await say(router)).text == "one two three four"


async def test_who_leaves_frees_the_replica() -> None:
    engines = replicas(2, delay=0.01)
    router = Router(engines)
    stream = router.stream(HELLO, sampling=Sampling(), lora="mira")
    await anext(stream)

    await stream.aclose()

    assert [replica.running for replica in router.order("mira")] == [0, 0]
    assert sum(engine.cancelled for engine in engines.values()) == 1


async def test_a_router_is_ready_when_one_replica_is() -> None:
    engines = {"a": ScriptedEngine(fail_after=0), "b": ScriptedEngine()}

    await Router(engines).ready()
    engines["b"].fail_after = 0

    with pytest.raises(EngineAway):
        await Router(engines).ready()


def test_a_breaker_makes_one_trial_and_waits_longer_each_time() -> None:
    clock = Clock()
    breaker = Breaker(failures=2, pause=1, longest=3, clock=clock)
    waits = []
    for _ in range(2):
        breaker.begin()
        breaker.fail()
    for _ in range(4):
        began = clock.now
        while not breaker.lets_through:
            clock.now += 0.5
        waits.append(clock.now - began)
        breaker.begin()
        trial_runs = not breaker.lets_through
        breaker.fail()
        assert trial_runs

    assert waits == [1, 2, 3, 3]
    clock.now += 3
    breaker.begin()
    breaker.succeed()
    assert breaker.lets_through


class Never:
    """An engine that hangs before its first word."""

    model = "never"
    window = ScriptedEngine().window

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        await asyncio.sleep(60)
        yield Delta("never")

    async def ready(self) -> None: ...

    async def aclose(self) -> None: ...


async def test_a_trial_that_its_fan_did_not_wait_for_says_nothing() -> None:
    clock = Clock()
    router = Router({"never": Never()}, first_word=0.01, make_breaker=lambda: Breaker(clock=clock))
    with pytest.raises(EngineAway):
        await say(router)

    assert router.order("mira")[0].breaker.lets_through
