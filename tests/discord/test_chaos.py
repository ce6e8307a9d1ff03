"""A bad night on Discord: kills, dropped connections, lost and refused answers; nothing is lost and nothing doubled."""

import asyncio
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from bots.fake_discord import FakeDiscord
from bots.fake_discord.faults import Weather
from bots.fake_discord.wire import Json
from tests.discord.conftest import TOKEN, buttons
from tests.discord.test_process import program
from tests.eventually import eventually

SENDS = re.compile(r"(POST|PATCH) /(webhooks|channels)/")


class Night:
    """Fans who write in all channels, and what goes wrong meanwhile."""

    def __init__(self, server: FakeDiscord, channels: list[Json], chance: random.Random) -> None:
        self.server = server
        self.channels = channels
        self.chance = chance
        self.said: dict[str, list[str]] = {channel["id"]: [] for channel in channels}

    async def write(self, messages: int, *, every: float) -> None:
        """So many lines, round the channels, each by a fan of its own, so that none joins another's."""
        for number in range(messages):
            channel = self.channels[number % len(self.channels)]
            fan = self.server.person(f"fan{number}")
            said = await self.server.says(fan, channel, f"Mika, this is line {number}")
            self.said[channel["id"]].append(said["id"])
            await asyncio.sleep(every)

    async def shake(self, drops: int, *, over: float) -> None:
        """Drops the gateway so often: cut, closed, told to reconnect, told that the session is gone."""
        for _ in range(drops):
            await asyncio.sleep(over / drops)
            match self.chance.choice(("cut", "close", "reconnect", "invalid")):
                case "cut":
                    await self.server.drop(None)
                case "close":
                    await self.server.drop(4000)
                case "reconnect":
                    await self.server.frame(7)
                case _:
                    await self.server.frame(9, False)

    def answered(self) -> Counter[str]:
        """How many finished messages deliver each turn."""
        turns = [
            next(button for button in buttons(message) if "again:" in button)
            for channel in self.channels
            for message in self.server.messages(channel)
            if any("again:" in button for button in buttons(message))
        ]
        return Counter(turns)

    def half_said(self) -> list[Json]:
        """Messages that still show that they are being given."""
        every = [message for channel in self.channels for message in self.server.messages(channel)]
        return [message for message in every if any("stop:" in button for button in buttons(message))]


async def bad_night(data: Path, *, messages: int, channels: int, kills: int, drops: int, within: float) -> None:
    """The whole run; asserts that every line got one reply, and prints the figures."""
    async with FakeDiscord() as server:
        guild = server.guild("The Green Room")
        rooms = [server.channel(guild, f"room-{number}") for number in range(channels)]
        server.application(TOKEN, in_guilds=[guild])
        chance = random.Random(7)
        night = Night(server, rooms, chance)
        server.faults.weather = Weather(chance, SENDS, lost=0.05, refused=0.05)
        seconds = messages * 0.15
        writing = shaking = None
        for life in range(kills + 1):
            async with program(server, data) as running:
                await asyncio.wait_for(server.gateway.connected(), 120)
                if writing is None:
                    writing = asyncio.create_task(night.write(messages, every=0.15))
                    shaking = asyncio.create_task(night.shake(drops, over=seconds))
                if life < kills:
                    await asyncio.sleep(seconds / (kills + 1))
                    running.kill()
                else:
                    assert shaking is not None
                    await asyncio.gather(writing, shaking)
                    await eventually(lambda: len(night.answered()) >= messages, within=within)
                    await eventually(lambda: not night.half_said(), within=60)
        answered = night.answered()
        doubled = [turn for turn, times in answered.items() if times > 1]
        print(f"\n{messages} lines, {len(answered)} answered, {len(doubled)} doubled, {kills} kills, {drops} drops")
        assert len(answered) == messages
        assert doubled == []


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_short_bad_night_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    await bad_night(tmp_path, messages=20, channels=4, kills=1, drops=3, within=120)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_thousand_lines_in_twenty_channels_through_kills_drops_and_lost_answers(tmp_path: Path) -> None:
    await bad_night(tmp_path, messages=1000, channels=20, kills=5, drops=20, within=1800)
