"""`greenroom discord` at the terminal: what is missing or wrong is told in a sentence, and nothing else happens."""

import asyncio
import base64
import os
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bots.discord_program import stay
from bots.discord_settings import DiscordSettings
from bots.fake_discord import FakeDiscord
from bots.testing import house_in_ram
from tests.discord.conftest import TOKEN

pytestmark = pytest.mark.timeout(120)


async def greenroom(*arguments: str, verb: str = "discord", **environment: str) -> tuple[int, str, str]:
    """Runs `greenroom discord …`, or another verb; its exit code, output and errors."""
    surroundings = {name: value for name, value in os.environ.items() if "DISCORD" not in name}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bots", verb, *arguments),
        env=surroundings | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, wrong = await process.communicate()
    return process.returncode or 0, said.decode(), wrong.decode()


@pytest.mark.parametrize("environment", [{}, {"MY_BOT": ""}, {"MY_BOT": "  \n"}], ids=["missing", "empty", "blank"])
async def test_without_a_token_a_sentence_names_the_variable(environment: dict[str, str], tmp_path: Path) -> None:
    code, _, wrong = await greenroom("--token-env", "MY_BOT", "--data", str(tmp_path), **environment)

    assert code == 1
    assert wrong.startswith("Error: There is no token in MY_BOT.")
    assert "Traceback" not in wrong


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ((), {"MY_BOT": "nobody's"}, "Discord does not know this token"),
        (("--persona", "nobody"), {"MY_BOT": TOKEN}, "There is no persona 'nobody'"),
        ((), {"MY_BOT": TOKEN, "GREENROOM_DISCORD_SHARDS": "9/2"}, "SHARDS"),
    ],
    ids=["wrong token", "unknown persona", "wrong shards"],
)
async def test_what_is_wrong_is_told_in_a_sentence_and_not_tried_again(
    arguments: tuple[str, ...], environment: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    async with FakeDiscord() as server:
        server.application(TOKEN, in_guilds=[server.guild("The Green Room")])
        there = {"GREENROOM_DISCORD_API": server.api_url, "GREENROOM_DISCORD_GATEWAY": server.gateway_url}
        beside = ("--token-env", "MY_BOT", "--data", str(tmp_path), "--engine", "scripted")

        code, _, wrong = await greenroom(*beside, *arguments, **there, **environment)

    assert code == 1
    assert sentence in wrong
    assert "Traceback" not in wrong
    assert len(server.asked("GET /users/@me")) <= 1


async def test_the_invitation_asks_for_what_is_needed_and_nothing_more() -> None:
    token = base64.b64encode(b"123456789012345678").decode().rstrip("=") + ".x.y"

    code, said, _ = await greenroom("invite", DISCORD_TOKEN=token)
    wrong = await greenroom("invite", DISCORD_TOKEN="no token at all")

    assert code == 0
    assert "client_id=123456789012345678" in said
    needed = (6, 10, 11, 15, 16, 29, 31, 35, 38)  # react, see, send, attach, read on, webhooks, commands, threads
    assert f"permissions={sum(1 << bit for bit in needed)}" in said
    assert wrong[0] == 1
    assert "copy it again" in wrong[2]
    assert "Traceback" not in wrong[2]


async def test_the_invitation_asks_another_server_whose_application_a_token_is() -> None:
    async with FakeDiscord() as server:
        server.application(TOKEN, of_old=True)
        application = server.gateway.applications[TOKEN]["application"]["id"]

        code, said, _ = await greenroom("invite", DISCORD_TOKEN=TOKEN, GREENROOM_DISCORD_API=server.api_url)
        wrong = await greenroom("invite", DISCORD_TOKEN="nobody's", GREENROOM_DISCORD_API=server.api_url)

    assert code == 0
    assert f"client_id={application}" in said
    assert wrong[0] == 1
    assert "Discord does not know this token" in wrong[2]


@pytest.mark.parametrize("verb", ["discord", "up"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EDIT_EVERY", "abc"),
        ("CAST", "mika"),
        ("SHARDS", "9/3"),
        ("TOKENS", "my.secret.token"),
        ("TOKENS", '["my.secret.token"]'),
        ("TOKENS", '{"mika": ["my.secret.token"]}'),
    ],
)
async def test_a_setting_that_can_not_be_used_is_named_and_no_token_is_ever_shown(
    verb: str, name: str, value: str, tmp_path: Path
) -> None:
    told = {"DISCORD_TOKEN": "my.other.token", f"GREENROOM_DISCORD_{name}": value}
    port = ("--port", "0") if verb == "up" else ()

    code, said, wrong = await greenroom("--data", str(tmp_path), "--engine", "scripted", *port, verb=verb, **told)

    assert code == 1
    assert f"GREENROOM_DISCORD_{name}" in wrong
    assert "Traceback" not in wrong
    assert "token" not in (said + wrong).replace('{"mika": "token"}', "")


async def test_whatever_ends_discord_beside_the_page_is_told_in_the_log(tmp_path: Path) -> None:
    async with house_in_ram(data=tmp_path) as house:
        with capture_logs() as logged:
            await stay(house, DiscordSettings(token=TOKEN, shards="9/3"))
            await stay(house, DiscordSettings(token=TOKEN, cast=("nobody",)))

    assert [line["event"] for line in logged if line["log_level"] == "error"] == ["discord_ended", "discord_refused"]
