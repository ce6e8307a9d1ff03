"""A fake Discord, and an unmodified discord.py client pointed at it."""

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest
from discord.ext import commands

from bots.discord_address import point_at
from bots.fake_discord import FakeDiscord


class Client(commands.Bot):
    """A plain client that answers `ping` with `pong`, quick to start."""

    def __init__(self) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__("!", intents=intents, guild_ready_timeout=0.05, heartbeat_timeout=2.0)
        self.heard: list[discord.Message] = []

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """No wait between two sessions."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author == self.user:
            return
        self.heard.append(message)
        if message.content == "ping":
            await message.reply("pong")


@pytest.fixture
async def server() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        point_at(api=server.api_url, gateway=server.gateway_url)
        yield server


@pytest.fixture
async def client(server: FakeDiscord) -> AsyncIterator[Client]:
    """Connected, in a guild `The Green Room` with a channel `stage`."""
    guild = server.guild("The Green Room")
    server.channel(guild, "stage")
    server.application("token", in_guilds=[guild])
    client = Client()
    running = asyncio.create_task(client.start("token"))
    await server.gateway.connected()
    await client.wait_until_ready()
    yield client
    await client.close()
    await asyncio.wait_for(running, 5)
