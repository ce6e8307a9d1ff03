"""An engine on a real Ray of this machine: more load, more replicas; a replica that dies costs no turn."""

import asyncio
import os
import signal
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest
import pytest_asyncio

from serving import ChatMessage, Completion, Delta, EngineAway, EngineRefused, Sampling
from serving.testing import ScriptedEngine

with warnings.catch_warnings():  # Ray's own modules use what pydantic will drop one day
    warnings.simplefilter("ignore")
    ray = pytest.importorskip("ray")
    from ray import serve

    from serving.cluster import ClusterEngine, Scale

HELLO = [ChatMessage("system", "You are Mira."), ChatMessage("user", "Hello!")]
REPLY = "one two three four five six seven eight nine ten"
SCALE = Scale(at_least=1, at_most=3, per_replica=2, more_after=1, fewer_after=3)

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.asyncio(loop_scope="module"),
    # Ray leaves its sockets and subprocesses to its own atexit, and warns of its own future defaults
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def telling_its_process() -> ScriptedEngine:
    """Ends every reply with the process id of its replica."""
    return ScriptedEngine(f"{REPLY} {os.getpid()}", delay=0.2)


def refusing() -> ScriptedEngine:
    return ScriptedEngine(fail_after=0, failure=EngineRefused("No such LoRA."), model="refusing")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[ClusterEngine]:
    engine = ClusterEngine(telling_its_process, name="cast", scale=SCALE)
    await engine.ready()
    yield engine
    await engine.aclose()
    await asyncio.to_thread(serve.shutdown)
    await asyncio.to_thread(ray.shutdown)


async def say(engine: ClusterEngine, lora: str | None = None) -> Completion:
    pieces = [piece async for piece in engine.stream(HELLO, sampling=Sampling(), lora=lora)]
    assert isinstance(pieces[-1], Completion)
    assert "".join(piece.text for piece in pieces[:-1] if isinstance(piece, Delta)) == pieces[-1].text
    return pieces[-1]


def copies() -> int:
    """Replicas that run now, by Ray's own account."""
    deployments = serve.status().applications["cast"].deployments
    return int(deployments["copy"].replica_states.get("RUNNING", 0))


async def until(holds: Callable[[], bool], *, seconds: int = 240) -> bool:
    for _ in range(2 * seconds):
        if await asyncio.to_thread(holds):
            return True
        await asyncio.sleep(0.5)
    return False


async def test_a_reply_comes_through_the_cluster_piece_by_piece(engine: ClusterEngine) -> None:
    told = await say(engine, "mira")

    assert (told.text.rpartition(" ")[0], told.finish_reason, told.lora) == (REPLY, "stop", "mira")
    assert engine.window.tokens == 8192


async def test_replicas_rise_with_the_load_and_fall_with_it_and_no_turn_is_lost_when_one_is_killed(
    engine: ClusterEngine,
) -> None:
    talking, ends, broken_off_begun = True, list[Completion](), list[bool]()

    async def fan(number: int) -> None:
        while talking:
            begun = False
            try:
                async for piece in engine.stream(HELLO, sampling=Sampling(), lora=f"persona-{number % 4}"):
                    begun = True
                    if isinstance(piece, Completion):
                        ends.append(piece)
            except EngineAway:  # take_turn finishes such a reply in character
                broken_off_begun.append(begun)

    async with asyncio.TaskGroup() as fans:
        for number in range(12):
            fans.create_task(fan(number))
        rose = await until(lambda: copies() == 3)
        before = len(ends)
        os.kill(int(ends[-1].text.split()[-1]), signal.SIGKILL)
        went_on = await until(lambda: len(ends) > before + 12)
        came_back = await until(lambda: copies() == 3)
        talking = False
    fell = await until(lambda: copies() == 1)

    assert (rose, went_on, came_back, fell) == (True, True, True, True)
    assert all(broken_off_begun), "a turn that had not begun was lost"
    assert len(broken_off_begun) <= 4 * SCALE.per_replica, "more than one replica has in hand"
    assert {completion.text.rpartition(" ")[0] for completion in ends} == {REPLY}


async def test_a_fan_who_leaves_frees_the_replica(engine: ClusterEngine) -> None:
    async with aclosing(engine.stream(HELLO, sampling=Sampling())) as stream:
        await anext(stream)

    assert (await say(engine)).text.startswith(REPLY)


async def test_a_refusal_of_the_engine_arrives_as_what_it_is() -> None:
    engine = ClusterEngine(refusing, name="refusing", scale=Scale(at_most=1))

    with pytest.raises(EngineRefused, match="No such LoRA"):
        await engine.ready()
    with pytest.raises(EngineRefused, match="No such LoRA"):
        await say(engine, "nobody")

    await engine.aclose()
