"""The must-haves of docs/discord.md, one sentence each, over real sockets."""

import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bots.discord_bot import DiscordRefused
from bots.testing import MIKA, PlainCast
from personas import Boundaries, Persona
from serving.testing import ScriptedEngine
from tests.discord.conftest import BRAM, Play, Played, buttons, finished
from tests.eventually import eventually

LONG = "A sentence about the sea and the moon. " * 30


async def test_a_fan_who_calls_a_character_by_name_is_answered_under_her_own_name(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, how are you?")

        reply = await played.reply(played.stage)
        assert reply["author"]["username"] == "Mika"
        assert reply["content"].startswith("Hello there")
        assert "webhook_id" in reply


async def test_a_line_addressed_to_nobody_is_not_answered(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")

        await played.server.says(kim, played.stage, "Bo, did you see Mika's show?")
        await played.server.says(bo, played.stage, "Mika, hello!")

        await played.reply(played.stage)
        assert len(finished(played, played.stage)) == 1


async def test_a_direct_message_is_answered_in_private(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")

        said = await played.server.direct(kim, "hello")

        reply = await played.reply(played.server.world.channels[said["channel_id"]])
        assert reply["author"]["id"] == played.me["id"]
        assert played.server.messages(played.stage) == []


async def test_a_mention_typed_in_the_text_is_answered_and_a_ping_by_reply_to_a_stranger_is_not(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, f"<@{played.me['id']}> good evening")

        assert await played.reply(played.stage)


async def test_a_reply_to_a_characters_message_goes_to_that_character(play: Play) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Bram, hello!")
        reply = await played.reply(played.stage)

        await played.server.says(kim, played.stage, "and how was your day?", reply_to=reply)

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert [m["author"]["username"] for m in finished(played, played.stage)] == ["Bram", "Bram"]


async def test_two_characters_called_in_one_line_answer_one_after_the_other_once_each(play: Play) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, hello! Bram, hello!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert sorted(m["author"]["username"] for m in finished(played, played.stage)) == ["Bram", "Mika"]


async def test_the_same_message_delivered_twice_is_answered_once(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        said = await played.server.says(kim, played.stage, "Mika, hello!")
        await played.reply(played.stage)

        assert played.bot.client is not None
        played.bot.client._seen.clear()
        await played.server.gateway.dispatch("MESSAGE_CREATE", said, guild_id=played.guild["id"])
        await played.server.says(kim, played.stage, "Mika, again!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert played.engine.finished == 2


async def test_a_dropped_connection_resumes_and_nothing_is_lost_or_doubled(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, one!")
        await played.reply(played.stage)

        await played.server.drop(None)
        await played.server.says(kim, played.stage, "Mika, two!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert played.engine.finished == 2


async def test_a_session_that_was_lost_is_made_up_for_from_the_channels_themselves(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.gateway.frame(9, False)
        await played.server.says(kim, played.stage, "Mika, are you there?")

        assert await played.reply(played.stage, within=20)
        assert played.engine.finished == 1


async def test_a_message_whose_answer_was_lost_on_the_way_is_not_sent_twice(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        played.server.fail("POST /webhooks/", lose=True)

        await played.server.says(kim, played.stage, "Mika, hello!")

        await played.reply(played.stage)
        assert len([m for m in played.server.messages(played.stage) if "webhook_id" in m]) == 1


async def test_without_permission_for_webhooks_the_plain_account_speaks_with_the_name_in_front(play: Play) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        kim = played.server.person("Kim")
        played.server.deny(played.me, played.stage, 1 << 29)

        await played.server.says(kim, played.stage, "Mika, hello!")

        reply = await played.reply(played.stage)
        assert reply["author"]["id"] == played.me["id"]
        assert reply["content"].startswith("**Mika:** ")


async def test_a_permission_that_is_missing_is_told_once_for_each_channel(play: Play) -> None:
    with capture_logs() as told:
        async with play() as played:
            played.server.deny(played.me, played.stage, 1 << 29)
            for number in range(2):
                await played.server.says(played.server.person(f"fan{number}"), played.stage, "Mika, hello!")
            await eventually(lambda: len(finished(played, played.stage)) == 2)

    (warning,) = [line for line in told if line["event"] == "discord_no_webhook"]
    assert warning["needs"] == "Manage Webhooks"


async def test_a_webhook_that_somebody_deleted_is_made_anew(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, one!")
        await played.reply(played.stage)
        played.server.world.webhooks.clear()

        await played.server.says(kim, played.stage, "Mika, two!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)


async def test_a_long_reply_streams_by_edits_and_its_last_edit_is_the_whole_reply(play: Play) -> None:
    async with play(ScriptedEngine(LONG, delay=0.02)) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, tell me a story")

        reply = await played.reply(played.stage, within=30)
        assert reply["content"].split("\n-#")[0].strip() == LONG.strip()
        assert len(played.server.asked("PATCH /webhooks/.*/messages/")) >= 2


async def test_a_reply_over_2000_characters_is_cut_where_a_reader_would_pause(play: Play) -> None:
    async with play(ScriptedEngine(LONG * 4), cast=PlainCast(eloquent())) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, tell me a story")

        await played.reply(played.stage)
        parts = [m["content"] for m in played.server.messages(played.stage) if "webhook_id" in m]
        assert len(parts) == 3
        assert " ".join(parts).split("\n-#")[0].split() == (LONG * 4).split()


async def test_nobody_is_pinged_by_what_a_model_says(play: Play) -> None:
    async with play(ScriptedEngine("@everyone look at <@1>!")) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, ping them all")

        reply = await played.reply(played.stage)
        assert not reply["mention_everyone"]
        assert reply["mentions"] == []


async def test_our_own_webhooks_and_other_bots_are_never_answered(play: Play) -> None:
    async with play(ScriptedEngine("Mika, hello! It is me.")) as played:
        kim, other = played.server.person("Kim"), played.server.world.user("robot", bot=True)

        await played.server.says(other, played.stage, "Mika, hello!")
        await played.server.says(kim, played.stage, "Mika, hello!")

        await played.reply(played.stage)
        await asyncio.sleep(0.3)
        assert played.engine.finished == 1


async def test_two_characters_who_call_each_other_by_name_do_not_talk_for_ever(play: Play) -> None:
    async with play(ScriptedEngine("Mika, Bram, both of you, hello!"), cast=PlainCast(MIKA, BRAM)) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, say hello to Bram")

        await played.reply(played.stage)
        await asyncio.sleep(0.5)
        assert played.engine.finished == 1


async def test_another_reply_takes_the_place_of_the_one_that_is_shown(play: Play) -> None:
    async with play(ScriptedEngine(["The first version.", "The second version."])) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        again = next(button for button in buttons(reply) if "again" in button)

        await played.server.clicks(kim, reply, again, token="token")

        second = await played.reply(played.stage, "The second version.")
        assert second["id"] == reply["id"]
        (turn,) = await played.house.journal.path(f"discord:{played.guild['id']}/{played.stage['id']}", "mika")
        assert turn.said == "The second version."


async def test_a_stranger_may_not_touch_a_reply_and_is_told_so_alone(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        played.server.deny(bo, played.stage, 1 << 13)
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        again = next(button for button in buttons(reply) if "again" in button)

        opened = await played.server.clicks(bo, reply, again, token="token")

        await eventually(lambda: any("Only the person" in m["content"] for m in opened.shown.values()))
        assert played.engine.finished == 1


async def test_thumbs_by_button_and_by_reaction_are_kept_and_taken_back(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        turn_id = buttons(reply)[0].rpartition(":")[2]
        fan = f"discord:{kim['id']}"

        await played.server.reacts(kim, reply, "👍")
        await until(played, fan, turn_id, "up")
        await played.server.unreacts(kim, reply, "👍")
        await until(played, fan, turn_id, None)


async def until(played: Played, fan: str, turn_id: str, thumb: str | None) -> None:
    """Waits for an opinion to be kept."""
    async with asyncio.timeout(5):
        while (await played.house.journal.thumbs(fan, [turn_id])).get(turn_id) != thumb:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_first_contact_says_once_that_this_is_an_ai_character(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, one!")
        await played.reply(played.stage)
        await played.server.says(kim, played.stage, "Mika, two!")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert ["AI character" in m["content"] for m in finished(played, played.stage)] == [True, False]


async def test_an_adult_character_speaks_only_where_adults_are(play: Play) -> None:
    adult = MIKA.model_copy(update={"boundaries": Boundaries(rating="adult")})
    async with play(cast=PlainCast(adult)) as played:
        kim = played.server.person("Kim")
        late = played.server.channel(played.guild, "late", nsfw=True)
        await played.server.gateway.dispatch("CHANNEL_CREATE", late, guild_id=played.guild["id"])

        await played.server.says(kim, played.stage, "Mika, hello!")
        await played.server.says(kim, late, "Mika, hello!")

        assert await played.reply(late)
        assert finished(played, played.stage) == []


async def test_a_deleted_line_takes_itself_out_of_the_journal(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        said = await played.server.says(kim, played.stage, "Mika, my secret is a canary!")
        await played.reply(played.stage)

        await played.server.deletes(said)

        async with asyncio.timeout(5):
            while "canary" in str(await played.house.journal.export(f"discord:{kim['id']}")):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_commands_are_synced_once_and_again_only_when_they_changed(play: Play) -> None:
    async with play() as played:
        before = len(played.server.asked("PUT /applications/.*/commands"))
        await played.server.drop(4000)
        await eventually(lambda: played.server.gateway.resumes + played.server.gateway.identifies > 1)

        assert before == 1
        assert len(played.server.asked("PUT /applications/.*/commands")) == 1


async def test_on_discord_nobody_can_agree_to_training_unless_the_operator_asks(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        said = [{"type": 3, "name": "character", "value": "mika"}, {"type": 5, "name": "allow", "value": True}]
        training = [{"type": 1, "name": "training", "options": said}]

        told = await played.server.slash(kim, played.stage, "privacy", training, token="token")

        await eventually(lambda: any("Nothing said on Discord" in m["content"] for m in told.shown.values()))
        assert (await played.house.journal.export(f"discord:{kim['id']}"))["consents"] == []


async def test_pausing_a_channel_silences_it_and_is_refused_to_those_without_the_right(play: Play) -> None:
    async with play() as played:
        kim, boss = played.server.person("Kim"), played.server.person("Boss")
        played.server.deny(kim, played.stage, 1 << 5)
        pause = [{"type": 1, "name": "pause", "options": []}]

        refused = await played.server.slash(kim, played.stage, "character", pause, token="token")
        await eventually(lambda: any("permission" in m["content"] for m in refused.shown.values()))
        done = await played.server.slash(boss, played.stage, "character", pause, token="token")
        await eventually(lambda: any("Done" in m["content"] for m in done.shown.values()))
        await played.server.says(kim, played.stage, "Mika, hello!")
        await asyncio.sleep(0.5)

        assert finished(played, played.stage) == []


async def test_a_wrong_token_and_a_missing_intent_are_told_in_words_and_not_tried_again(play: Play) -> None:
    async with play() as played:
        for token, granted, word in (("nobody", 0, "token"), ("modest", 0, "intent")):
            if token == "modest":
                played.server.application(token, granted=granted)
            settings = played.bot._settings.model_copy(update={"token": secret(token)})
            bot = type(played.bot)(played.house, settings, make=played.bot._make)

            with pytest.raises(DiscordRefused, match=word):
                await asyncio.wait_for(bot.run(), 10)


async def test_a_client_that_dies_is_replaced_by_another(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        first = played.bot.client
        assert first is not None
        await first.close()

        await eventually(lambda: played.bot.client is not first, within=15)
        await played.server.gateway.connected()
        await eventually(lambda: bool(played.bot.client and played.bot.client.is_ready()))
        await played.server.says(kim, played.stage, "Mika, are you back?")

        assert await played.reply(played.stage)


async def test_every_turn_is_dated(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, hello!")

        await played.reply(played.stage)
        (turn,) = await played.house.journal.path(f"discord:{played.guild['id']}/{played.stage['id']}", "mika")
        assert abs((datetime.now(UTC) - turn.heard[0].at).total_seconds()) < 60


def eloquent() -> Persona:
    """Mika, who may talk at length."""
    plays = MIKA.plays.model_copy(update={"sampling": MIKA.plays.sampling.model_copy(update={"max_tokens": 4000})})
    return MIKA.model_copy(update={"plays": plays})


def secret(token: str) -> object:
    from pydantic import SecretStr

    return SecretStr(token)
