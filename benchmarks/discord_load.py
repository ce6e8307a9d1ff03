"""How Discord fares under load: many busy channels, a paced engine, the fake's rate limits switched on.

    python -m benchmarks.discord_load --channels 200 --lines 2

Prints requests refused (429), edits in a window as the fake counts them, the median time from a line to the first
words that stand there, and how late the event loop wakes (p99). The fake runs in a process of its own, so that its
work does not count as the bot's, and so does an idle loop: how late that one wakes is the machine's own doing.
"""

import argparse
import asyncio
import json
import logging
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from bots.attention import Attention
from bots.discord_bot import DiscordBot
from bots.discord_client import Client
from bots.discord_commands import commands
from bots.discord_settings import DiscordSettings
from bots.fake_discord import FakeDiscord
from bots.testing import MIKA, PlainCast, house_in_ram
from memory.journal import Journal
from serving.testing import ScriptedEngine

REPLY = "A sentence about the sea, the moon and the long way home tonight. " * 6
WINDOW, EDITS = 5.0, 5  # Discord's edits for each channel and window, as the fake keeps them
TICK = 0.01  # seconds


@dataclass
class Seen:
    """What the fake saw: when lines were said, when words first stood there, and what it had to refuse."""

    said: dict[str, float] = field(default_factory=dict)
    first_words: dict[str, float] = field(default_factory=dict)
    refused: int = 0
    most_edits: int = 0
    requests: int = 0


class QuickClient(Client):
    """Starts at once."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """No wait between two sessions."""


def serve(pipe: Connection, channels: int, lines: int, over: float) -> None:
    """The fake and its fans, in a process of their own."""
    pipe.send(asyncio.run(crowd(pipe, channels, lines, over)))


def stand_by(pipe: Connection) -> None:
    """An idle loop beside the bot's, until told to end; sends how late it woke."""
    pipe.send(asyncio.run(idle(pipe)))


async def idle(pipe: Connection) -> list[float]:
    late: list[float] = []
    watching = asyncio.create_task(lag(late))
    await asyncio.to_thread(pipe.recv)
    watching.cancel()
    return late


async def crowd(pipe: Connection, channels: int, lines: int, over: float) -> Seen:
    """Every channel gets its lines, one after the other, each when the one before was answered."""
    seen, chance = Seen(), random.Random(3)
    async with FakeDiscord(rate_limits=True) as server:
        guild = server.guild("The Green Room")
        rooms = [server.channel(guild, f"room-{number}") for number in range(channels)]
        server.application("token", in_guilds=[guild])
        pipe.send((server.api_url, server.gateway_url))
        await server.gateway.connected()

        async def fan(number: int) -> None:
            room = rooms[number]
            await asyncio.sleep(chance.uniform(0, over))
            for line in range(lines):
                seen.said[f"{number}/{line}"] = time.monotonic()
                who = server.person(f"fan{number}")
                said = await server.says(who, room, f"Mika, this is line {line}")
                await answered(server, seen, f"{number}/{line}", said["id"], room["id"])

        await asyncio.gather(*(fan(number) for number in range(channels)))
        seen.refused = sum(heard.status == 429 for heard in server.requests)
        seen.requests = len(server.requests)
        seen.most_edits = most_in_a_window(server)
    return seen


async def answered(server: FakeDiscord, seen: Seen, line: str, said: str, room: str) -> None:
    """Waits until a line's reply is finished, and notes when its first words stood there."""
    while True:
        replies = [m for m in server.world.messages[room].values() if "webhook_id" in m and int(m["id"]) > int(said)]
        if replies:
            seen.first_words.setdefault(line, time.monotonic())
            if any("again:" in json.dumps(message["components"]) for message in replies):
                return
        await asyncio.sleep(0.02)


def most_in_a_window(server: FakeDiscord) -> int:
    """The most edits of one webhook within any window of the limit."""
    times: dict[str, list[float]] = {}
    for heard in server.requests:
        if heard.method == "PATCH" and heard.status == 200:
            times.setdefault(heard.path.split("/messages/")[0], []).append(heard.at)
    windows = [sum(at <= other < at + WINDOW for other in edits) for edits in times.values() for at in edits]
    return max(windows, default=0)


async def lag(late: list[float]) -> None:
    """Notes how late the loop wakes, until cancelled."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        late.append(time.perf_counter() - began - TICK)


async def play(api: str, gateway: str, pipe: Connection, data: Path) -> tuple[Seen, list[float]]:
    """Runs the bot until the fans are done."""
    engine = ScriptedEngine(REPLY, delay=0.03)  # about 33 words in a second, as a small model on a GPU
    settings = DiscordSettings(token="token", api=api, gateway=gateway, settle=0.0)
    late: list[float] = []
    async with (
        await Journal.in_folder(data) as journal,
        house_in_ram(engine, cast=PlainCast(MIKA), journal=journal, data=data, turns_at_once=256) as house,
    ):
        attention = Attention(chance=random.Random(0))
        bot = DiscordBot(
            house,
            settings,
            make=lambda: QuickClient(house, settings, attention=attention, commands=commands, guild_ready_timeout=0.05),
        )
        running, watching = asyncio.create_task(bot.run()), asyncio.create_task(lag(late))
        seen: Seen = await asyncio.to_thread(pipe.recv)
        for task in (running, watching):
            task.cancel()
        await asyncio.gather(running, watching, return_exceptions=True)
    return seen, late


def report(seen: Seen, late: list[float], idle_late: list[float]) -> dict[str, float]:
    """The figures."""
    waits = [seen.first_words[line] - at for line, at in seen.said.items() if line in seen.first_words]
    return {
        "lines": len(seen.said),
        "answered": len(seen.first_words),
        "requests": seen.requests,
        "refused_429": seen.refused,
        "most_edits_in_5_s": seen.most_edits,
        "first_words_median_s": round(statistics.median(waits), 3),
        "first_words_p95_s": round(statistics.quantiles(waits, n=20)[-1], 3),
        "loop_lag_p99_ms": p99_ms(late),
        "idle_loop_lag_p99_ms": p99_ms(idle_late),
        "cpu_s": round(time.process_time(), 1),
    }


def p99_ms(late: list[float]) -> float:
    return round(statistics.quantiles(late, n=100)[-1] * 1000, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--channels", type=int, default=200)
    parser.add_argument("--lines", type=int, default=2, help="lines in each channel")
    parser.add_argument("--over", type=float, default=20.0, help="seconds over which the channels begin")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    fake = context.Process(target=serve, args=(theirs, chosen.channels, chosen.lines, chosen.over))
    fake.start()
    near, far = context.Pipe()
    bystander = context.Process(target=stand_by, args=(far,))
    bystander.start()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    api, gateway = ours.recv()
    print(f"{chosen.channels} channels, {chosen.lines} lines each …", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        seen, late = asyncio.run(play(api, gateway, ours, Path(folder)))
    near.send(None)
    figures = report(seen, late, near.recv())
    for process in (fake, bystander):
        process.join(30)
    print(json.dumps(figures) if chosen.json else "\n".join(f"{name:22} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
