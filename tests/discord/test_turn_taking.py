"""Who speaks when several could: orders, chains of characters, other bots, budgets, bursts."""

import asyncio

import pytest

from bots.fake_discord.wire import Json
from bots.testing import MIKA, PlainCast
from personas import Persona
from serving.testing import ScriptedEngine
from tests.discord.conftest import BRAM, Play, Played, finished
from tests.eventually import eventually

ORLA = Persona(id="orla", name="Orla", who="Orla knits.", likes=("knitting",))
THREE = PlainCast(MIKA, BRAM, ORLA)


def speakers(played: Played, where: Json | None = None) -> list[str]:
    return [message["author"]["username"] for message in finished(played, where or played.stage)]


async def test_in_a_channel_that_is_always_on_every_line_is_answered_by_one_who_fits(play: Play) -> None:
    async with play(cast=THREE) as played:
        played.rule(played.stage, always=True)
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "I would love to talk about knitting")

        await played.reply(played.stage)
        assert speakers(played) == ["Orla"]


async def test_in_list_order_they_take_turns(play: Play) -> None:
    async with play(cast=THREE) as played:
        played.rule(played.stage, always=True, order="list")
        for number in range(4):
            await played.server.says(played.server.person(f"fan{number}"), played.stage, f"line {number}")
            await eventually(lambda count=number + 1: len(finished(played, played.stage)) == count)  # type: ignore[misc]

        assert speakers(played) == ["Mika", "Bram", "Orla", "Mika"]


async def test_in_pooled_order_whoever_was_silent_longest_speaks(play: Play) -> None:
    async with play(cast=THREE) as played:
        played.rule(played.stage, always=True, order="pooled")
        for number in range(3):
            await played.server.says(played.server.person(f"fan{number}"), played.stage, f"line {number}")
            await eventually(lambda count=number + 1: len(finished(played, played.stage)) == count)  # type: ignore[misc]

        assert sorted(speakers(played)) == ["Bram", "Mika", "Orla"]


async def test_in_manual_order_they_speak_only_when_they_are_called(play: Play) -> None:
    async with play(cast=THREE) as played:
        played.rule(played.stage, always=True, order="manual", chance=1.0)
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "nice weather")
        await played.server.says(kim, played.stage, "Bram, hello!")

        await played.reply(played.stage)
        assert speakers(played) == ["Bram"]


async def test_an_engine_may_choose_who_speaks(play: Play) -> None:
    def play_or_choose(prompt: object) -> str:
        return "Orla, of course." if "Who of them would speak next" in str(prompt) else "Here I am."

    async with play(ScriptedEngine(play_or_choose), cast=THREE) as played:
        played.rule(played.stage, always=True, order="engine")
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "who wants to say something?")

        await played.reply(played.stage)
        assert speakers(played) == ["Orla"]


async def test_an_engine_that_names_nobody_leaves_it_to_the_natural_order(play: Play) -> None:
    async with play(ScriptedEngine("I could not say."), cast=THREE) as played:
        played.rule(played.stage, always=True, order="engine")

        await played.server.says(played.server.person("Kim"), played.stage, "let us talk about knitting")

        await played.reply(played.stage)
        assert speakers(played) == ["Orla"]


async def test_no_more_characters_answer_one_line_than_the_rules_allow(play: Play) -> None:
    async with play(cast=THREE) as played:
        played.rule(speakers=1)
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, hello! Bram, hello! Orla, hello!")

        await played.reply(played.stage)
        await asyncio.sleep(0.5)
        assert len(speakers(played)) == 1


@pytest.mark.parametrize(("chain", "replies"), [(0, 1), (1, 2), (3, 4)])
async def test_characters_who_call_each_other_talk_no_longer_than_the_chain(
    play: Play, chain: int, replies: int
) -> None:
    async with play(ScriptedEngine("Mika, Bram, hello!"), cast=PlainCast(MIKA, BRAM)) as played:
        played.rule(chain=chain)
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, say hello")

        await eventually(lambda: len(finished(played, played.stage)) == replies)
        await asyncio.sleep(0.5)
        assert speakers(played) == ["Mika", "Bram", "Mika", "Bram"][:replies]


async def test_a_bot_that_always_answers_is_answered_until_the_budget_is_spent_and_a_person_restores_it(
    play: Play,
) -> None:
    async with play() as played:
        played.rule(answers_bots=True, bot_turns=3)
        robot, kim = played.server.world.user("robot", bot=True), played.server.person("Kim")
        ping = f"<@{played.me['id']}> and what else?"

        async def answers_everything() -> None:
            answered = 0
            while True:
                replies = finished(played, played.stage)
                if len(replies) >= answered:
                    answered = len(replies) + 1
                    await played.server.says(robot, played.stage, ping)
                await asyncio.sleep(0.02)

        robotic = asyncio.create_task(answers_everything())
        await eventually(lambda: len(finished(played, played.stage)) == 3)
        await asyncio.sleep(0.5)
        before = len(finished(played, played.stage))
        await played.server.says(kim, played.stage, "Mika, stop that!")
        await eventually(lambda: len(finished(played, played.stage)) == 4)
        await played.server.says(robot, played.stage, ping)
        await eventually(lambda: len(finished(played, played.stage)) >= 5)
        await asyncio.sleep(0.5)
        robotic.cancel()

        assert before == 3
        assert len(finished(played, played.stage)) <= 7


