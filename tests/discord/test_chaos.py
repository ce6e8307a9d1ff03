"""A bad night on Discord: kills, dropped connections, lost and refused answers; nothing is lost and nothing doubled.

What was answered is read from the journal afterwards, line by line: which turn heard it, how many messages of the
channel show that turn, and whether the replies stand in the order of the lines.
"""

import asyncio
import itertools
import random
import re
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bots.fake_discord import FakeDiscord
from bots.fake_discord.faults import Weather
from bots.fake_discord.wire import Json
from memory.journal import Journal
from tests.discord.conftest import TOKEN, buttons
from tests.discord.test_process import program
from tests.eventually import eventually

SENDS = re.compile(r"(POST|PATCH) /(webhooks|channels)/")
EVERY = 0.15  # seconds between two lines
QUICK_TO_NOTICE = {"GREENROOM_DISCORD_SILENT_FOR": "6"}
HEARTBEAT = 2.0


@dataclass
class Tally:
    """What became of the lines of one night."""

    answered: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    out_of_order: int = 0


class Night:
    """Fans who write in all channels, and what goes wrong meanwhile."""

    def __init__(self, server: FakeDiscord, channels: list[Json], chance: random.Random) -> None:
        self.server = server
        self.channels = channels
        self.chance = chance
        self.said: dict[str, list[str]] = {channel["id"]: [] for channel in channels}
        self.dropped: Counter[str] = Counter()

    async def write(self, messages: int) -> None:
        """So many lines, round the channels, each by a fan of its own, so that none joins another's."""
        for number in range(messages):
            channel = self.channels[number % len(self.channels)]
            fan = self.server.person(f"fan{number}")
            said = await self.server.says(fan, channel, f"Mika, this is line {number}")
            self.said[channel["id"]].append(said["id"])
            await asyncio.sleep(EVERY)

    async def shake(self, drops: int, *, over: float) -> None:
        """Drops the gateway so often: cut, closed, told to reconnect, told that the session is gone, gone dead."""
        kinds = itertools.cycle(("cut", "close", "reconnect", "invalid", "zombie"))
        for kind in itertools.islice(kinds, drops):
            await asyncio.sleep(over / drops * self.chance.uniform(0.5, 1.5))
            await self.server.gateway.connected()
            self.dropped[kind] += 1
            match kind:
                case "cut":
                    await self.server.drop(None)
                case "close":
                    await self.server.drop(4000)
                case "reconnect":
                    await self.server.frame(7)
                case "invalid":
                    await self.server.frame(9, False)
                case _:
                    self.server.zombie()

    def shown(self, channel: Json) -> list[str]:
        """The turns whose finished replies stand in a channel, from the top."""
        return [turn for message in self.server.messages(channel) if (turn := turn_with(message, "again"))]

    def count(self) -> int:
        """How many replies stand finished in all channels."""
        return sum(len(set(self.shown(channel))) for channel in self.channels)

    def half_said(self) -> list[Json]:
        """Messages that still show that they are being given."""
        every = [message for channel in self.channels for message in self.server.messages(channel)]
        return [message for message in every if turn_with(message, "stop")]

    async def judge(self, data: Path) -> Tally:
        """Holds what stands in the channels against the journal."""
        tally = Tally()
        async with await Journal.in_folder(data) as journal:
            for channel in self.channels:
                shown = [(turn, (await journal.turn(turn)).heard) for turn in self.shown(channel)]
                lines = [said.id.removeprefix("discord:") for _, heard in shown for said in heard]
                times = Counter(lines)
                asked = self.said[channel["id"]]
                tally.answered += sum(times[line] == 1 for line in asked)
                tally.lost += [line for line in asked if not times[line]]
                tally.doubled += [line for line in asked if times[line] > 1]
                tally.out_of_order += sum(int(one) > int(other) for one, other in itertools.pairwise(lines))
        return tally


def turn_with(message: Json, verb: str) -> str | None:
    """The turn of a message that carries this button."""
    return next((button.rpartition(":")[2] for button in buttons(message) if f":{verb}:" in button), None)


async def bad_night(data: Path, *, messages: int, channels: int, kills: int, drops: int, within: float) -> None:
    """The whole run; asserts that every line got one reply, in its place, and prints the figures."""
    began = time.monotonic()
    async with FakeDiscord(heartbeat=HEARTBEAT) as server:
        guild = server.guild("The Green Room")
        rooms = [server.channel(guild, f"room-{number}") for number in range(channels)]
        server.application(TOKEN, in_guilds=[guild])
        chance = random.Random(7)
        night = Night(server, rooms, chance)
        server.faults.weather = Weather(chance, SENDS, lost=0.05, refused=0.05)
        await through_lives(night, data, messages=messages, kills=kills, drops=drops, within=within)
        tally = await night.judge(data)
        bad = Counter(heard.status for heard in server.requests if heard.status in (429, 502))
        print(
            f"\n{messages} lines in {channels} channels, {kills} kills, {dict(night.dropped)} drops, "
            f"{server.faults.lost} answers lost, {dict(bad)} refused, {len(server.requests)} requests, "
            f"{server.gateway.identifies} sessions, {server.gateway.resumes} resumed, {time.monotonic() - began:.0f} s:"
            f" {tally.answered} answered once, {len(tally.lost)} lost, {len(tally.doubled)} doubled, "
            f"{tally.out_of_order} out of order"
        )
    assert tally == Tally(answered=messages)


async def through_lives(night: Night, data: Path, *, messages: int, kills: int, drops: int, within: float) -> None:
    """One process after the other, all but the last of them killed in the middle of it."""
    seconds = messages * EVERY
    async with asyncio.TaskGroup() as tasks:
        for life in range(kills + 1):
            async with program(night.server, data, **QUICK_TO_NOTICE) as running:
                await asyncio.wait_for(night.server.gateway.connected(), 120)
                if life == 0:
                    writing = tasks.create_task(night.write(messages))
                    shaking = tasks.create_task(night.shake(drops, over=seconds))
                if life < kills:
                    await asyncio.sleep(seconds / (kills + 1))
                    running.kill()
                    continue
                await asyncio.gather(writing, shaking)
                await eventually(lambda: night.count() >= messages and not night.half_said(), within=within)
                await asyncio.sleep(3)  # whoever would say something twice has time to
                running.send_signal(signal.SIGTERM)
                await asyncio.wait_for(running.wait(), 60)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_short_bad_night_loses_nothing_doubles_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    await bad_night(tmp_path, messages=20, channels=4, kills=1, drops=5, within=120)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_thousand_lines_in_twenty_channels_through_kills_drops_and_lost_answers(tmp_path: Path) -> None:
    await bad_night(tmp_path, messages=1000, channels=20, kills=5, drops=20, within=900)
