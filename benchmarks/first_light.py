"""The first minute's figures: cold start, first token, speed, resident memory; and what a turn adds to the bare engine.

    python -m benchmarks.first_light [--engine understudy|scripted] [--turns 20] [--json]

Every figure stands beside a baseline of the same run: first tokens beside the bare engine's, and a machine's speed
(a fixed loop of Python) at the top, so that figures of a busy machine can be told from those of an idle one.
"""

import argparse
import asyncio
import json
import os
import statistics as st
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bots.app import from_flags, open_house
from bots.house import House
from bots.logs import start_logging
from bots.testing import house_in_ram, said
from memory import Turn
from personas import Persona
from serving import Admission, Delta
from serving.testing import ScriptedEngine

CONVERSATIONS = (1, 8, 64)
STEPS = ("recall", "render", "first_token", "total")


def main() -> None:
    asked = argparse.ArgumentParser(description="First light in figures.")
    asked.add_argument("--engine", default="understudy", help="understudy, scripted, or one of greenroom.yaml")
    asked.add_argument("--turns", type=int, default=20, help="turns with the engine")
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    with TemporaryDirectory() as folder:
        figures = {
            "machine": machine(),
            "cold start": cold_start(Path(folder) / "cold", wanted.engine),
            "a reply": asyncio.run(replies(Path(folder) / "warm", wanted.engine, wanted.turns)),
            "a turn beside the bare engine": [asyncio.run(overhead(many)) for many in CONVERSATIONS],
        }
    print(json.dumps(figures, indent=2) if wanted.json else told(figures))


def machine() -> dict[str, Any]:
    """How fast and how busy this machine is just now."""
    began, cpu = time.perf_counter(), time.process_time()
    sum(n * n for n in range(2_000_000))
    wall, own = time.perf_counter() - began, time.process_time() - cpu
    return {"loop_s": wall, "share_of_a_core": own / wall, "load": os.getloadavg()[0], "cores": os.cpu_count()}


def cold_start(data: Path, engine: str) -> dict[str, float]:
    """From `greenroom` to the end of the first reply's first token, as a new process, and its own CPU seconds."""
    began = time.perf_counter()
    before = os.times()
    greenroom = Path(sys.executable).parent / "greenroom"
    ran = subprocess.run(
        [greenroom, "chat", "--say", "Hello!", "--json", "--data", data, "--engine", engine],
        capture_output=True,
        text=True,
        check=True,
    )
    whole, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    timings = json.loads(ran.stdout)["timings"]
    return {"process_s": whole, "cpu_s": cpu, "first_token_of_the_turn_s": timings["first_token"]}


async def replies(data: Path, engine: str, turns: int) -> dict[str, float]:
    """First tokens and speed of one conversation in a warm house, and what the process holds in memory."""
    settings = from_flags({"data": data, "engine": engine, "log_level": "ERROR"})
    start_logging(settings)
    async with open_house(settings) as house:
        persona = house.first
        assert persona is not None
        await house.engines.warm([persona])
        done = [await one(house, persona, f"Hello number {n}, what do you like?") for n in range(turns)]
    firsts = [turn.timings["first_token"] for turn in done[1:]]
    speeds = [
        t.completion_tokens / (t.timings["total"] - t.timings["first_token"]) for t in done if t.completion_tokens > 1
    ]
    return {
        "first_token_p50_s": st.median(firsts),
        "first_token_p95_s": quantile(firsts, 0.95),
        "tokens_per_s": st.median(speeds),
        "resident_mb": resident(),
    }


async def one(house: House, persona: Persona, text: str) -> Turn:
    heard = said(text, place="web:bench", fan="web:bench", key=f"web:{text}")
    return await (await house.hall.hear(heard, persona_id=persona.id)).ended()


async def overhead(many: int, *, rounds: int = 12) -> dict[str, Any]:
    """First token through the hall less that of the bare engine, with so many conversations at once."""
    engine = ScriptedEngine("A few words of answer.")
    async with house_in_ram(engine, admission=Admission(at_once=many)) as house:
        through: list[float] = []
        turns: list[Turn] = []
        bare: list[float] = []
        cpu = time.process_time()
        for number in range(rounds):
            bare += await asyncio.gather(*(bare_first(engine) for _ in range(many)))
            spoken = await asyncio.gather(*(through_first(house, number, place) for place in range(many)))
            through += [first for first, _ in spoken]
            turns += [turn for _, turn in spoken]
        cpu = time.process_time() - cpu
    steps = {step: 1000 * st.median(turn.timings.get(step, 0.0) for turn in turns) for step in STEPS}
    added = [1000 * (first - st.median(bare)) for first in through]
    return {
        "conversations": many,
        "added_ms_p50": st.median(added),
        "added_ms_p95": quantile(added, 0.95),
        "bare_ms_p50": 1000 * st.median(bare),
        "cpu_ms_a_turn": 1000 * cpu / len(turns),
        "steps_ms_p50": steps,
        "journal_and_hall_ms_p50": st.median(added) - steps["first_token"] + 1000 * st.median(bare),
    }


async def bare_first(engine: ScriptedEngine) -> float:
    began = time.perf_counter()
    async with aclosing(engine.stream([], sampling=Persona(id="x", name="X", who="x").plays.sampling)) as stream:
        await anext(stream)
    return time.perf_counter() - began


async def through_first(house: House, number: int, place: int) -> tuple[float, Turn]:
    """Seconds from something said to its first delta at a reader, and the finished turn."""
    began, first = time.perf_counter(), 0.0
    heard = said("How are you?", place=f"web:{place}", fan=f"web:fan-{place}", key=f"web:{number}-{place}")
    performance = await house.hall.hear(heard, persona_id="mika")
    async for step in performance.follow():
        if isinstance(step, Delta) and not first:
            first = time.perf_counter() - began
    assert performance.turn is not None
    return first, performance.turn


def quantile(figures: Sequence[float], share: float) -> float:
    return sorted(figures)[min(len(figures) - 1, int(share * len(figures)))]


def resident() -> float:
    """Megabytes this process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def told(figures: dict[str, Any]) -> str:
    """The figures as a table for people."""
    here, cold, reply = figures["machine"], figures["cold start"], figures["a reply"]
    first, late = 1000 * reply["first_token_p50_s"], 1000 * reply["first_token_p95_s"]
    lines = [
        f"machine          {here['cores']} cores, load {here['load']:.1f}, our share {here['share_of_a_core']:.0%}",
        f"cold start       {cold['process_s']:.1f} s for a whole `greenroom chat --say`, CPU {cold['cpu_s']:.1f} s",
        f"first token      p50 {first:.0f} ms, p95 {late:.0f} ms",
        f"speed            {reply['tokens_per_s']:.0f} tokens/s",
        f"resident memory  {reply['resident_mb']:.0f} MB",
        "",
        "a turn beside the bare engine (scripted, journal in RAM), milliseconds to the first token:",
        "conversations   added p50   p95   of which recall  render  journal and hall   CPU a turn   (bare engine)",
    ]
    for row in figures["a turn beside the bare engine"]:
        steps = row["steps_ms_p50"]
        lines.append(
            f"{row['conversations']:13} {row['added_ms_p50']:11.1f} {row['added_ms_p95']:5.1f} {steps['recall']:17.1f}"
            f" {steps['render']:7.1f} {row['journal_and_hall_ms_p50']:17.1f}"
            f" {row['cpu_ms_a_turn']:12.1f} {row['bare_ms_p50']:15.2f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
