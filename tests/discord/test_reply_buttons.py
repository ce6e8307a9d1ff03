"""What a button or a menu may do to a reply: no more than a line may, and never to what came after it."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest

from bots.fake_discord.rest_interactions import Interaction
from bots.fake_discord.wire import Json
from bots.rewriting import NotLatest, rewrite
from bots.testing import MIKA, PlainCast
from memory import Scope
from personas import Place
from serving.testing import ScriptedEngine
from tests.discord.conftest import TOKEN, Play, Played, buttons, finished, shown
from tests.discord.test_catching_up import away, back
from tests.eventually import eventually

MANAGE_MESSAGES, MANAGE_WEBHOOKS = 1 << 13, 1 << 29


def versions() -> ScriptedEngine:
    """Says something else each time."""
    numbers = count(1)
    return ScriptedEngine(lambda _: f"This is version {next(numbers)}.")


def place_of(played: Played) -> Place:
    return Place(f"discord:{played.guild['id']}/{played.stage['id']}")


async def press(played: Played, who: Json, message: Json, verb: str) -> Interaction:
    """Somebody presses a button under a message."""
    button = next(button for button in buttons(message) if f":{verb}:" in button)
    return await played.server.clicks(who, message, button, token=TOKEN)


async def opts_out(played: Played, who: Json) -> None:
    wish = [{"type": 1, "name": "opt-out", "options": []}]
    await shown(await played.server.slash(who, played.stage, "privacy", wish, token=TOKEN), "no character hears you")


async def heard(played: Played) -> list[str]:
    """The lines that stand in her history of the stage."""
    return [turn.heard[-1].text for turn in await played.house.journal.path(place_of(played), "mika")]


async def test_no_button_puts_a_fan_who_opted_out_into_a_prompt_or_keeps_their_thumb(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        await opts_out(played, kim)
        prompts = len(played.engine.prompts)

        for who, verb in ((kim, "again"), (kim, "on"), (bo, "again"), (kim, "up"), (bo, "up")):
            await shown(await press(played, who, reply, verb), "opt-out")

        assert len(played.engine.prompts) == prompts
        assert (await played.house.journal.export(f"discord:{kim['id']}"))["feedback"] == []


@pytest.mark.parametrize("how", ["again", "on", "Regenerate", "Edit (operator)"])
async def test_an_older_reply_is_left_as_it_is_and_nothing_after_it_is_forgotten(play: Play, how: str) -> None:
    async with play(versions()) as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        played.bot.client.settings = played.bot.client.settings.model_copy(update={"operators": (kim["id"],)})
        await played.server.says(kim, played.stage, "Mika, hi there")
        await eventually(lambda: len(finished(played, played.stage)) == 1)
        await played.server.says(bo, played.stage, "Mika, my dog is called Rex")
        await eventually(lambda: len(finished(played, played.stage)) == 2)
        before = [message["content"] for message in played.server.messages(played.stage)]

        first = finished(played, played.stage)[0]
        if how in ("again", "on"):
            opened = await press(played, kim, first, how)
        else:
            opened = await played.server.menu(kim, first, how, token=TOKEN)
        await shown(opened, "Only the latest reply")

        assert await heard(played) == ["Mika, hi there", "Mika, my dog is called Rex"]
        assert [message["content"] for message in played.server.messages(played.stage)] == before
        scope = Scope("mika", f"discord:{bo['id']}", place_of(played))
        assert "my dog is called Rex" in str(await played.house.memory.show(scope))


async def test_an_operators_words_take_the_place_of_the_latest_reply_only(play: Play) -> None:
    async with play(versions()) as played:
        kim = played.server.person("Kim")
        for number in (1, 2):
            await played.server.says(kim, played.stage, f"Mika, line {number}")
            await eventually(lambda wanted=number: len(finished(played, played.stage)) == wanted)  # type: ignore[misc]
        first, latest = await played.house.journal.path(place_of(played), "mika")

        with pytest.raises(NotLatest):
            await rewrite(played.house, first, "Other words.")
        await rewrite(played.house, latest, "Other words.")

        assert await heard(played) == ["Mika, line 1", "Mika, line 2"]


def one_reply_an_hour(played: Played, _: Json) -> None:
    played.rule(replies_an_hour=1)


def blocked(played: Played, kim: Json) -> None:
    played.rule(blocked=[kim["id"]])


def paused(played: Played, _: Json) -> None:
    played.rule(paused=True)


def muted(played: Played, _: Json) -> None:
    played.rule(muted=["mika"])


@pytest.mark.parametrize("rule", [one_reply_an_hour, blocked, paused, muted])
@pytest.mark.parametrize("by_menu", [False, True])
async def test_the_rules_of_a_channel_hold_for_buttons_and_menus_too(
    play: Play, rule: Callable[[Played, Json], None], by_menu: bool
) -> None:
    async with play(versions()) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        rule(played, kim)

        if by_menu:
            opened = await played.server.menu(kim, reply, "Regenerate", token=TOKEN)
        else:
            opened = await press(played, kim, reply, "again")

        await eventually(lambda: any(message["content"] and not buttons(message) for message in opened.shown.values()))
        assert played.engine.finished == 1


async def test_another_version_counts_as_a_reply(play: Play) -> None:
    async with play(versions()) as played:
        kim = played.server.person("Kim")
        played.rule(replies_an_hour=2)
        await played.server.says(kim, played.stage, "Mika, hello!")
        await press(played, kim, await played.reply(played.stage), "again")
        second = await played.reply(played.stage, "version 2")
        await asyncio.sleep(0.2)

        await shown(await press(played, kim, second, "again"), "enough for now")

        assert played.engine.finished == 2


@pytest.mark.parametrize("private", [False, True])
async def test_a_button_pressed_twice_brings_one_version_and_leaves_no_part_of_another(
    play: Play, private: bool
) -> None:
    sampling = MIKA.plays.sampling.model_copy(update={"max_tokens": 2000})
    mika = MIKA.model_copy(update={"plays": MIKA.plays.model_copy(update={"sampling": sampling})})
    texts = iter(["Short one.", "word " * 600, "Short again."])
    async with play(ScriptedEngine(lambda _: next(texts, "more")), cast=PlainCast(mika)) as played:
        kim = played.server.person("Kim")
        said = await (
            played.server.direct(kim, "hi") if private else played.server.says(kim, played.stage, "Mika, hi there")
        )
        where = played.server.world.channels[said["channel_id"]]
        reply = await played.reply(where)

        opened = [await press(played, kim, reply, "again") for _ in range(2)]

        await shown(opened[1], "Another version" if private else "Only the latest")
        ours = [message for message in played.server.messages(where) if buttons(message)]
        assert len(ours) == 2
        assert len(finished(played, where)) == 1
        assert played.engine.finished == 2


@pytest.mark.parametrize("change", ["webhooks allowed later", "webhooks forbidden later", "webhook deleted"])
async def test_a_reply_in_a_voice_that_is_gone_is_said_anew_by_the_present_one(play: Play, change: str) -> None:
    async with play(versions()) as played:
        reply = await said_before(played, change)

        await press(played, played.server.world.users[reply["kim"]], reply, "again")

        await played.reply(played.stage, "version 2")
        await eventually(lambda: len([m for m in played.server.messages(played.stage) if buttons(m)]) == 1)
        (turn,) = await played.house.journal.path(place_of(played), "mika")
        assert turn.said == "This is version 2."


@pytest.mark.parametrize("change", ["webhooks allowed later", "webhooks forbidden later", "webhook deleted"])
async def test_a_reply_in_a_voice_that_is_gone_can_be_deleted(play: Play, change: str) -> None:
    async with play(versions()) as played:
        reply = await said_before(played, change)

        await press(played, played.server.world.users[reply["kim"]], reply, "delete")

        await eventually(lambda: not finished(played, played.stage))


async def test_a_reply_that_may_not_be_deleted_is_told_of_and_forgotten(play: Play) -> None:
    async with play(versions()) as played:
        reply = await said_before(played, "webhook deleted")
        played.server.deny(played.me, played.stage, MANAGE_MESSAGES)

        opened = await press(played, played.server.world.users[reply["kim"]], reply, "delete")

        await shown(opened, "Manage Messages")
        scope = Scope("mika", f"discord:{reply['kim']}", place_of(played))
        assert "version 1" not in str(await played.house.memory.show(scope))


async def said_before(played: Played, change: str) -> Json:
    """A reply to Kim, after which the voice in which it was said is another."""
    kim = played.server.person("Kim")
    if change == "webhooks allowed later":
        played.server.deny(played.me, played.stage, MANAGE_WEBHOOKS)
    await played.server.says(kim, played.stage, "Mika, hello!")
    reply = await played.reply(played.stage)
    played.server.world.denied.clear()
    if change == "webhooks forbidden later":
        played.server.deny(played.me, played.stage, MANAGE_WEBHOOKS)
    if change == "webhook deleted":
        played.server.world.webhooks.clear()
    else:
        await away(played)
        await back(played)
    return {**reply, "kim": kim["id"]}


async def test_a_webhook_that_somebody_deletes_in_mid_reply_costs_none_of_it(play: Play) -> None:
    song = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen."
    async with play(ScriptedEngine(song, delay=0.08), edit_every=0.2) as played:
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, count!")
        await eventually(lambda: any(buttons(message) for message in played.server.messages(played.stage)))

        played.server.world.webhooks.clear()

        await eventually(lambda: len(finished(played, played.stage)) == 1)
        await eventually(lambda: len([m for m in played.server.messages(played.stage) if buttons(m)]) == 1)
        assert finished(played, played.stage)[0]["content"].startswith(song)
