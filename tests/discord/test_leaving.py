"""What goes by itself: a server's lines and rules some days after it sent us away, and lines that had their time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bots.discord_keeping import Keeping
from personas import Place, Utterance
from tests.discord.conftest import Play, ended
from tests.discord.test_catching_up import away, back
from tests.discord.test_privacy import fan_of
from tests.eventually import eventually


async def test_all_of_a_server_is_erased_some_days_after_it_sent_us_away(play: Play) -> None:
    async with play(farewell_days=7) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, my canary is called Ada")
        await played.reply(played.stage)
        assert played.bot.client is not None
        keeping = played.bot.client.keeping

        await played.server.expels(played.guild, played.me)
        await eventually(lambda: bool(keeping._read()))
        await keeping.look()
        kept = await played.house.journal.export(fan_of(kim))
        later = Keeping(played.house, played.bot._settings, played.bot.client.rooms.rules, now=in_days(8))
        await later.look()

        assert "canary" in str(kept)
        assert "canary" not in str(await played.house.journal.export(fan_of(kim)))


async def test_a_server_that_sent_us_away_while_nobody_listened_is_erased_as_well(play: Play) -> None:
    async with play(farewell_days=7) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, my canary is called Ada")
        await played.reply(played.stage)
        await away(played)
        played.guild["members"] = [one for one in played.guild["members"] if one["user"]["id"] != played.me["id"]]

        await back(played)

        assert played.bot.client is not None
        keeping, rules = played.bot.client.keeping, played.bot.client.rooms.rules
        await eventually(lambda: list(keeping._read()) == [played.guild["id"]])
        await Keeping(played.house, played.bot._settings, rules, now=in_days(6)).look()
        kept = await played.house.journal.export(fan_of(kim))
        await Keeping(played.house, played.bot._settings, rules, now=in_days(8)).look()
        assert "canary" in str(kept)
        assert "canary" not in str(await played.house.journal.export(fan_of(kim)))


async def test_a_server_that_let_us_in_meanwhile_is_missed_as_well(play: Play) -> None:
    async with play() as played:
        assert played.bot.client is not None
        here, known = [int(played.guild["id"])], played.bot.client.keeping
        await eventually(lambda: known._list is not None)
        account = played.bot.client.application_id or 0

        await known.joined(17)
        later = Keeping(played.house, played.bot._settings, played.bot.client.rooms.rules)
        await later.there(here, account=account)

        assert list(later._read()) == ["17"]


async def test_a_server_that_took_us_back_while_nobody_listened_loses_nothing_at_the_start(play: Play) -> None:
    async with play() as played:
        assert played.bot.client is not None
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, my canary is called Ada")
        await played.reply(played.stage)
        rules, guild = played.bot.client.rooms.rules, int(played.guild["id"])
        await Keeping(played.house, played.bot._settings, rules).left(guild)

        next_life = Keeping(played.house, played.bot._settings, rules, now=in_days(30))
        running = asyncio.create_task(next_life.run())
        await asyncio.sleep(0.1)
        await next_life.there([guild], account=1)
        await asyncio.sleep(0.3)
        await ended(running)

        assert "canary" in str(await played.house.journal.export(fan_of(kim)))


async def test_another_account_does_not_miss_servers_that_it_was_never_in(play: Play) -> None:
    async with play() as played:
        assert played.bot.client is not None
        await eventually(lambda: any((played.house.settings.data / "discord").glob("servers-*.json")))
        other = Keeping(played.house, played.bot._settings, played.bot.client.rooms.rules)

        await other.there([1], account=1)

        assert other._read() == {}


async def test_a_server_that_sent_one_account_away_is_kept_while_another_is_in_it(play: Play) -> None:
    async with play(farewell_days=7) as played:
        assert played.bot.client is not None
        stays = played.bot.client.keeping
        other = Keeping(played.house, played.bot._settings, played.bot.client.rooms.rules)
        await other.left(int(played.guild["id"]))

        await stays.look()

        assert other._read() == {}


async def test_a_server_that_takes_us_back_in_time_loses_nothing(play: Play) -> None:
    async with play(farewell_days=7) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, my canary is called Ada")
        await played.reply(played.stage)
        assert played.bot.client is not None
        keeping = played.bot.client.keeping

        await played.server.expels(played.guild, played.me)
        await eventually(lambda: bool(keeping._read()))
        await played.server.lets_in(played.guild, played.me)
        await eventually(lambda: not keeping._read())
        await Keeping(played.house, played.bot._settings, played.bot.client.rooms.rules, now=in_days(8)).look()

        assert "canary" in str(await played.house.journal.export(fan_of(kim)))


async def test_lines_older_than_the_operator_keeps_them_are_erased(play: Play) -> None:
    async with play(keep_days=30) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, my canary is called Ada")
        await played.reply(played.stage)
        assert played.bot.client is not None
        rules = played.bot.client.rooms.rules

        await Keeping(played.house, played.bot._settings, rules, now=in_days(29)).look()
        kept = await played.house.journal.export(fan_of(kim))
        await Keeping(played.house, played.bot._settings, rules, now=in_days(31)).look()

        assert "canary" in str(kept)
        assert "canary" not in str(await played.house.journal.export(fan_of(kim)))


def line_in(place: str) -> Utterance:
    return Utterance(f"discord:{place}", "discord:5", "Kim", Place(place), "hello", datetime.now(UTC))


def in_days(days: float) -> Callable[[], datetime]:
    """A clock that goes ahead."""
    return lambda: datetime.now(UTC) + timedelta(days=days)
