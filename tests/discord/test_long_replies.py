"""Replies in several messages: every part knows its turn, so that another version replaces all of them."""

from bots.discord_catch_up import finish
from bots.testing import MIKA, PlainCast
from personas import Persona
from serving.testing import ScriptedEngine
from tests.discord.conftest import Play, Played, buttons
from tests.eventually import eventually

LONG = "A sentence about the sea and the moon. " * 120
SHORT = "The short version."


def talkative() -> Persona:
    sampling = MIKA.plays.sampling.model_copy(update={"max_tokens": 4000})
    return MIKA.model_copy(update={"plays": MIKA.plays.model_copy(update={"sampling": sampling})})


def ours(played: Played) -> list[str]:
    return [message["content"] for message in played.server.messages(played.stage) if "webhook_id" in message]


async def test_another_version_of_a_reply_in_several_messages_leaves_none_of_them(play: Play) -> None:
    async with play(ScriptedEngine([LONG, SHORT, LONG]), cast=PlainCast(talkative())) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, tell me a story")
        reply = await played.reply(played.stage)
        parts = len(ours(played))

        again = next(button for button in buttons(reply) if "again" in button)
        await played.server.clicks(kim, reply, again, token="token")
        short = await played.reply(played.stage, SHORT)
        left = ours(played)
        again = next(button for button in buttons(short) if "again" in button)
        await played.server.clicks(kim, short, again, token="token")

        await eventually(lambda: len(ours(played)) == parts)
        assert parts > 1
        assert left == [SHORT] or left[0].startswith(SHORT)


async def test_a_reply_in_several_messages_that_a_crash_left_half_is_finished_in_the_same_messages(play: Play) -> None:
    async with play(ScriptedEngine(LONG), cast=PlainCast(talkative())) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, tell me a story")
        await played.reply(played.stage)
        before = [m["id"] for m in played.server.messages(played.stage) if "webhook_id" in m]
        (turn,) = await played.house.journal.path(f"discord:{played.guild['id']}/{played.stage['id']}", "mika")
        client = played.bot.client
        assert client is not None
        channel = client.get_channel(int(played.stage["id"]))

        await finish(client, channel, turn.id)

        after = [m["id"] for m in played.server.messages(played.stage) if "webhook_id" in m]
        assert after == before
        assert len(before) > 1


async def test_a_reply_that_would_fill_the_screen_is_its_beginning_and_a_file_and_both_go_together(play: Play) -> None:
    async with play(ScriptedEngine([LONG * 4, SHORT]), cast=PlainCast(talkative())) as played:
        kim = played.server.person("Kim")
        played.server.fail(r"POST /webhooks/\d+/[^/]+$", lose=True)
        await played.server.says(kim, played.stage, "Mika, tell me a story")
        reply = await played.reply(played.stage)
        messages = [message for message in played.server.messages(played.stage) if "webhook_id" in message]
        files = [file["filename"] for message in messages for file in message["attachments"]]

        again = next(button for button in buttons(reply) if "again" in button)
        await played.server.clicks(kim, reply, again, token="token")

        await played.reply(played.stage, SHORT)
        await eventually(lambda: len(ours(played)) == 1)
        assert files == ["reply.md"]
        assert len(messages) == 2
