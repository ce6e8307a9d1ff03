"""Bots that answer each other: two houses of ours and a foreign one that always answers stop within their limits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bots.discord_bot import DiscordBot
from bots.discord_commands import commands
from bots.discord_settings import DiscordSettings
from bots.fake_discord import FakeDiscord
from bots.fake_discord.wire import Json
from bots.testing import MIKA, PlainCast, house_in_ram
from personas import Persona
from serving.testing import ScriptedEngine
from tests.discord.conftest import BRAM, QuickClient, buttons, ended, random_attention
from tests.eventually import eventually

TURNS = 3


@asynccontextmanager
async def deployed(server: FakeDiscord, persona: Persona, says: str, data: Path, guild: Json) -> AsyncIterator[None]:
    """One character with a process, an account and a journal of her own, who answers bots that mention her."""
    async with house_in_ram(ScriptedEngine(says), cast=PlainCast(persona), data=data) as house:
        told = DiscordSettings(token=persona.id, api=server.api_url, gateway=server.gateway_url, settle=0.0)
        attention = random_attention()
        bot = DiscordBot(
            house,
            told,
            make=lambda: QuickClient(house, told, attention=attention, commands=commands, guild_ready_timeout=0.05),
        )
        running = asyncio.create_task(bot.run())
        await eventually(lambda: bot.client is not None and bot.client.is_ready())
        assert bot.client is not None
        bot.client.rooms.rules.change(guild["id"], answers_bots=True, bot_turns=TURNS)
        yield
        await ended(running)


async def test_two_bots_of_ours_and_a_foreign_one_that_always_answers_come_to_rest(tmp_path: Path) -> None:
    async with FakeDiscord() as server, AsyncExitStack() as closing:
        guild = server.guild("The Green Room")
        stage, kim, robot = server.channel(guild, "stage"), server.person("Kim"), server.world.user("robot", bot=True)
        accounts = [server.application(name, name=name, in_guilds=[guild]) for name in ("mika", "bram")]
        pings = " ".join(f"<@{account['id']}>" for account in accounts)
        for persona in (MIKA, BRAM):
            words = f"Hello {pings}, what do you say?"
            await closing.enter_async_context(deployed(server, persona, words, tmp_path / persona.id, guild))

        def replies() -> int:
            messages = server.messages(stage)
            return sum(any("again:" in button for button in buttons(message)) for message in messages)

        async def always_answers() -> None:
            answered = 0
            while True:
                if len(server.messages(stage)) > answered:
                    await server.says(robot, stage, f"{pings} and then?")
                    answered = len(server.messages(stage))
                await asyncio.sleep(0.02)

        robotic = asyncio.create_task(always_answers())
        await server.says(kim, stage, "Mika, hello!")
        await eventually(lambda: replies() >= 1 + TURNS)
        await asyncio.sleep(2)
        at_rest = replies()
        await server.says(robot, stage, f"{pings} once more?")
        await asyncio.sleep(1)
        robotic.cancel()

        assert at_rest <= 1 + 2 * TURNS
        assert replies() == at_rest
