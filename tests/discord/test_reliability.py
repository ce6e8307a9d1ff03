"""Restarts, silence, second answers: what was begun is finished in its place, and nothing is said twice."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from bots.discord_address import ServerAway, gateway_of
from bots.discord_bot import DiscordBot
from bots.discord_delivery import INTERRUPTED
from bots.fake_discord.wire import Json
from serving.testing import ScriptedEngine
from tests.discord.conftest import Play, Played, buttons, ended, finished, shown
from tests.eventually import eventually

STORY = "A sentence about the sea and the moon. " * 8


def ours(played: Played, where: Json | None = None) -> list[Json]:
    return [message for message in played.server.messages(where or played.stage) if buttons(message)]


async def another_life(played: Played) -> "tuple[DiscordBot, asyncio.Task[None]]":
    """Another client on the same house, connected; the first one has ended."""
    bot = DiscordBot(played.house, played.bot._settings, make=played.bot._make)
    running = asyncio.create_task(bot.run())
    await eventually(lambda: bot.client is not None and bot.client.is_ready(), within=20)
    return bot, running


async def test_a_reply_that_the_end_of_the_process_cut_is_marked_and_finished_in_its_place_by_the_next(
    play: Play,
) -> None:
    async with play(ScriptedEngine(STORY, delay=0.08)) as played:
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, tell me a story")
        await eventually(lambda: bool(ours(played)), within=20)
        assert played.bot.client is not None

        await played.bot.client.deliveries.end(patience=0.0)
        marked = ours(played)[0]["content"]
        await played.bot.client.close()
        bot, running = await another_life(played)

        await eventually(lambda: "interrupted" not in ours(played)[0]["content"], within=30)
        await eventually(lambda: bool(finished(played, played.stage)), within=30)
        await ended(running)
        assert INTERRUPTED.strip() in marked
        assert len(ours(played)) == 1
        assert ours(played)[0]["content"].split("\n-#")[0].split() == STORY.split()
        assert bot is not played.bot


async def test_buttons_work_after_a_restart(play: Play) -> None:
    async with play(ScriptedEngine(["The first version.", "The second version."])) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        assert played.bot.client is not None
        await played.bot.client.close()
        _, running = await another_life(played)

        again = next(button for button in buttons(reply) if "again" in button)
        await played.server.clicks(kim, reply, again, token="token")

        second = await played.reply(played.stage, "The second version.")
        await ended(running)
        assert second["id"] == reply["id"]


async def test_a_private_line_that_a_crash_left_without_a_reply_is_answered_by_the_next_life(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        said = await played.server.direct(kim, "hello")
        channel = played.server.world.channels[said["channel_id"]]
        await played.reply(channel)
        assert played.bot.client is not None
        await played.bot.client.close()
        (turn,) = await played.house.journal.path(f"discord:dm/{kim['id']}", "mika")
        lost = replace(turn.heard[0], id="discord:1", text="are you there?")
        await played.house.journal.hear(lost, persona_id="mika")

        _, running = await another_life(played)

        await eventually(lambda: len(finished(played, channel)) == 2)
        await ended(running)


async def test_a_gateway_that_stays_silent_is_noticed_and_the_client_built_anew(play: Play) -> None:
    async with play(silent_for=1.0, heartbeat=0.3) as played:
        first = played.bot.client

        played.server.deaf()
        await eventually(lambda: played.bot.client is not first, within=20)
        played.server.deaf(False)
        await eventually(lambda: bool(played.bot.client and played.bot.client.is_ready()), within=20)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, are you back?")

        assert await played.reply(played.stage, within=20)
        assert played.bot.is_well()


async def test_a_button_that_another_process_answered_is_no_fault(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        up = next(button for button in buttons(reply) if ":up:" in button)

        opened = await played.server.clicks(kim, reply, up, token="token")
        opened.kind = 5
        await asyncio.sleep(0.5)
        await played.server.says(kim, played.stage, "Mika, hello again!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)


async def test_typing_shows_before_the_first_words_and_never_for_a_line_to_nobody(play: Play) -> None:
    async with play(ScriptedEngine("Hello there.", delay=0.05)) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "what a day")
        await asyncio.sleep(0.3)
        before = len(played.server.asked("POST /channels/.*/typing"))
        await played.server.says(kim, played.stage, "Mika, hello!")
        await played.reply(played.stage)

        (typed,) = played.server.asked("POST /channels/.*/typing")
        (sent,) = played.server.asked(r"POST /webhooks/\d+/[^/]+$")
        assert before == 0
        assert typed.at < sent.at


async def test_edits_keep_their_distance_and_the_last_one_is_always_made(play: Play) -> None:
    async with play(ScriptedEngine(STORY, delay=0.05), edit_every=0.5) as played:
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, tell me a story")

        reply = await played.reply(played.stage, within=20)

        edits = [heard.at for heard in played.server.asked("PATCH /webhooks/")]
        gaps = [after - before for before, after in pairwise(edits[:-1])]
        assert all(gap > 0.35 for gap in gaps)
        assert reply["content"].split("\n-#")[0].split() == STORY.split()


async def test_training_on_what_is_said_on_discord_is_off_and_a_fan_can_not_switch_it_on_alone(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        options = [{"name": "character", "type": 3, "value": "mika"}, {"name": "allow", "type": 5, "value": True}]

        asked = [{"type": 1, "name": "training", "options": options}]
        opened = await played.server.slash(kim, played.stage, "privacy", asked, token="token")

        await shown(opened, "Nothing said on Discord is used for training here")


async def test_mentions_are_read_as_names_and_what_is_shared_is_named_and_not_fetched(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")

        await played.server.says(kim, played.stage, f"Mika, ask <@{bo['id']}> about it")

        await played.reply(played.stage)
        assert "@Bo about it" in str(played.engine.prompts[-1])
        assert bo["id"] not in str(played.engine.prompts[-1])


async def test_a_line_that_a_crash_left_waiting_gets_a_reply_of_its_own_also_when_another_came_first(
    play: Play,
) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        assert played.bot.client is not None
        left = await played.server.says(kim, played.stage, "Mika, this one waits!")
        await played.reply(played.stage)
        place = f"discord:{played.guild['id']}/{played.stage['id']}"
        (turn,) = await played.house.journal.path(place, "mika")
        waiting = replace(turn.heard[0], id="discord:1", text="Mika, am I next?")
        await played.house.journal.hear(waiting, persona_id="mika")

        await played.server.says(bo, played.stage, "Mika, hello from Bo!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        newest = (await played.house.journal.path(place, "mika"))[-1]
        assert [said.text for said in newest.heard] == ["Mika, hello from Bo!"]
        assert left["id"]


async def test_a_server_that_is_down_when_we_start_is_waited_for(play: Play) -> None:
    async with play() as played:
        told = played.bot._settings.model_copy(update={"gateway": ""})
        played.server.fail("GET /gateway", 503)
        before = played.server.gateway.identifies
        with capture_logs() as logged:
            running = asyncio.create_task(DiscordBot(played.house, told, make=played.bot._make).run())

            await eventually(lambda: played.server.gateway.identifies > before, within=15)

        await ended(running)
        assert [line["event"] for line in logged if line["event"] == "discord_away"] == ["discord_away"]


async def test_a_server_that_nobody_answers_for_is_away_and_not_a_wrong_one() -> None:
    with pytest.raises(ServerAway):
        await gateway_of("http://127.0.0.1:9/api/v10")
