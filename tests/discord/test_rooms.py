"""Channels of every kind: threads, forums, age, blocked people, rules and who set them."""

import asyncio
from datetime import UTC, datetime

import pytest

from bots.discord_menus import why
from bots.fake_discord.rest_interactions import Interaction
from bots.fake_discord.wire import Json
from bots.fake_discord.world import FORUM
from bots.testing import MIKA, PlainCast
from memory import Turn
from personas import Boundaries, Place, Recollection, Utterance
from personas.persona import OnDiscord, Presence
from serving.testing import ScriptedEngine
from tests.discord.conftest import BRAM, Play, Played, buttons, finished, shown
from tests.eventually import eventually

ADULT = MIKA.model_copy(update={"boundaries": Boundaries(rating="adult")})
MANAGE_GUILD = 1 << 5


async def made(played: Played, name: str, **how: object) -> Json:
    """A new channel that the bot knows of."""
    channel = played.server.channel(played.guild, name, **how)  # type: ignore[arg-type]
    await played.server.gateway.dispatch("CHANNEL_CREATE", channel, guild_id=played.guild["id"])
    return channel


async def command(played: Played, who: Json, family: str, verb: str, **options: object) -> Interaction:
    """Somebody uses `/family verb` on the stage."""
    kinds: dict[type, int] = {str: 3, int: 4, bool: 5}
    given = [{"name": name, "type": kinds[type(value)], "value": value} for name, value in options.items()]
    asked = [{"type": 1, "name": verb, "options": given}]
    return await played.server.slash(who, played.stage, family, asked, token="token")


