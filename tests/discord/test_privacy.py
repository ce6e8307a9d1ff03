"""What is kept of a fan, and what is not: opting out, erasing, exporting, and what is said in private."""

import asyncio
from pathlib import Path

import pytest

from bots.discord_opt_outs import OptOuts
from bots.fake_discord.rest_interactions import Interaction
from bots.fake_discord.wire import Json
from bots.testing import MIKA, PlainCast
from serving.testing import ScriptedEngine
from tests.discord.conftest import BRAM, Play, Played, buttons, finished, shown
from tests.eventually import eventually


async def privacy(played: Played, who: Json, where: Json, verb: str, **options: object) -> Interaction:
    """A fan uses `/privacy …`."""
    given = [{"name": name, "type": 5, "value": value} for name, value in options.items()]
    return await played.server.slash(
        who, where, "privacy", [{"type": 1, "name": verb, "options": given}], token="token"
    )


def fan_of(person: Json) -> str:
    return f"discord:{person['id']}"


async def test_what_is_kept_is_told_in_plain_words_to_the_one_who_asks(play: Play) -> None:
    async with play(keep_days=30) as played:
        kim = played.server.person("Kim")

        opened = await privacy(played, kim, played.stage, "what")

        await shown(opened, "What is kept")
        assert any("after 30 days" in message["content"] for message in opened.shown.values())
        assert played.server.messages(played.stage) == []


