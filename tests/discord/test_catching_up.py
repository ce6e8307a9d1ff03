"""After a time away: what was missed is answered in its order, and what was answered or deleted is left alone."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bots.fake_discord.wire import Json
from bots.testing import PlainCast
from personas import Persona
from serving.testing import ScriptedEngine
from tests.discord.conftest import TOKEN, Play, Played, buttons, finished, shown
from tests.eventually import eventually


async def away(played: Played) -> None:
    """The client is gone, and another comes only when somebody lets it (`back`)."""
    assert played.bot.client is not None
    await played.bot.client.close()


async def back(played: Played) -> None:
    first = played.bot.client
    await eventually(
        lambda: played.bot.client is not first and bool(played.bot.client and played.bot.client.is_ready()), within=15
    )


def hooked(played: Played) -> list[Json]:
    return [message for message in played.server.messages(played.stage) if "webhook_id" in message]


async def chatter(played: Played, lines: int) -> None:
    """Other people talk among themselves."""
    bo = played.server.person("Bo")
    for number in range(lines):
        await played.server.says(bo, played.stage, f"nothing to do with anybody {number}")


async def test_a_line_behind_a_hundred_others_is_found_and_answered(play: Play) -> None:
    async with play() as played:
        await away(played)
        await chatter(played, 110)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, are you there?")

        await back(played)

        await eventually(lambda: len(finished(played, played.stage)) == 1)


async def test_replies_far_up_the_channel_are_not_given_again(play: Play) -> None:
    async with play() as played:
        for number in range(3):
            await played.server.says(played.server.person(f"fan{number}"), played.stage, f"Mika, line {number}")
        await eventually(lambda: len(finished(played, played.stage)) == 3)
        await away(played)
        await chatter(played, 120)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, are you there?")

        await back(played)

        await eventually(lambda: len(finished(played, played.stage)) >= 4)
        await asyncio.sleep(0.5)
        assert len(hooked(played)) == 4


async def test_what_is_said_now_waits_for_what_was_missed(play: Play) -> None:
    async with play(ScriptedEngine(lambda prompt: prompt[-1].content[-200:])) as played:
        await away(played)
        for number in range(4):
            await played.server.says(played.server.person(f"fan{number}"), played.stage, f"Mika, line {number}")
        await played.server.gateway.connected()
        for number in range(4, 8):
            await played.server.says(played.server.person(f"fan{number}"), played.stage, f"Mika, line {number}")

        await eventually(lambda: len(finished(played, played.stage)) == 8, within=20)
        place = f"discord:{played.guild['id']}/{played.stage['id']}"
        path = await played.house.journal.path(place, "mika")
        assert [turn.heard[-1].text for turn in path] == [f"Mika, line {number}" for number in range(8)]
        order = [turn.id for turn in path]
        shown = [buttons(message)[0].rpartition(":")[2] for message in finished(played, played.stage)]
        assert shown == order


@pytest.mark.parametrize("how", ["button", "moderator"])
async def test_a_reply_that_was_deleted_stays_away(play: Play, how: str) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        if how == "button":
            delete = next(button for button in buttons(reply) if "delete" in button)
            await played.server.clicks(kim, reply, delete, token="token")
        else:
            await played.server.deletes(played.server.world.messages[played.stage["id"]][reply["id"]])
        await eventually(lambda: not hooked(played))
        await asyncio.sleep(0.3)
        await away(played)

        await back(played)
        await played.server.says(played.server.person("Bo"), played.stage, "Mika, are you back?")

        await eventually(lambda: len(finished(played, played.stage)) == 1)
        await asyncio.sleep(0.3)
        assert len(hooked(played)) == 1


async def test_another_version_of_a_reply_far_up_the_channel_takes_its_place(play: Play) -> None:
    async with play(ScriptedEngine(["The first version.", "The second version."])) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        await chatter(played, 110)

        again = next(button for button in buttons(reply) if "again" in button)
        await played.server.clicks(kim, reply, again, token="token")

        second = await played.reply(played.stage, "The second version.")
        assert second["id"] == reply["id"]


async def test_a_connection_through_which_nothing_goes_is_noticed_and_nothing_is_lost(play: Play) -> None:
    async with play(silent_for=1.0, heartbeat=0.3) as played:
        first = played.bot.client
        played.server.zombie()

        await played.server.says(played.server.person("Kim"), played.stage, "Mika, do you hear me?")

        await eventually(lambda: len(finished(played, played.stage)) == 1, within=20)
        assert played.bot.client is not first


async def test_a_webhook_that_somebody_moved_is_left_where_it_is(play: Play) -> None:
    async with play() as played:
        elsewhere = played.server.channel(played.guild, "elsewhere")
        await played.server.gateway.dispatch("CHANNEL_CREATE", elsewhere, guild_id=played.guild["id"])
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, one!")
        await played.reply(played.stage)
        for hook in played.server.world.webhooks.values():
            hook["channel_id"] = elsewhere["id"]

        await played.server.says(played.server.person("Bo"), played.stage, "Mika, two!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert played.server.messages(elsewhere) == []


async def test_discord_py_keeps_no_buttons_of_replies_that_were_given(play: Play) -> None:
    async with play() as played:
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")
        await played.reply(played.stage)

        assert played.bot.client is not None
        assert not played.bot.client._connection._view_store._views


async def first_talk(played: Played, who: Json) -> Json:
    """The channel of a private talk that has begun."""
    said = await played.server.direct(who, "hello")
    channel = played.server.world.channels[said["channel_id"]]
    await played.reply(channel)
    return channel


async def left_waiting(played: Played, who: Json, text: str) -> None:
    """A private line that a crash left in the journal without a turn."""
    (turn,) = await played.house.journal.path(f"discord:dm/{who['id']}", "mika")
    line = replace(turn.heard[0], id=f"discord:1{who['id'][-3:]}", text=text, at=datetime.now(UTC))
    await played.house.journal.hear(line, persona_id="mika")


async def test_what_is_said_in_private_now_waits_for_what_was_left_there(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        channel = await first_talk(played, kim)
        await away(played)
        await left_waiting(played, kim, "the first line")
        played.server.fail("POST .*/users/@me/channels", 502)

        await played.server.gateway.connected()
        await played.server.direct(kim, "the second line")

        await eventually(lambda: len(finished(played, channel)) == 3, within=20)
        path = await played.house.journal.path(f"discord:dm/{kim['id']}", "mika")
        heard = [[said.text for said in turn.heard] for turn in path]
        assert heard == [["hello"], ["the first line"], ["the second line"]]


async def test_a_fan_whose_private_talk_is_closed_keeps_nobody_else_waiting(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        channels = [await first_talk(played, who) for who in (kim, bo)]
        await away(played)
        for who in (kim, bo):
            await left_waiting(played, who, "are you there?")
        played.server.fail("POST .*/users/@me/channels", 403)

        await back(played)

        await eventually(lambda: sum(len(finished(played, channel)) for channel in channels) == 3)


async def test_what_was_said_in_private_while_we_were_away_is_answered(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        channel = await first_talk(played, kim)
        await away(played)
        await played.server.direct(kim, "are you there?")

        await back(played)

        await eventually(lambda: len(finished(played, channel)) == 2)


@pytest.mark.parametrize("again", [False, True])
async def test_a_reply_that_was_said_before_a_restart_and_deleted_after_it_stays_away(play: Play, again: bool) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        await away(played)
        await back(played)
        await asyncio.sleep(0.5)
        if again:
            button = next(button for button in buttons(reply) if ":again:" in button)
            await played.server.clicks(kim, reply, button, token=TOKEN)
            await eventually(lambda: played.engine.finished == 2 and len(finished(played, played.stage)) == 1)
            await asyncio.sleep(0.3)
        await played.server.deletes(played.server.world.messages[played.stage["id"]][reply["id"]])
        await asyncio.sleep(0.5)
        await away(played)

        await back(played)
        await played.server.says(played.server.person("Bo"), played.stage, "Mika, are you back?")

        await eventually(lambda: len(finished(played, played.stage)) == 1)
        await asyncio.sleep(0.3)
        assert len(hooked(played)) == 1


@pytest.mark.soak  # discord.py itself asks for half a minute
async def test_a_line_that_was_given_up_is_answered_when_the_connection_is_back(play: Play) -> None:
    async with play() as played:
        played.server.fail("POST .*/webhooks/", 502, 10_000)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")
        given_up = "greenroom_discord_lines_given_up_total 1.0"
        await eventually(lambda: given_up in str(played.house.meters.text()), within=60)
        first = played.bot.client

        for fault in played.server.faults._waiting:
            fault.times = 0
        await played.server.drop()

        await eventually(lambda: len(finished(played, played.stage)) == 1)
        assert played.bot.client is first


async def test_where_nothing_may_be_read_a_reply_that_is_over_before_the_webhook_is_there_is_given(play: Play) -> None:
    async with play() as played:
        played.server.fail(r"GET \S*/messages", 403, 1000)
        played.server.fail("GET .*/webhooks", 502)

        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")

        await eventually(lambda: len(finished(played, played.stage)) == 1)


async def test_commands_that_a_server_lost_are_told_again(play: Play) -> None:
    async with play() as played:
        await eventually(lambda: bool(played.server.world.commands))
        await away(played)
        played.server.world.commands.clear()

        await back(played)

        await eventually(lambda: bool(played.server.world.commands))


async def test_everybody_who_is_here_is_told_also_where_they_are_many(play: Play) -> None:
    role = "a stage hand of the third rank"
    many = [Persona(id=f"p{number}", name=f"Person {number}", who="x", role=role) for number in range(60)]
    async with play(cast=PlainCast(*many)) as played:
        asked = [{"name": "who", "type": 1}]

        opened = await played.server.slash(played.server.person("Kim"), played.stage, "character", asked, token=TOKEN)

        told = await shown(opened, "Person 59")
        assert "Person 0" in told