async def test_a_thread_is_a_conversation_of_its_own(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello on the stage!")
        await played.reply(played.stage)
        thread = await played.server.opens_thread(kim, played.stage, "a corner")

        await played.server.says(kim, thread, "Mika, hello in the corner!")

        reply = await played.reply(thread)
        assert reply["author"]["username"] == "Mika"
        (turn,) = await played.house.journal.path(f"discord:{played.guild['id']}/{thread['id']}", "mika")
        assert [said.text for said in turn.heard] == ["Mika, hello in the corner!"]


async def test_a_post_in_a_forum_is_heard_and_answered_in_its_thread(play: Play) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        forum = await made(played, "questions", kind=FORUM)

        thread, _ = await played.server.posts(kim, forum, "A question", "Mika, what is your favourite song?")

        reply = await played.reply(thread)
        assert reply["author"]["username"] == "Mika"
        assert reply["channel_id"] == thread["id"]


async def test_in_a_thread_that_a_character_opened_every_line_is_hers(play: Play) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        kim = played.server.person("Kim")

        await command(played, kim, "character", "thread", character="bram")
        thread = await played.server.event("THREAD_CREATE")
        await asyncio.sleep(0.3)
        await played.server.says(kim, played.server.world.channels[thread["id"]], "what a day it was")

        reply = await played.reply(played.server.world.channels[thread["id"]])
        assert reply["author"]["username"] == "Bram"


async def test_an_adult_character_follows_the_parent_of_a_thread_and_of_a_forum_post(play: Play) -> None:
    async with play(cast=PlainCast(ADULT)) as played:
        kim = played.server.person("Kim")
        late = await made(played, "late", nsfw=True)
        late_forum = await made(played, "late-forum", kind=FORUM, nsfw=True)
        inside, outside = [await played.server.opens_thread(kim, room, "t") for room in (late, played.stage)]

        for thread in (outside, inside):
            await played.server.says(kim, thread, "Mika, hello!")
        post, _ = await played.server.posts(kim, late_forum, "p", "Mika, hello!")

        assert await played.reply(inside)
        assert await played.reply(post)
        assert finished(played, outside) == []


async def test_an_adult_character_speaks_anywhere_in_a_server_for_adults_and_never_in_private(play: Play) -> None:
    async with play(cast=PlainCast(ADULT)) as played:
        kim = played.server.person("Kim")
        club = played.server.guild("The Club", nsfw_level=3)
        bar = played.server.channel(club, "bar")
        await played.server.lets_in(club, played.me)

        private = await played.server.direct(kim, "hello")
        await played.server.says(kim, bar, "Mika, hello!")

        assert await played.reply(bar)
        assert finished(played, played.server.world.channels[private["channel_id"]]) == []


async def test_blocked_people_are_not_heard(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        played.rule(blocked=[bo["id"]])

        await played.server.says(bo, played.stage, "Mika, I am a canary!")
        await played.server.says(kim, played.stage, "Mika, hello!")

        await played.reply(played.stage)
        assert len(finished(played, played.stage)) == 1
        assert await played.house.journal.left(f"discord:{bo['id']}") == 0


async def test_a_channel_inherits_its_servers_rules_and_show_tells_where_each_comes_from(play: Play) -> None:
    async with play() as played:
        boss = played.server.person("Boss")
        await shown(
            await command(played, boss, "config", "set", rule="chance", value="0.5", whole_server=True), "chance"
        )
        await shown(await command(played, boss, "config", "set", rule="speakers", value="3"), "speakers")

        told = await shown(await command(played, boss, "config", "show"), "`chance`")

        assert "`chance` = 0.5 (server)" in told
        assert "`speakers` = 3 (this channel)" in told
        assert "`always` = as usual" in told


async def test_a_rule_that_can_not_be_is_refused_in_words_and_nothing_changes(play: Play) -> None:
    async with play() as played:
        boss = played.server.person("Boss")

        told = await shown(await command(played, boss, "config", "set", rule="chance", value="often"), "doesn't work")

        assert "chance" in told
        assert played.bot.client is not None
        assert played.bot.client.rooms.rules.of(played.guild["id"], played.stage["id"]).chance is None


@pytest.mark.parametrize(
    ("family", "verb", "options"),
    [
        ("config", "set", {"rule": "always", "value": "true"}),
        ("config", "export", {}),
        ("character", "summon", {"character": "mika"}),
        ("character", "dismiss", {"character": "mika"}),
        ("character", "mute", {"character": "mika"}),
        ("character", "pause", {}),
    ],
)
async def test_whoever_may_not_manage_the_server_changes_nothing_whatever_discord_lets_through(
    play: Play, family: str, verb: str, options: dict[str, object]
) -> None:
    async with play() as played:
        kim = played.server.person("Kim")
        played.server.deny(kim, played.stage, MANAGE_GUILD)

        await shown(await command(played, kim, family, verb, **options), "permission")

        assert played.bot.client is not None
        assert played.bot.client.rooms.rules.written(played.guild["id"]) == {}


async def test_nothing_is_told_in_the_channel_of_another_server(play: Play) -> None:
    async with play() as played:
        other = played.server.guild("Somebody else's server")
        hall = played.server.channel(other, "general")
        await played.server.lets_in(other, played.me)
        played.rule(log_channel=hall["id"])
        client = played.bot.client
        assert client is not None
        await eventually(lambda: client.get_channel(int(hall["id"])) is not None)

        await client.note(played.guild["id"], "free nitro for everybody")

        assert played.server.messages(hall) == []


async def test_changes_are_told_in_the_servers_log_channel(play: Play) -> None:
    async with play() as played:
        boss, log = played.server.person("Boss"), await made(played, "log")
        played.rule(log_channel=log["id"])

        await command(played, boss, "character", "mute", character="mika")

        await eventually(lambda: len(played.server.messages(log)) == 1)
        assert "muted" in played.server.messages(log)[0]["content"]


async def test_characters_are_summoned_dismissed_muted_and_named(play: Play) -> None:
    async with play(cast=PlainCast(MIKA, BRAM)) as played:
        boss = played.server.person("Boss")

        await shown(await command(played, boss, "character", "dismiss", character="bram"), "Done")
        told = await shown(await command(played, boss, "character", "who"), "Mika")
        await played.server.says(boss, played.stage, "Bram, hello!")
        await shown(await command(played, boss, "character", "summon", character="Bram"), "Done")
        await shown(await command(played, boss, "character", "mute", character="mika"), "Done")
        await played.server.says(boss, played.stage, "Mika, hello! Bram, hello!")
        await played.reply(played.stage)
        await asyncio.sleep(0.4)

        assert "Bram" not in told
        assert [m["author"]["username"] for m in finished(played, played.stage)] == ["Bram"]


async def test_a_character_comes_only_to_the_channels_her_file_names_and_speaks_on_its_occasions(play: Play) -> None:
    there = Presence(discord=OnDiscord(channels=("#backstage",), speaks=("mention",), name="Mika Live"))
    shy = MIKA.model_copy(update={"presence": there})
    async with play(cast=PlainCast(shy)) as played:
        kim, backstage = played.server.person("Kim"), await made(played, "backstage")
        ping = f"<@{played.me['id']}> hello"

        await played.server.says(kim, played.stage, ping)
        await played.server.says(kim, backstage, "Mika, hello!")
        await played.server.says(kim, backstage, ping)

        reply = await played.reply(backstage)
        assert reply["author"]["username"] == "Mika Live"
        assert len(finished(played, backstage)) == 1
        assert finished(played, played.stage) == []


async def test_why_she_said_that_is_told_to_those_it_answers_and_to_nobody_else(play: Play) -> None:
    async with play() as played:
        kim, bo = played.server.person("Kim"), played.server.person("Bo")
        played.server.deny(bo, played.stage, 1 << 13)
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)

        hers = await played.server.menu(kim, reply, "Why did she say that?", token="token")
        others = await played.server.menu(bo, reply, "Why did she say that?", token="token")

        assert "Who spoke" in await shown(hers, "What came to mind")
        assert "What came to mind" not in await shown(others, "Only for those")
        assert all(message["flags"] & 64 for message in hers.shown.values())


def test_what_came_to_mind_is_read_by_whoever_spoke_last_only() -> None:
    noon = datetime(2027, 5, 1, 12, tzinfo=UTC)
    place = Place("discord:1/2")
    abe = Utterance("discord:1", "discord:abe", "Abe", place, "Nice weather.", noon)
    bea = Utterance("discord:2", "discord:bea", "Bea", place, "Mika, about June?", noon)
    mind = Recollection("r1", "the divorce is final in June", "Bea", noon, score=1.0)
    turn = Turn("t1", None, "mika", "v1", place, (abe, bea), noon, said="Soon.", outcome="answered", recalled=(mind,))

    assert "divorce" in why(turn, asked_by="discord:bea")
    assert "divorce" not in why(turn, asked_by="discord:abe")
    assert "for nobody else to read: 1" in why(turn, asked_by="discord:a-moderator")


async def test_the_menus_regenerate_replaces_and_the_web_shows_the_same_branch(play: Play) -> None:
    async with play(ScriptedEngine(["The first version.", "The second version."])) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)

        await played.server.menu(kim, reply, "Regenerate", token="token")

        second = await played.reply(played.stage, "The second version.")
        place = f"discord:{played.guild['id']}/{played.stage['id']}"
        (turn,) = await played.house.journal.path(place, "mika")
        assert second["id"] == reply["id"]
        assert turn.said == "The second version."
        assert len(await played.house.journal.siblings(turn.id)) == 2


