"""The real program on the fake Discord: killed with -9 in mid-reply and started again, it answers once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots.fake_discord import FakeDiscord
from bots.fake_discord.wire import Json
from tests.discord.conftest import TOKEN, buttons
from tests.eventually import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@asynccontextmanager
async def program(server: FakeDiscord, data: Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`greenroom discord` with the scripted engine; ended by its own process id."""
    surroundings = {
        **os.environ,
        "DISCORD_TOKEN": TOKEN,
        "GREENROOM_DISCORD_API": server.api_url,
        "GREENROOM_DISCORD_GATEWAY": server.gateway_url,
        "GREENROOM_DISCORD_SETTLE": "0",
        "GREENROOM_DISCORD_EDIT_EVERY": "0.1",
        "OMP_NUM_THREADS": "1",
    } | environment
    arguments = [sys.executable, "-m", "bots", "discord", "--engine", "scripted", "--data", str(data)]
    process = await asyncio.create_subprocess_exec(*arguments, env=surroundings)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def ours(server: FakeDiscord, where: Json) -> list[Json]:
    return [message for message in server.messages(where) if "webhook_id" in message]


def done(server: FakeDiscord, where: Json) -> list[Json]:
    return [message for message in ours(server, where) if any("again:" in button for button in buttons(message))]


async def test_a_bot_killed_in_mid_reply_finishes_that_reply_when_it_is_back_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with FakeDiscord() as server:
        guild = server.guild("The Green Room")
        stage = server.channel(guild, "stage")
        server.application(TOKEN, in_guilds=[guild])
        kim = server.person("Kim")

        async with program(server, tmp_path) as first:
            await asyncio.wait_for(server.gateway.connected(), 90)
            await server.says(kim, stage, "Mika, tell me about the long night")
            await eventually(lambda: bool(ours(server, stage)), within=60)
            first.kill()
        async with program(server, tmp_path):
            await eventually(lambda: bool(done(server, stage)), within=90)

        assert len(ours(server, stage)) == len(done(server, stage)) == 1


async def test_a_bot_told_to_end_leaves_with_good_manners(tmp_path: Path) -> None:
    async with FakeDiscord() as server:
        guild = server.guild("The Green Room")
        server.channel(guild, "stage")
        server.application(TOKEN, in_guilds=[guild])

        async with program(server, tmp_path) as running:
            await asyncio.wait_for(server.gateway.connected(), 90)
            running.send_signal(signal.SIGTERM)

            assert await asyncio.wait_for(running.wait(), 30) == 0


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_a_bot_told_to_end_in_mid_reply_marks_it_and_the_next_life_finishes_it_in_its_place(
    tmp_path: Path, told: signal.Signals
) -> None:
    async with FakeDiscord() as server:
        guild = server.guild("The Green Room")
        stage = server.channel(guild, "stage")
        server.application(TOKEN, in_guilds=[guild])

        async with program(server, tmp_path) as running:
            await asyncio.wait_for(server.gateway.connected(), 90)
            await server.says(server.person("Kim"), stage, "Mika, tell me at length about the long night")
            await eventually(lambda: bool(ours(server, stage)), within=60)
            running.send_signal(told)
            code = await asyncio.wait_for(running.wait(), 30)
            left = ours(server, stage)[0]["content"]
        async with program(server, tmp_path):
            await eventually(lambda: bool(done(server, stage)), within=90)

        assert code == 0
        assert "(interrupted)" in left
        assert "interrupted" not in ours(server, stage)[0]["content"]
        assert len(ours(server, stage)) == len(done(server, stage)) == 1
