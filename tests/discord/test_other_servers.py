"""Servers that are no Discord but speak its protocol, with as little as an unmodified discord.py does with."""

import asyncio
from typing import Any

import pytest

from bots.discord_address import NoGateway, gateway_of
from bots.fake_discord import FakeDiscord
from bots.fake_discord.snowflakes import Numbers
from bots.fake_discord.wire import Json
from tests.discord.conftest import TOKEN, Host, Played, finished, shown
from tests.eventually import eventually

SONG = "The rain comes home, the boats come home, and I sing for all who wait. " * 3


def sing(played: Played) -> None:
    """Replies are so long, and come so slowly, that they are shown while they are given."""
    played.engine._replies = lambda _: SONG
    played.engine.delay = 0.05


def hooked(played: Played) -> list[Json]:
    return [message for message in played.server.messages(played.stage) if "webhook_id" in message]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"base": "/somewhere/else/rest"},
        {"gateway": lambda url: f"{url}/"},
        {"gateway": lambda url: f"{url}?v=10&encoding=json"},
        {"gateway": lambda url: ""},
        {"ids": Numbers(1)},
        {"ids": Numbers(10**18)},
        {"rate_limits": True},
    ],
    ids=["terse", "base path", "slash", "query", "gateway asked for", "small ids", "ids of no time", "limits untold"],
)
async def test_characters_speak_under_their_own_names_on_a_server_that_tells_only_what_it_must(
    host: Host, how: dict[str, Any]
) -> None:
    async with host(**how) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Bram, how are you?")
        reply = await played.reply(played.stage)
        await played.server.says(kim, played.stage, f"<@{played.me['id']}> and you?")
        await eventually(lambda: len(finished(played, played.stage)) == 2)
        direct = await played.server.direct(kim, "hello")
        private = await played.reply(played.server.world.channels[direct["channel_id"]])

        assert reply["author"]["username"] == "Bram"
        assert finished(played, played.stage)[1]["author"]["username"] == "Mika"
        assert private["author"]["id"] == played.me["id"]


async def test_a_reply_to_a_characters_message_finds_her_also_where_the_message_is_not_sent_along(host: Host) -> None:
    async with host() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Bram, hello!")
        reply = await played.reply(played.stage)
        played.bot.client._connection._messages.clear()

        await played.server.says(kim, played.stage, "and how was your day?", reply_to=reply)

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert [m["author"]["username"] for m in finished(played, played.stage)] == ["Bram", "Bram"]


async def test_the_next_life_finds_the_webhook_of_the_last_one(host: Host) -> None:
    async with host() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, one!")
        await played.reply(played.stage)
        first = played.bot.client
        await first.close()
        await eventually(lambda: played.bot.client is not first and played.bot.client.is_ready(), within=15)

        await played.server.says(kim, played.stage, "Mika, two!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert len(played.server.world.webhooks) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"lose": True},
        {"late": True, "status": 502},
        {"status": 429, "retry_after": 0.1},
        {"status": 503},
    ],
    ids=["answer lost", "done and 502", "429 without Via", "503"],
)
@pytest.mark.parametrize("ids", [None, Numbers(1)], ids=["times", "numbers"])
async def test_a_message_stands_there_once_whatever_the_server_answers(
    host: Host, fault: dict[str, Any], ids: Numbers | None
) -> None:
    async with host(ids=ids) as played:
        kim = played.server.person("Kim")
        played.server.fail(r"POST /webhooks/\d+/[^/]+$", **fault)

        await played.server.says(kim, played.stage, "Mika, hello!")

        await played.reply(played.stage)
        await asyncio.sleep(1.5)  # discord.py itself would send again after a second
        assert len(hooked(played)) == 1


async def test_where_nonces_mean_nothing_a_lost_answer_still_makes_one_message(host: Host) -> None:
    async with host() as played:
        kim = played.server.person("Kim")
        played.server._desk.remember_nonce = lambda *_: None
        played.server.fail(r"POST /channels/\d+/messages$", lose=True)

        said = await played.server.direct(kim, "hello")

        channel = played.server.world.channels[said["channel_id"]]
        await played.reply(channel)
        assert len(played.server.messages(channel)) == 2


