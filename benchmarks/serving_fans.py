"""How many fans fit on a machine: the API as it is, before an engine that says 10 tokens a second to each of them.

The house runs in a process of its own, as on a real machine; the clients here are bare sockets, so that what is
measured is the house. `python -m benchmarks.serving_fans serve FOLDER` is that process.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bots import web_bot
from bots.keys import Keys
from bots.testing import house_in_ram
from bots.web_fan import Tickets
from bots.web_foyer import Foyer
from serving import Admission
from serving.testing import ScriptedEngine

WORDS, PACE = 30, 0.1
LATE = 0.5  # seconds of p99 at which the machine counts as full
HOUSE = [sys.executable, "-m", "benchmarks.serving_fans", "serve"]


class House:
    """A house in another process: where it is, its key, and how much memory it holds."""

    def __init__(self, port: int, key: str, pid: int) -> None:
        self.port, self.key, self.pid = port, key, pid

    @property
    def resident(self) -> float:
        """Megabytes (Linux)."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    @property
    def cpu(self) -> float:
        """Seconds of CPU so far (Linux, 100 ticks a second)."""
        told = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / 100


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """A process that serves until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *HOUSE, str(folder), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout
    try:
        said = json.loads(await process.stdout.readline())
        yield House(int(said["port"]), said["key"], process.pid)
    finally:
        process.terminate()
        await process.wait()


async def serve(folder: Path) -> None:
    """The house: hall, journal, admission, meters and API, and an engine that is paced by the clock."""
    engine = ScriptedEngine(" ".join(["word"] * WORDS), delay=PACE)
    opening = partial(house_in_ram, engine, admission=Admission(at_once=10**5, waiting=10**5, waiting_per_fan=10**5))
    keys, door = Keys(folder), web_bot.listening("127.0.0.1", 0)
    _, key = keys.add("bench", per_minute=10**9)

    def told(_: object) -> None:
        print(json.dumps({"port": door.getsockname()[1], "key": key}), flush=True)

    await web_bot.serve(opening, Foyer(Tickets(b"bench"), keys), door, told=told)


async def fan(there: House, number: int, start: float) -> tuple[float, str]:
    """Seconds from asking to the first word, and what was said; nothing said is an error."""
    await asyncio.sleep(start)
    said = {"role": "user", "content": f"Hello, I am fan {number}."}
    body = json.dumps({"model": "mika", "stream": True, "user": f"{number}-{start}", "messages": [said]}).encode()
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        *("Host: here", "Content-Type: application/json", f"Authorization: Bearer {there.key}", "Connection: close"),
        f"Content-Length: {len(body)}",
    ]
    began, first, text = time.perf_counter(), 0.0, ""
    reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    while line := await reader.readline():
        if line.startswith(b"data: {"):
            chunk = json.loads(line[6:])
            word = chunk["choices"][0]["delta"].get("content") if chunk.get("choices") else ""
            if word and not first:
                first = time.perf_counter() - began
            text += word or ""
    writer.close()
    return first, text


async def round_of(there: House, fans: int) -> dict[str, float]:
    """All of them within the time of one reply, as people come; what our side added to the first word."""
    cpu, whole = there.cpu, WORDS * PACE
    told = await asyncio.gather(*(fan(there, n, whole * n / fans) for n in range(fans)))
    late = sorted(first - PACE for first, _ in told)
    return {
        "fans": fans,
        "errors": sum(len(text.split()) != WORDS for _, text in told),
        "p50_ms": 1000 * late[len(late) // 2],
        "p99_ms": 1000 * late[int(0.99 * (len(late) - 1))],
        "resident_mb": there.resident,
        "cpu_ms_a_turn": 1000 * (there.cpu - cpu) / fans,
    }


def told(row: dict[str, float]) -> str:
    return (
        f"{row['fans']:6.0f} fans   errors {row['errors']:3.0f}   first word p50 {row['p50_ms']:5.0f}"
        f" p99 {row['p99_ms']:5.0f} ms   {row['resident_mb']:4.0f} MB   CPU a turn {row['cpu_ms_a_turn']:4.1f} ms"
    )


async def how_many_fans(folder: Path, *, most: int = 3200) -> list[dict[str, float]]:
    """200 fans three times over (does memory stay flat?), then more and more until the first words come late."""
    rows = []
    async with house(folder) as there:
        await round_of(there, 8)
        for fans in (200, 200, 200, *(int(200 * 1.5**n) for n in range(1, 9))):
            if fans > most:
                break
            rows.append(await round_of(there, fans))
            print(told(rows[-1]), flush=True)
            if rows[-1]["p99_ms"] > 1000 * LATE or rows[-1]["errors"]:
                break
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(Path(sys.argv[2])))
    else:
        with tempfile.TemporaryDirectory() as workshop:
            asyncio.run(how_many_fans(Path(workshop), most=int(sys.argv[1]) if sys.argv[1:] else 3200))