async def test_only_an_operator_puts_other_words_into_a_reply_and_they_are_what_is_remembered(play: Play) -> None:
    async with play(ScriptedEngine("A clumsy sentence.")) as played:
        kim, boss = played.server.person("Kim"), played.server.person("Boss")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        assert played.bot.client is not None

        refused = await played.server.menu(boss, reply, "Edit (operator)", token="token")
        await shown(refused, "Only for operators")
        allowed = played.bot._settings.model_copy(update={"operators": (boss["id"],)})
        played.bot.client.settings = allowed
        opened = await played.server.menu(boss, reply, "Edit (operator)", token="token")
        await eventually(lambda: opened.kind == 9)
        form = opened.answered
        field = form["components"][0]["component"]["custom_id"]
        await played.server.submits(
            boss, played.stage, form["custom_id"], {field: "A graceful sentence."}, token="token"
        )

        new = await played.reply(played.stage, "A graceful sentence.")
        place = f"discord:{played.guild['id']}/{played.stage['id']}"
        (turn,) = await played.house.journal.path(place, "mika")
        assert new["id"] == reply["id"]
        assert turn.said == "A graceful sentence."


async def test_a_deleted_reply_goes_with_all_its_parts_and_is_not_remembered(play: Play) -> None:
    long = "A sentence about the sea and a canary. " * 120
    talkative = MIKA.model_copy(
        update={
            "plays": MIKA.plays.model_copy(
                update={"sampling": MIKA.plays.sampling.model_copy(update={"max_tokens": 4000})}
            )
        }
    )
    async with play(ScriptedEngine(long), cast=PlainCast(talkative)) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, tell me a story")
        reply = await played.reply(played.stage)
        delete = next(button for button in buttons(reply) if "delete" in button)
        before = len([m for m in played.server.messages(played.stage) if "webhook_id" in m])

        await played.server.clicks(kim, reply, delete, token="token")

        await eventually(lambda: not [m for m in played.server.messages(played.stage) if "webhook_id" in m])
        await asyncio.sleep(0.3)
        assert before > 1, "the reply took several messages"
        assert "canary" not in str(await played.house.journal.export(f"discord:{kim['id']}"))
