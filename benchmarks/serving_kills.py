"""kill -9 of vLLM in the middle of many streams, again and again: every turn ends once, and none hangs or doubles.

The turns are whole ones, from what a fan says to what stands in the journal. vLLM dies when a quarter of the streams
have begun; those end in character, and the others are answered by the engine that steps in.
"""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

from bots.house import House
from bots.testing import MIKA, PlainCast, house_in_ram, said
from personas import Place
from serving import Admission, Delta, Sampling
from serving.fallback import FallbackEngine
from serving.remote_engine import RemoteEngine
from serving.settings import UNDERSTUDY_FOLDER, ServerSettings
from serving.shelf import Shelf
from serving.testing import ScriptedEngine
from serving.vllm_server import VllmServer

LONG = Sampling(temperature=1, max_tokens=700, seed=1)
TELLER = MIKA.model_copy(update={"plays": MIKA.plays.model_copy(update={"sampling": LONG})})
HANGING = 300.0  # seconds after which a turn counts as one that never ends
RIGHT = ("by vLLM", "by who stepped in", "broken off in character")


async def turn(house: House, place: str, begun: asyncio.Semaphore) -> str:
    """How one turn ended, in a word; anything but one end, in words that stand in the journal once, is named, too."""
    try:
        async with asyncio.timeout(HANGING):
            words = said("Tell me a story, at length.", place=place, fan=f"fan-of-{place}", key=f"said-in-{place}")
            performance = await house.hall.hear(words, persona_id="mika")
            heard = ""
            async for step in performance.follow():
                if isinstance(step, Delta):
                    if not heard:
                        begun.release()
                    heard += step.text
    except TimeoutError:
        return "hanging"
    kept = await house.journal.path(Place(place), "mika")
    if len(kept) != 1 or kept[0].said != heard or heard.count(TELLER.at_a_loss) > 1:
        return "doubled"
    if kept[0].outcome == "answered":
        return "by who stepped in" if kept[0].model == "understudy" else "by vLLM"
    return "broken off in character" if heard.endswith(TELLER.at_a_loss) else "without an end"


async def table(workshop: Path, *, kills: int, streams: int) -> None:
    settings = ServerSettings(
        model=str(UNDERSTUDY_FOLDER), port=0, window=1024, replies_at_once=64, log=workshop / "kills.log"
    )
    counted: Counter[str] = Counter()
    async with VllmServer(settings, Shelf(workshop / "no-shelf"), key="k") as server:
        chain = FallbackEngine(
            [RemoteEngine(server.url, model="base", api_key="k"), ScriptedEngine("I step in.", model="understudy")]
        )
        async with house_in_ram(chain, cast=PlainCast(TELLER), admission=Admission(at_once=streams)) as house:
            for number in range(1, kills + 1):
                while server.starts < number:  # noqa: ASYNC110 - its supervisor notices a death within seconds
                    await asyncio.sleep(0.2)
                await server.ready()
                counted.update(await kill_in(house, server, streams, number))
                print(f"kill {number} of {kills}: {dict(counted)}", flush=True)
    wrong = sum(number for end, number in counted.items() if end not in RIGHT)
    print(f"kill -9 in {streams} streams, {kills} times: {wrong} of {counted.total()} ended otherwise than once (0)")


async def kill_in(house: House, server: VllmServer, streams: int, number: int) -> list[str]:
    """How the turns ended in which vLLM was killed."""
    begun = asyncio.Semaphore(0)
    talking = [asyncio.create_task(turn(house, f"web:{number}-{n}", begun)) for n in range(streams)]
    for _ in range(streams // 4):  # some have begun, others wait for a place
        await begun.acquire()
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    return await asyncio.gather(*talking)