async def test_a_bot_that_only_names_a_character_is_not_answered_even_where_bots_are(play: Play) -> None:
    async with play() as played:
        played.rule(answers_bots=True)
        robot, kim = played.server.world.user("robot", bot=True), played.server.person("Kim")

        await played.server.says(robot, played.stage, "Mika, hello!")
        await played.server.says(kim, played.stage, "Mika, hello!")

        await played.reply(played.stage)
        await asyncio.sleep(0.3)
        assert played.engine.finished == 1


async def test_a_burst_of_one_fan_becomes_one_turn_and_one_reply(play: Play) -> None:
    async with play(settle=0.6) as played:
        kim = played.server.person("Kim")

        for words in ("Mika, hello!", "I have been thinking", "about the sea"):
            await played.server.says(kim, played.stage, words)
            await asyncio.sleep(0.15)

        await played.reply(played.stage)
        await asyncio.sleep(1.0)
        assert len(finished(played, played.stage)) == 1
        (turn,) = await played.house.journal.path(f"discord:{played.guild['id']}/{played.stage['id']}", "mika")
        assert [said.text for said in turn.heard] == ["Mika, hello!", "I have been thinking", "about the sea"]


async def test_a_fan_with_nothing_left_in_the_budget_gets_a_sign_and_no_reply(play: Play) -> None:
    async with play() as played:
        played.rule(replies_an_hour=1)
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        await played.server.says(kim, played.stage, "Mika, one!")
        await played.reply(played.stage)

        second = await played.server.says(kim, played.stage, "Mika, two!")
        reacted = await played.server.event("MESSAGE_REACTION_ADD", lambda r: r["message_id"] == second["id"])
        await played.server.says(bo, played.stage, "Mika, hello!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert reacted["emoji"]["name"] == "⏳"
        assert played.engine.finished == 2


async def test_a_server_with_no_tokens_left_is_not_answered(play: Play) -> None:
    async with play() as played:
        played.rule(tokens_a_day=1)
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, one!")
        await played.reply(played.stage)

        second = await played.server.says(kim, played.stage, "Mika, two!")

        await played.server.event("MESSAGE_REACTION_ADD", lambda r: r["message_id"] == second["id"])
        assert played.engine.finished == 1


async def test_by_chance_somebody_joins_in_but_not_again_within_the_cooldown_and_not_in_quiet_hours(
    play: Play,
) -> None:
    async with play(cast=THREE) as played:
        hush = played.server.channel(played.guild, "hush")
        await played.server.gateway.dispatch("CHANNEL_CREATE", hush, guild_id=played.guild["id"])
        played.rule(played.stage, chance=1.0, cooldown=3600)
        played.rule(hush, chance=1.0, quiet=["00:00:00", "23:59:59"])
        kim = played.server.person("Kim")

        await played.server.says(kim, hush, "nice weather")
        await played.server.says(kim, played.stage, "nice weather")
        await played.reply(played.stage)
        await played.server.says(played.server.person("Bo"), played.stage, "nice weather indeed")
        await asyncio.sleep(0.5)

        assert len(finished(played, played.stage)) == 1
        assert finished(played, hush) == []


async def test_whoever_answers_second_has_heard_what_the_first_one_said(play: Play) -> None:
    def reply(prompt: object) -> str:
        return "I hid the key under the blue vase." if "You are Mika" in str(prompt) else "Understood."

    async with play(ScriptedEngine(reply), cast=PlainCast(MIKA, BRAM)) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, where is the key? Bram, did you hear her?")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        (brams,) = [str(prompt) for prompt in played.engine.prompts if "You are Bram" in str(prompt)]
        assert "blue vase" in brams


async def test_what_others_overheard_of_a_reply_goes_when_its_fan_is_forgotten(play: Play) -> None:
    async with play(ScriptedEngine("Your canary is called Ada."), cast=PlainCast(MIKA, BRAM)) as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        await played.server.says(kim, played.stage, "Mika, what is my bird called?")
        await played.reply(played.stage)
        await asyncio.sleep(0.3)

        await played.house.memory.forget_fan(f"discord:{kim['id']}")
        await played.server.says(bo, played.stage, "Bram, hello!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert "canary" not in str(played.engine.prompts[-1])
