"""A house with a scripted engine on a fake Discord, played through an unmodified discord.py client."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bots.attention import Attention
from bots.discord_bot import DiscordBot
from bots.discord_client import Client
from bots.discord_commands import commands
from bots.discord_meters import DiscordMeters
from bots.discord_settings import DiscordSettings
from bots.fake_discord import FakeDiscord
from bots.fake_discord.rest_interactions import Interaction
from bots.fake_discord.wire import Json
from bots.house import House
from bots.testing import MIKA, PlainCast, house_in_ram
from memory.testing import journal_in_ram, memory_in_ram
from personas import Persona
from serving.testing import ScriptedEngine
from tests.eventually import eventually

BRAM = Persona(id="bram", name="Bram", who="Bram hosts a stream.", likes=("football",))
TOKEN = "token"


class Quick:
    """Lets a client start at once, and start again."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """No wait between two sessions."""


class QuickClient(Quick, Client):
    """Like the real one, but quick."""


@dataclass
class Played:
    """A fake Discord with our bot on it."""

    server: FakeDiscord
    house: House
    bot: DiscordBot
    engine: ScriptedEngine
    guild: Json
    stage: Json
    me: Json

    def rule(self, where: Json | None = None, **said: object) -> None:
        """Changes the rules of a channel, or of the whole guild."""
        assert self.bot.client is not None
        self.bot.client.rooms.rules.change(self.guild["id"], where["id"] if where else "", **said)

    async def reply(self, where: Json, containing: str = "", *, within: float = 10.0) -> Json:
        """The first finished message of ours in a channel with these words."""

        def ours(message: Json) -> bool:
            finished = any("again:" in button for button in buttons(message))
            return message["channel_id"] == where["id"] and finished and containing in message["content"]

        found = [message for message in self.server.messages(where) if ours(message)]
        if found:
            return found[0]
        kinds = ("MESSAGE_CREATE", "MESSAGE_UPDATE")
        waits = [asyncio.create_task(self.server.event(kind, ours, within=within)) for kind in kinds]
        done, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        return done.pop().result()


def buttons(message: Json) -> list[str]:
    """The custom ids under a message."""
    return [item.get("custom_id", "") for row in message.get("components", []) for item in row.get("components", [])]


def finished(played: Played, where: Json) -> list[Json]:
    """The finished replies in a channel, oldest first; of one in several parts, its last message."""
    return [m for m in played.server.messages(where) if any("again:" in button for button in buttons(m))]


async def shown(opened: Interaction, words: str) -> str:
    """What a person was shown after a command, once it has these words in it."""
    await eventually(lambda: any(words in (message["content"] or "") for message in opened.shown.values()))
    return "\n".join(message["content"] for message in opened.shown.values())


Play = Callable[..., Any]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """`async with play(engine, cast=…) as played`."""

    @asynccontextmanager
    async def opened(
        engine: ScriptedEngine | None = None,
        *,
        cast: PlainCast | None = None,
        limits: bool = False,
        heartbeat: float = 41.25,
        **settings: Any,
    ) -> AsyncIterator[Played]:
        engine = engine or ScriptedEngine("Hello there, it is lovely to see you.")
        async with AsyncExitStack() as closing:
            server = await closing.enter_async_context(FakeDiscord(rate_limits=limits, heartbeat=heartbeat))
            guild = server.guild("The Green Room")
            stage = server.channel(guild, "stage")
            me = server.application(TOKEN, in_guilds=[guild])
            journal = await closing.enter_async_context(journal_in_ram())
            memory = await closing.enter_async_context(memory_in_ram(journal))
            house = await closing.enter_async_context(
                house_in_ram(engine, cast=cast or PlainCast(MIKA), memory=memory, journal=journal, data=tmp_path)
            )
            usual = {"settle": 0.0, "edit_every": 0.1} | settings
            told = DiscordSettings(token=TOKEN, api=server.api_url, gateway=server.gateway_url, **usual)
            attention = random_attention()
            meters = DiscordMeters(house.meters.registry)
            bot = DiscordBot(
                house,
                told,
                meters=meters,
                make=lambda: QuickClient(
                    house, told, attention=attention, commands=commands, guild_ready_timeout=0.05, meters=meters
                ),
            )
            running = asyncio.create_task(bot.run())
            closing.push_async_callback(ended, running)
            await server.gateway.connected()
            assert bot.client is not None
            await bot.client.wait_until_ready()
            yield Played(server, house, bot, engine, guild, stage, me)

    return opened


Host = Callable[..., Any]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """`async with host(gateway=…, **how the server is)` as a `Played` on a terse server."""

    @asynccontextmanager
    async def opened(
        *, gateway: Callable[[str], str] = str, prepared: Callable[[FakeDiscord], None] = lambda _: None, **how: Any
    ) -> AsyncIterator[Played]:
        async with AsyncExitStack() as closing:
            server = await closing.enter_async_context(FakeDiscord(**{"terse": True, **how}))
            guild = server.guild("The Green Room")
            stage = server.channel(guild, "stage")
            me = server.application(TOKEN, in_guilds=[guild], of_old=True)
            prepared(server)
            engine = ScriptedEngine("Hello there, it is lovely to see you.")
            house = await closing.enter_async_context(house_in_ram(engine, cast=PlainCast(MIKA, BRAM), data=tmp_path))
            told = DiscordSettings(
                token=TOKEN, api=server.api_url, gateway=gateway(server.gateway_url), settle=0.0, edit_every=0.1
            )
            bot = bot_of(house, told, random_attention())
            closing.push_async_callback(ended, asyncio.create_task(bot.run()))
            await asyncio.wait_for(server.gateway.connected(), 10)
            yield Played(server, house, bot, engine, guild, stage, me)

    return opened


def bot_of(house: Any, told: DiscordSettings, attention: Attention) -> DiscordBot:
    make = lambda: QuickClient(house, told, attention=attention, commands=commands, guild_ready_timeout=0.05)  # noqa: E731
    return DiscordBot(house, told, make=make)


def random_attention() -> Attention:
    """Attention whose chance is the same every time."""
    return Attention(chance=random.Random(0))


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
