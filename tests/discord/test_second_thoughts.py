"""A line that is deleted, edited or withdrawn before it was answered: nobody answers or keeps what it said before."""

import asyncio
import json

import pytest

from bots.discord_revisions import KNOWN, Revisions
from bots.fake_discord.wire import Json
from bots.testing import MIKA, PlainCast
from memory import Scope
from personas import Place
from serving.testing import ScriptedEngine
from tests.discord.conftest import BRAM, Play, Played, finished, shown
from tests.discord.test_privacy import fan_of, privacy
from tests.eventually import eventually

SLIP = "Mika, my PIN is 4711"


def slow() -> ScriptedEngine:
    return ScriptedEngine("This takes a while. " * 5, delay=0.1)


async def kept(played: Played, fan: Json) -> str:
    """All that the journal and the memories have of a fan."""
    place = Place(f"discord:{played.guild['id']}/{played.stage['id']}")
    personas = [one.id for one in played.house.cast.all()]
    known = [await played.house.memory.show(Scope(one, fan_of(fan), place)) for one in personas]
    return json.dumps(await played.house.journal.export(fan_of(fan)), default=str) + str(known)


async def while_another_is_answered(played: Played) -> tuple[Json, Json]:
    """Kim's slip waits while Bo is answered; Kim and the message."""
    kim, bo = played.server.person("Kim"), played.server.person("Bo")
    await played.server.says(bo, played.stage, "Mika, tell me something")
    await eventually(lambda: played.engine.running == 1)
    slip = await played.server.says(kim, played.stage, SLIP)
    await asyncio.sleep(0.2)
    return kim, slip


async def test_a_line_deleted_while_another_fan_is_answered_is_neither_answered_nor_kept(play: Play) -> None:
    async with play(slow(), cast=PlainCast(MIKA, BRAM)) as played:
        kim, slip = await while_another_is_answered(played)

        await played.server.deletes(slip)

        await played.reply(played.stage)
        await asyncio.sleep(0.5)
        assert len(played.engine.prompts) == 1
        assert "4711" not in await kept(played, kim)


async def test_a_line_edited_while_another_fan_is_answered_is_heard_in_its_new_words_only(play: Play) -> None:
    async with play(slow(), cast=PlainCast(MIKA, BRAM)) as played:
        kim, slip = await while_another_is_answered(played)

        await played.server.edits(slip, "Bram, hello")

        await eventually(lambda: len(finished(played, played.stage)) == 2)
        assert [one["author"]["username"] for one in finished(played, played.stage)] == ["Mika", "Bram"]
        assert "4711" not in str(played.engine.prompts) + await kept(played, kim)


async def test_who_opts_out_while_another_fan_is_answered_is_neither_answered_nor_kept(play: Play) -> None:
    async with play(slow()) as played:
        kim, _ = await while_another_is_answered(played)

        await shown(await privacy(played, kim, played.stage, "opt-out"), "no character hears you")

        await played.reply(played.stage)
        await asyncio.sleep(0.5)
        assert len(played.engine.prompts) == 1
        assert "4711" not in await kept(played, kim)


async def test_who_is_blocked_while_another_fan_is_answered_is_not_answered(play: Play) -> None:
    async with play(slow()) as played:
        kim, _ = await while_another_is_answered(played)

        played.rule(blocked=[kim["id"]])

        await played.reply(played.stage)
        await asyncio.sleep(0.5)
        assert len(played.engine.prompts) == 1


async def test_a_line_deleted_while_it_is_decided_who_answers_is_neither_answered_nor_kept(play: Play) -> None:
    async with play(slow(), cast=PlainCast(MIKA, BRAM)) as played:
        played.rule(always=True, order="engine")
        kim = played.server.person("Kim")
        slip = await played.server.says(kim, played.stage, "my PIN is 4711")
        await eventually(lambda: played.engine.running == 1)

        await played.server.deletes(slip)

        await eventually(lambda: played.engine.running == 0)
        await asyncio.sleep(0.5)
        assert len(played.engine.prompts) == 1, "only to choose who answers"
        assert "4711" not in await kept(played, kim)


async def test_a_line_edited_before_its_reply_begins_is_answered_in_its_new_words(play: Play) -> None:
    async with play(settle=0.6) as played:
        kim = played.server.person("Kim")
        slip = await played.server.says(kim, played.stage, SLIP)
        await eventually(lambda: len(played.house.hall.performances()) == 1)

        await played.server.edits(slip, "Mika, hello")

        await played.reply(played.stage)
        assert "Mika, hello" in str(played.engine.prompts[-1])
        assert "4711" not in str(played.engine.prompts) + await kept(played, kim)


async def test_who_opts_out_before_the_reply_begins_is_neither_answered_nor_kept(play: Play) -> None:
    async with play(settle=0.8) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, SLIP)
        await eventually(lambda: len(played.house.hall.performances()) == 1)

        await shown(await privacy(played, kim, played.stage, "opt-out"), "no character hears you")

        await asyncio.sleep(1.2)
        assert played.engine.prompts == []
        assert "4711" not in await kept(played, kim)


@pytest.mark.parametrize("taken_back", [True, False])
async def test_a_burst_is_answered_without_what_was_taken_back_of_it(play: Play, taken_back: bool) -> None:
    async with play(settle=0.6) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello")
        slip = await played.server.says(kim, played.stage, "my PIN is 4711")
        await eventually(lambda: len(played.house.hall.performances()) == 1)

        await (played.server.deletes(slip) if taken_back else played.server.edits(slip, "never mind"))

        await played.reply(played.stage)
        assert len(played.engine.prompts) == 1
        assert ("never mind" in str(played.engine.prompts)) is not taken_back
        assert "4711" not in str(played.engine.prompts) + await kept(played, kim)


async def test_new_words_of_one_who_opted_out_are_not_kept_and_the_old_ones_go(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        said = await played.server.says(kim, played.stage, "Mika, I live in a blue house")
        await played.reply(played.stage)
        await shown(await privacy(played, kim, played.stage, "opt-out"), "no character hears you")

        await played.server.edits(said, "Mika, I live at 12 Secret Street")

        await asyncio.sleep(0.5)
        told = await kept(played, kim)
        assert "Secret Street" not in told
        assert "blue house" not in told


def test_of_edits_and_deletions_only_the_latest_are_known() -> None:
    revisions = Revisions()

    for number in range(KNOWN + 10):
        revisions.note(number, None)

    assert len(revisions._latest) == KNOWN