@pytest.mark.parametrize("status", [403, 404, 405, 400])
async def test_where_there_are_no_webhooks_the_plain_account_speaks(host: Host, status: int) -> None:
    async with host() as played:
        kim = played.server.person("Kim")
        played.server.fail("(GET|POST) /channels/.*/webhooks", status, times=100)

        await played.server.says(kim, played.stage, "Mika, hello!")

        assert (await played.reply(played.stage))["content"].startswith("**Mika:** ")


async def test_where_there_are_no_commands_characters_speak_all_the_same(host: Host) -> None:
    async with host(prepared=lambda server: server.fail("PUT /applications/", 404, times=100)) as played:
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")

        assert await played.reply(played.stage)


async def test_a_channel_that_was_never_announced_is_asked_for(host: Host) -> None:
    async with host() as played:
        kim, late = played.server.person("Kim"), played.server.channel(played.guild, "late")

        await played.server.says(kim, late, "Mika, hello!")

        assert await played.reply(late)


async def test_a_command_is_answered_on_a_terse_server(host: Host) -> None:
    async with host() as played:
        kim = played.server.person("Kim")
        who = [{"type": 1, "name": "who", "options": []}]
        await eventually(lambda: bool(played.server.asked("PUT /applications/.*/commands")))

        opened = await played.server.slash(kim, played.stage, "character", who, token=TOKEN)

        await shown(opened, "Bram")


async def test_a_server_that_does_not_tell_its_gateway_is_told_of_in_a_sentence() -> None:
    async with FakeDiscord() as server:
        server.fail("GET /gateway", 404)

        with pytest.raises(NoGateway, match="GREENROOM_DISCORD_GATEWAY"):
            await gateway_of(server.api_url)


@pytest.mark.parametrize("status", [404, 405])
async def test_where_messages_cannot_be_changed_a_reply_is_sent_whole(host: Host, status: int) -> None:
    async with host(prepared=lambda server: server.fail("PATCH .*/messages/", status, times=1000)) as played:
        sing(played)
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, one!")
        await eventually(lambda: len(finished(played, played.stage)) == 1)
        await played.server.says(kim, played.stage, "Mika, two!")
        await eventually(lambda: len(finished(played, played.stage)) == 2)

        first, second = hooked(played)
        assert first["content"].startswith(SONG.strip())
        assert second["content"].strip() == SONG.strip()


@pytest.mark.parametrize("status", [404, 405])
async def test_where_messages_can_neither_be_changed_nor_taken_back_nothing_of_a_reply_is_lost(
    host: Host, status: int
) -> None:
    async with host(prepared=lambda server: server.fail("(PATCH|DELETE) .*/messages/", status, times=1000)) as played:
        sing(played)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, one!")

        await eventually(lambda: len(finished(played, played.stage)) == 1)
        assert finished(played, played.stage)[0]["content"].startswith(SONG.strip())

        first = played.bot.client
        await first.close()
        await eventually(lambda: played.bot.client is not first and played.bot.client.is_ready(), within=15)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, two!")
        await eventually(lambda: len(finished(played, played.stage)) == 2)
        await asyncio.sleep(1)
        assert len(finished(played, played.stage)) == 2


async def test_a_crash_between_the_whole_reply_and_its_taken_back_beginning_doubles_nothing(host: Host) -> None:
    async with host(prepared=lambda server: server.fail("PATCH .*/messages/", 405, times=1000)) as played:
        sing(played)
        played.server.fail("DELETE .*/messages/", 404, times=1)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, one!")
        await eventually(lambda: len(finished(played, played.stage)) == 1)
        await asyncio.sleep(0.5)
        assert len(hooked(played)) == 2

        first = played.bot.client
        await first.close()
        await eventually(lambda: played.bot.client is not first and played.bot.client.is_ready(), within=15)

        await eventually(lambda: len(hooked(played)) == 1)
        assert hooked(played) == finished(played, played.stage)


async def test_a_reply_that_was_taken_away_while_it_came_is_not_sent_again(host: Host) -> None:
    async with host() as played:
        sing(played)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")
        await eventually(lambda: len(hooked(played)) == 1)

        await played.server.deletes(hooked(played)[0])

        await eventually(lambda: played.engine.running == 0)
        await asyncio.sleep(1)
        assert hooked(played) == []
