"""More than one client: an account for each character, shards, and two processes on one journal."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from bots.attention import Attention
from bots.discord_accounts import Accounts
from bots.discord_bot import DiscordBot
from bots.discord_client import Client
from bots.discord_commands import commands
from bots.discord_settings import DiscordSettings
from bots.discord_shards import ShardedClient
from bots.fake_discord import FakeDiscord
from bots.fake_discord.dialect import without, worded
from bots.fake_discord.wire import Json
from bots.house import House
from bots.testing import MIKA, PlainCast, house_in_ram
from memory.journal import Journal
from memory.testing import memory_in_ram
from serving.testing import ScriptedEngine
from tests.discord.conftest import BRAM, TOKEN, Quick, QuickClient, buttons, ended
from tests.eventually import eventually
from tests.memory.conftest import emptied, needs_postgres, postgres_server

__all__ = ["postgres_server"]


class QuickShards(Quick, ShardedClient):
    """Several gateway connections, quick to start."""


def told(server: FakeDiscord, **settings: object) -> DiscordSettings:
    usual = {"token": TOKEN, "settle": 0.0, "edit_every": 0.1} | settings
    return DiscordSettings(api=server.api_url, gateway=server.gateway_url, **usual)  # type: ignore[arg-type]


@asynccontextmanager
async def running(
    house: House, settings: DiscordSettings, kind: type[Client] = QuickClient, **options: object
) -> AsyncIterator[DiscordBot]:
    """A bot on the fake Discord, ready."""
    attention = Attention(chance=random.Random(0))

    def make() -> Client:
        return kind(
            house,
            settings,
            attention=attention,
            commands=commands,
            guild_ready_timeout=0.05,
            **options,  # type: ignore[arg-type]
        )

    bot = DiscordBot(house, settings, make=make)
    task = asyncio.create_task(bot.run())
    try:
        await eventually(lambda: bot.client is not None and bot.client.is_ready(), within=20)
        yield bot
    finally:
        await ended(task)


def done(server: FakeDiscord, where: Json) -> list[Json]:
    return [m for m in server.messages(where) if any("again:" in button for button in buttons(m))]


async def test_each_character_speaks_through_her_own_account_and_they_do_not_answer_each_other(
    tmp_path: Path,
) -> None:
    engine = ScriptedEngine("Mika! Bram! What a day.")
    async with FakeDiscord() as server, AsyncExitStack() as closing:
        guild = server.guild("The Green Room")
        stage, kim = server.channel(guild, "stage"), server.person("Kim")
        mika, bram = (server.application(name, name=name, in_guilds=[guild]) for name in ("mika", "bram"))
        house = await closing.enter_async_context(house_in_ram(engine, cast=PlainCast(MIKA, BRAM), data=tmp_path))
        shared, tokens = Accounts(), {"mika": "mika", "bram": "bram"}
        for name in tokens:
            settings = told(server, token=name, tokens=tokens)
            await closing.enter_async_context(running(house, settings, speaker=name, accounts=shared))

        await server.says(kim, stage, "Mika, hello! Bram, hello!")
        await eventually(lambda: len(done(server, stage)) == 2)
        await server.says(kim, stage, f"<@{bram['id']}> and you?")
        await eventually(lambda: len(done(server, stage)) == 3)
        await server.says(kim, stage, "and yours?", reply_to=done(server, stage)[-1])
        await eventually(lambda: len(done(server, stage)) == 4)
        await asyncio.sleep(0.5)

        accounts = [message["author"]["id"] for message in done(server, stage)]
        assert sorted(accounts[:2]) == sorted([mika["id"], bram["id"]])
        assert accounts[2:] == [bram["id"], bram["id"]]
        assert engine.finished == 4
        heard = await house.journal.overheard(f"discord:{guild['id']}/{stage['id']}", "mika")
        assert "persona:bram" in {one.speaker_id for one in heard}


async def test_one_shard_is_enough_on_a_server_that_does_not_tell_of_shards(tmp_path: Path) -> None:
    async with FakeDiscord() as server, house_in_ram(ScriptedEngine("Hello there."), data=tmp_path) as house:
        server.dialect.tells("READY", without("shard", "resume_gateway_url", "application"))
        server.dialect.answers("GET /gateway/bot", worded(without("session_start_limit")))
        stage = server.channel(server.guild("The Green Room"), "stage")
        server.application(TOKEN, in_guilds=server.world.guilds.values())

        async with running(house, told(server, sharded=True), QuickShards):
            await server.frame(7)
            await eventually(lambda: server.gateway.resumes == 1, within=20)
            await server.says(server.person("Kim"), stage, "Mika, hello!")

            await eventually(lambda: len(done(server, stage)) == 1)


async def test_two_shards_serve_their_own_servers_and_private_messages_reach_the_first(tmp_path: Path) -> None:
    async with FakeDiscord() as server, house_in_ram(ScriptedEngine("Hello there."), data=tmp_path) as house:
        server._front.shards = 2
        server.gateway.sharding_required = True
        guilds = [server.guild(f"guild {number}") for number in range(6)]
        stages, kim = [server.channel(guild, "stage") for guild in guilds], server.person("Kim")
        server.application(TOKEN, in_guilds=guilds)

        async with running(house, told(server, sharded=True), QuickShards):
            for stage in stages:
                await server.says(kim, stage, "Mika, hello!")
            private = await server.direct(kim, "hello")

            await eventually(lambda: all(len(done(server, stage)) == 1 for stage in stages), within=20)
            channel = server.world.channels[private["channel_id"]]
            await eventually(lambda: len(done(server, channel)) == 1)

        assert sorted(session.shard for session in server.gateway.sessions.values()) == [(0, 2), (1, 2)]


def test_a_part_of_the_shards_is_read_from_the_settings_or_refused_with_a_sentence() -> None:
    assert DiscordSettings(shards="0,2/4").part == ((0, 2), 4)
    assert DiscordSettings().part is None
    for wrong in ("4/4", "a/b", "1", "-1/2"):
        with pytest.raises(ValueError, match="SHARDS"):
            _ = DiscordSettings(shards=wrong).part


@asynccontextmanager
async def two_processes(url: str, tmp_path: Path, server: FakeDiscord, engine: ScriptedEngine) -> AsyncIterator[None]:
    """Two houses, each with a journal connection of its own, and a client each on the same account."""
    async with AsyncExitStack() as closing:
        for name in ("one", "other"):
            journal = await closing.enter_async_context(await Journal.open(url))
            memory = await closing.enter_async_context(memory_in_ram(journal))
            opened = house_in_ram(
                engine, memory=memory, journal=journal, data=tmp_path / "shared", cast=PlainCast(MIKA, BRAM)
            )
            house = await closing.enter_async_context(opened)
            await closing.enter_async_context(running(house, told(server)))
            assert name
        yield


async def both_answer_once(url: str, tmp_path: Path) -> None:
    engine = ScriptedEngine("Hello there, it is lovely to see you.", delay=0.02)
    async with FakeDiscord() as server:
        guild = server.guild("The Green Room")
        stages = [server.channel(guild, f"stage-{number}") for number in range(3)]
        server.application(TOKEN, in_guilds=[guild])
        async with two_processes(url, tmp_path, server, engine):
            for number in range(12):
                fan, stage = server.person(f"fan{number}"), stages[number % 3]
                await server.says(fan, stage, "Mika, hello! Bram, hello!" if number == 5 else f"Mika, line {number}")
                await asyncio.sleep(0.05)
            await eventually(lambda: sum(len(done(server, stage)) for stage in stages) >= 13, within=60)
            await asyncio.sleep(1.5)

        assert sum(len(done(server, stage)) for stage in stages) == 13
        assert engine.finished == 13
        for stage in stages:
            turns = [buttons(message)[0].rpartition(":")[2] for message in done(server, stage)]
            assert len(turns) == len(set(turns))


async def test_two_processes_on_one_file_answer_each_line_once(tmp_path: Path) -> None:
    await both_answer_once(f"sqlite:///{tmp_path / 'journal.sqlite3'}", tmp_path)


@pytest.mark.slow
@needs_postgres
async def test_two_processes_on_one_server_answer_each_line_once(tmp_path: Path, postgres_server: str) -> None:
    await both_answer_once(await emptied(postgres_server), tmp_path)