async def test_an_export_holds_every_word_thumb_and_setting_and_nobody_elses(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        await played.server.says(bo, played.stage, "Mika, Bo likes walnuts")
        await played.reply(played.stage)
        await played.server.says(kim, played.stage, "Mika, Kim likes hazelnuts")
        await eventually(lambda: len(finished(played, played.stage)) == 2)
        await played.server.reacts(kim, finished(played, played.stage)[1], "👍")
        await asyncio.sleep(0.2)

        opened = await privacy(played, kim, played.stage, "export")
        await eventually(lambda: any(message["attachments"] for message in opened.shown.values()))
        kept = await played.house.journal.export(fan_of(kim))

        assert "hazelnuts" in str(kept)
        assert "walnuts" not in str(kept)
        assert [vote["thumb"] for vote in kept["feedback"]] == ["up"]


async def test_to_be_forgotten_needs_a_yes_and_gives_a_receipt_that_counts_each_kind(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, my canary is called Ada")
        await played.server.reacts(kim, await played.reply(played.stage), "👎")
        await asyncio.sleep(0.2)

        unsure = await privacy(played, kim, played.stage, "forget-me", sure=False)
        await shown(unsure, "Nothing was erased")
        sure = await privacy(played, kim, played.stage, "forget-me", sure=True)
        await shown(sure, "utterances: 1")

        told = "\n".join(message["content"] for message in sure.shown.values())
        assert "turns: 1" in told
        assert "feedback: 1" in told
        assert "nothing is left" in told
        assert await played.house.journal.left(fan_of(kim)) == 0


async def test_a_fan_who_opted_out_is_neither_heard_nor_kept_and_forgetting_does_not_undo_it(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        await shown(await privacy(played, kim, played.stage, "opt-out"), "no character hears you")
        await shown(await privacy(played, kim, played.stage, "forget-me", sure=True), "Erased")

        await played.server.says(kim, played.stage, "Mika, my canary is called Ada")
        await played.server.says(bo, played.stage, "Mika, hello!")
        await played.reply(played.stage)

        assert len(finished(played, played.stage)) == 1
        assert await played.house.journal.left(fan_of(kim)) == 0
        assert "canary" not in str(played.engine.prompts)

        await shown(await privacy(played, kim, played.stage, "opt-out", back=True), "hear you again")
        await played.server.says(kim, played.stage, "Mika, I am back!")
        await eventually(lambda: len(finished(played, played.stage)) == 2)


def test_a_wish_not_to_be_heard_outlives_the_process_and_is_seen_by_another(tmp_path: Path) -> None:
    one, other = OptOuts(tmp_path), OptOuts(tmp_path)
    assert not other.has("discord:1")

    one.leave("discord:1")

    assert other.has("discord:1")
    assert OptOuts(tmp_path).has("discord:1")
    assert not other.has("discord:2")
    assert b"discord:1" not in (tmp_path / "opted-out.jsonl").read_bytes()


@pytest.mark.parametrize("torn", [b'{"fan": "abc", "ou', b"\x00" * 40, b'{"fan": "'])
def test_a_torn_line_takes_no_other_wish_along(tmp_path: Path, torn: bytes) -> None:
    OptOuts(tmp_path).leave("discord:1")
    with (tmp_path / "opted-out.jsonl").open("ab") as file:
        file.write(torn)

    OptOuts(tmp_path).leave("discord:2")
    OptOuts(tmp_path).leave("discord:3")
    OptOuts(tmp_path).come_back("discord:3")

    wishes = OptOuts(tmp_path)
    assert [wishes.has(f"discord:{fan}") for fan in (1, 2, 3, 4)] == [True, True, False, False]
    assert len((tmp_path / "opted-out.jsonl").read_bytes().splitlines()) == 5


def test_a_wish_that_was_torn_behind_its_fan_is_a_wish_to_be_left_alone(tmp_path: Path) -> None:
    OptOuts(tmp_path).leave("discord:1")
    whole = (tmp_path / "opted-out.jsonl").read_bytes()

    (tmp_path / "opted-out.jsonl").write_bytes(whole[:-8] + whole)

    assert OptOuts(tmp_path).has("discord:1")
    (tmp_path / "opted-out.jsonl").write_bytes(whole[:-8])
    assert OptOuts(tmp_path).has("discord:1")


async def test_everybody_is_heard_while_a_line_of_the_wishes_is_torn(play: Play) -> None:
    async with play() as played:
        file = played.house.settings.data / "discord" / "opted-out.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_text('{"fan": "abc", "ou')

        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")

        assert await played.reply(played.stage)


async def test_what_is_said_in_private_never_surfaces_in_a_server(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        said = await played.server.direct(kim, "my secret canary lives in a blue cage")
        await played.reply(played.server.world.channels[said["channel_id"]])
        prompts = len(played.engine.prompts)

        await played.server.says(kim, played.stage, "Mika, where does my secret canary live?")
        await played.reply(played.stage)
        asked = [{"type": 1, "name": "show", "options": []}]
        opened = await played.server.slash(kim, played.stage, "memory", asked, token="token")
        await eventually(lambda: bool(opened.shown))

        assert len(played.engine.prompts) > prompts
        assert "blue cage" not in str(played.engine.prompts[prompts:])
        assert "blue cage" not in str(opened.shown)


async def test_an_edited_line_is_the_one_that_is_remembered(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        said = await played.server.says(kim, played.stage, "Mika, my bird is called Ada")
        await played.reply(played.stage)

        await played.server.edits(said, "Mika, my bird is called Grace")

        async with asyncio.timeout(10):
            while "Grace" not in str(await played.house.journal.export(fan_of(kim))):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert "Ada" not in str(await played.house.journal.export(fan_of(kim)))


async def test_deleting_the_line_stops_the_reply_that_is_being_given_to_it(play: Play) -> None:
    async with play(ScriptedEngine("word " * 400, delay=0.02)) as played:
        kim = played.server.person("Kim")
        said = await played.server.says(kim, played.stage, "Mika, tell me a long story")
        await eventually(lambda: played.house.hall.busy > 0)
        await asyncio.sleep(0.5)

        await played.server.deletes(said)

        await eventually(lambda: played.house.hall.busy == 0, within=10)
        assert "long story" not in str(await played.house.journal.export(fan_of(kim)))


async def test_a_fan_is_told_once_that_this_is_an_ai_character_by_whoever_speaks_first(play: Play) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Mika, hello! Bram, hello!")
        await eventually(lambda: len(finished(played, played.stage)) == 2)
        await played.server.direct(kim, "hello in private")
        await eventually(lambda: played.engine.finished == 3)
        await asyncio.sleep(0.3)

        every = [m for channel in played.server.world.messages.values() for m in channel.values() if buttons(m)]
        assert sum("AI character" in message["content"] for message in every) == 1
