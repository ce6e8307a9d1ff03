"""What a moderator types is what holds: names, mentions and ids are read, and what can't hold is refused in words."""

import asyncio
from pathlib import Path

import pytest

from bots.discord_rules import RuleBook
from bots.fake_discord.wire import Json
from bots.testing import MIKA, PlainCast
from tests.discord.conftest import BRAM, Play, Played, finished, shown
from tests.discord.test_rooms import command, made
from tests.eventually import eventually


async def rule(played: Played, name: str, value: str) -> str:
    """What the moderator is shown after `/config set` for the whole server."""
    boss = played.server.person("Boss")
    asked = await command(played, boss, "config", "set", rule=name, value=value, whole_server=True)
    return await shown(asked, name)


async def somebody(played: Played) -> Json:
    """A fan, who speaks once and is answered."""
    kim = played.server.person("Kim")
    await played.server.says(kim, played.stage, "Mika, hello!")
    await played.reply(played.stage)
    return kim


@pytest.mark.parametrize("how", ["{id}", "<@{id}>", "<@!{id}>, <@1>", "<@1> <@{id}>", '["{id}"]', "[{id}, 1]"])
async def test_whoever_is_blocked_by_id_or_by_mention_is_not_heard(play: Play, how: str) -> None:
    async with play() as played:
        kim = await somebody(played)

        told = await rule(played, "blocked", how.replace("{id}", kim["id"]))
        await played.server.says(kim, played.stage, "Mika, are you there?")

        await asyncio.sleep(0.5)
        assert kim["id"] in told
        assert len(finished(played, played.stage)) == 1


@pytest.mark.parametrize("how", ["mika", "Mika", "MIKA, ", '["mika"]', '"Mika"'])
async def test_one_character_by_name_or_id_is_a_cast(play: Play, how: str) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        await rule(played, "cast", how)

        await played.server.says(played.server.person("Kim"), played.stage, "Bram, hello! Mika, hello!")

        await played.reply(played.stage)
        await asyncio.sleep(0.3)
        assert [one["author"]["username"] for one in finished(played, played.stage)] == ["Mika"]


async def test_several_characters_by_name_are_a_cast(play: Play) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        told = await rule(played, "cast", "Mika, Bram")

        assert "`cast` = mika, bram" in told


@pytest.mark.parametrize("name", ["cast", "muted"])
async def test_a_character_who_is_not_there_is_refused_with_the_nearest_one(play: Play, name: str) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        near, far = await rule(played, name, "Mkia"), await rule(played, name, "FREE NITRO")

        assert "Did you mean mika?" in near
        assert "There are: bram, mika" in far
        assert played.bot.client is not None
        assert played.bot.client.rooms.rules.written(played.guild["id"]) == {}


@pytest.mark.parametrize(("name", "value"), [("blocked", "bob"), ("blocked", "<@1>, bob"), ("log_channel", "log")])
async def test_what_is_no_id_is_refused(play: Play, name: str, value: str) -> None:
    async with play() as played:
        told = await rule(played, name, value)

        assert "is no id of" in told
        assert played.bot.client is not None
        assert played.bot.client.rooms.rules.written(played.guild["id"]) == {}


@pytest.mark.parametrize("how", ["{id}", "<#{id}>", '"{id}"'])
async def test_the_log_channel_is_the_whole_servers_wherever_it_is_set(play: Play, how: str) -> None:
    async with play() as played:
        boss, log = played.server.person("Boss"), await made(played, "log")

        await shown(
            await command(played, boss, "config", "set", rule="log_channel", value=how.replace("{id}", log["id"])),
            "log",
        )
        await command(played, boss, "character", "mute", character="mika")

        await eventually(lambda: len(played.server.messages(log)) == 2)
        assert "muted" in played.server.messages(log)[-1]["content"]


async def test_a_channel_of_another_server_is_no_log_channel(play: Play) -> None:
    async with play() as played:
        other = played.server.guild("Somebody else's")
        hall = played.server.channel(other, "general")
        await played.server.lets_in(other, played.me)
        await asyncio.sleep(0.2)

        told = await rule(played, "log_channel", hall["id"])

        await asyncio.sleep(0.3)
        assert "no channel of this server" in told
        assert played.server.messages(hall) == []


def test_mentions_that_an_older_greenroom_kept_are_read_as_ids(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text('{"": {"blocked": ["<@!2>", "<@&3>", "4"], "log_channel": "<#5>"}}')

    rules = RuleBook(tmp_path).of("1")

    assert rules.blocked == ("2", "3", "4")
    assert rules.log_channel == "5"
