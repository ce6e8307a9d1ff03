"""kill -9 of vLLM in the middle of many streams, again and again: every turn ends once, and none hangs or doubles."""

import asyncio
import os
import signal
from collections import Counter
from contextlib import aclosing
from pathlib import Path

from serving import ChatMessage, Completion, EngineAway, Sampling
from serving.fallback import FallbackEngine
from serving.remote_engine import RemoteEngine
from serving.settings import UNDERSTUDY_FOLDER, ServerSettings
from serving.shelf import Shelf
from serving.testing import ScriptedEngine
from serving.vllm_server import VllmServer

LONG = Sampling(temperature=1, max_tokens=700, seed=1)
HANGING = 300.0  # seconds after which a stream counts as one that never ends


async def turn(chain: FallbackEngine, number: int, begun: asyncio.Semaphore) -> str:
    """How one stream ended: by the server, by the understudy that stepped in, or broken off (finished in character)."""
    ends: list[str] = []
    try:
        async with asyncio.timeout(HANGING):
            asked = [ChatMessage("user", f"Tell me story {number}, at length.")]
            async with aclosing(chain.stream(asked, sampling=LONG)) as stream:
                async for piece in stream:
                    if isinstance(piece, Completion):
                        ends.append("understudy" if piece.model == "understudy" else "server")
                    else:
                        begun.release()
    except EngineAway:
        ends.append("broken off")
    except TimeoutError:
        ends.append("hanging")
    return ends[0] if len(ends) == 1 else "doubled" if ends else "without an end"


async def table(workshop: Path, *, kills: int, streams: int) -> None:
    settings = ServerSettings(
        model=str(UNDERSTUDY_FOLDER), port=0, window=1024, replies_at_once=64, log=workshop / "kills.log"
    )
    counted: Counter[str] = Counter()
    async with VllmServer(settings, Shelf(workshop / "no-shelf"), key="k") as server:
        engine = RemoteEngine(server.url, model="base", api_key="k")
        chain = FallbackEngine([engine, ScriptedEngine("I step in.", model="understudy")])
        for number in range(1, kills + 1):
            while server.starts < number:  # noqa: ASYNC110 - its supervisor notices a death within seconds
                await asyncio.sleep(0.2)
            await server.ready()
            begun = asyncio.Semaphore(0)
            talking = [asyncio.create_task(turn(chain, n, begun)) for n in range(streams)]
            for _ in range(streams // 4):  # some have begun, others wait for a place
                await begun.acquire()
            assert server.pid
            os.kill(server.pid, signal.SIGKILL)
            counted.update(await asyncio.gather(*talking))
            print(f"kill {number} of {kills}: {dict(counted)}", flush=True)
        await engine.aclose()
    wrong = sum(counted[end] for end in ("doubled", "hanging", "without an end"))
    print(f"kill -9 in {streams} streams, {kills} times: {wrong} of {counted.total()} ended otherwise than once (0)")
