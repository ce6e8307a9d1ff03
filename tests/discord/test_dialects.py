"""Servers that word things otherwise than Discord, so that an unmodified discord.py would fail on them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from bots.discord_delivery import stands_unmarked
from bots.discord_invitation import application_of
from bots.fake_discord import FakeDiscord
from bots.fake_discord.dialect import Change, without, worded
from bots.fake_discord.wire import Json
from memory import Turn
from personas import Place, Utterance
from tests.discord.conftest import TOKEN, Host, buttons, finished, shown
from tests.eventually import eventually

WHO: list[Json] = [{"type": 1, "name": "who", "options": []}]
Prepared = Callable[[FakeDiscord], None]
HOOKED = r"POST /webhooks/\d+/[^/]+$"


def told(kind: str, change: Change) -> Prepared:
    return lambda server: server.dialect.tells(kind, change)


def answered(pattern: str, change: Callable[[web.Response], web.Response]) -> Prepared:
    return lambda server: server.dialect.answers(pattern, change)


def silently(response: web.Response) -> web.Response:
    return web.Response(status=204)


def with_charset(response: web.Response) -> web.Response:
    if response.body:
        response.headers["Content-Type"] = "application/json; charset=utf-8"
    return response


def half_limits(response: web.Response) -> web.Response:
    response.headers["x-ratelimit-remaining"] = "0"
    return response


def as_page(status: int) -> Callable[[web.Response], web.Response]:
    return lambda response: web.Response(status=status, text="<h1>Not here</h1>", content_type="text/html")


def with_nulls(data: Json) -> Json:
    absent = ("guild_id", "member", "thread", "mentions", "components", "message_reference", "poll", "webhook_id")
    return {**dict.fromkeys(absent), **data}


MINIMAL: Change = lambda message: {"id": message["id"], "content": message["content"]}  # noqa: E731


def numbered(data: object) -> Any:
    """Ids as JSON's numbers."""
    if isinstance(data, list):
        return [numbered(one) for one in data]
    if not isinstance(data, dict):
        return data
    ids = {key: int(value) for key, value in data.items() if key.endswith("id") and str(value).isdigit()}
    return {key: numbered(value) for key, value in data.items()} | ids


def with_numbers(server: FakeDiscord) -> None:
    for kind in ("READY", "GUILD_CREATE", "MESSAGE_CREATE", "MESSAGE_UPDATE"):
        server.dialect.tells(kind, numbered)
    server.dialect.answers("", worded(numbered))


DIALECTS: dict[str, Prepared] = {
    "no place to resume": told("READY", without("resume_gateway_url")),
    "a bare READY": told("READY", lambda ready: {key: ready[key] for key in ("user", "session_id")}),
    "no application's flags": told("READY", without("flags")),
    "bare users": told("MESSAGE_CREATE", without("discriminator", "avatar", "bot")),
    "bare messages": told(
        "MESSAGE_CREATE", without("type", "mentions", "embeds", "attachments", "components", "flags")
    ),
    "webhooks like people": told("MESSAGE_CREATE", without("webhook_id", "application_id", "bot")),
    "nulls": told("MESSAGE_CREATE", with_nulls),
    "bare guilds": told("GUILD_CREATE", without("position", "roles", "discriminator", "avatar")),
    "numbers for ids": with_numbers,
    "no history": answered("GET /channels/.*/messages$", as_page(405)),
    "charset": answered("", with_charset),
    "half a rate limit": answered("", half_limits),
    "no application": answered("GET /oauth2/applications/@me", as_page(404)),
    "a bare application": answered("GET /oauth2/applications/@me", worded(lambda app: {"id": app["id"], "name": "x"})),
    "commands answered by nothing": answered("PUT /applications/", silently),
    "commands nowhere": answered("PUT /applications/", as_page(405)),
    "typing nowhere": answered("POST /channels/.*/typing", as_page(405)),
    "sending answered by little": answered(f"{HOOKED}|POST /channels/.*/messages$", worded(MINIMAL)),
    "editing answered by little": answered("PATCH .*/messages/", worded(MINIMAL)),
    "editing answered by nothing": answered("PATCH .*/messages/", silently),
    "sending answered by nothing": answered(f"{HOOKED}|POST /channels/.*/messages$", silently),
    "bare webhooks": answered("/channels/.*/webhooks$", worded(without("type", "user", "guild_id", "avatar"))),
    "bare private channels": answered("POST /users/@me/channels", worded(without("recipients"))),
}


@pytest.mark.parametrize("prepared", DIALECTS.values(), ids=DIALECTS.keys())
async def test_characters_speak_once_on_a_server_that_words_things_otherwise(host: Host, prepared: Prepared) -> None:
    async with host(terse=False, prepared=prepared) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "Bram, how are you?")
        await played.reply(played.stage)
        await played.server.says(kim, played.stage, f"<@{played.me['id']}> and you?")
        await eventually(lambda: len(finished(played, played.stage)) == 2)
        direct = await played.server.direct(kim, "hello")
        channel = played.server.world.channels[direct["channel_id"]]
        await played.reply(channel)
        await asyncio.sleep(0.5)

        assert len(finished(played, played.stage)) == 2
        assert len(played.server.messages(played.stage)) == 4
        assert len(played.server.messages(channel)) == 2
        assert played.bot.rebuilt == 0


@pytest.mark.parametrize("answering", [as_page(404), worded(lambda app: {"id": app["id"]}), with_charset])
async def test_the_invitation_names_the_account_where_a_server_hardly_knows_the_application(
    answering: Callable[[web.Response], web.Response],
) -> None:
    async with FakeDiscord() as server:
        me = server.application(TOKEN)
        server.dialect.answers("GET /oauth2/applications/@me", answering)

        assert await application_of(TOKEN, api=server.api_url) == int(me["id"])


async def test_a_session_goes_on_where_it_began_on_a_server_that_names_no_place_for_it(host: Host) -> None:
    async with host(terse=False, prepared=told("READY", without("resume_gateway_url"))) as played:
        kim = played.server.person("Kim")
        await eventually(lambda: played.bot.client.is_ready())

        await played.server.frame(7)
        await eventually(lambda: played.server.gateway.resumes == 1, within=20)
        await played.server.drop(None)
        await played.server.says(kim, played.stage, "Mika, are you back?")

        await played.reply(played.stage, within=20)
        assert played.server.gateway.resumes == 2
        assert played.server.gateway.identifies == 1
        assert played.bot.rebuilt == 0


async def test_a_return_that_is_answered_by_a_bare_word_is_a_return(host: Host) -> None:
    async with host(terse=False, prepared=told("RESUMED", lambda _: None)) as played:  # type: ignore[arg-type,return-value]  # as some say it
        await eventually(lambda: played.bot.client.is_ready())

        await played.server.frame(7)
        await eventually(lambda: played.server.gateway.resumes == 1, within=20)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, are you back?")

        assert await played.reply(played.stage, within=20)
        assert played.bot.rebuilt == 0


async def test_an_ended_session_begins_anew_where_no_place_to_resume_was_named(host: Host) -> None:
    async with host(terse=False, prepared=told("READY", without("resume_gateway_url"))) as played:
        await eventually(lambda: played.bot.client.is_ready())

        await played.server.frame(9, False)
        await eventually(lambda: played.server.gateway.identifies == 2, within=20)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, are you back?")

        assert await played.reply(played.stage, within=20)
        assert played.bot.rebuilt == 0


async def test_an_event_that_can_not_be_read_is_dropped_and_the_connection_stays(host: Host) -> None:
    async with host(terse=False) as played:
        kim = played.server.person("Kim")
        await eventually(lambda: played.bot.client.is_ready())
        for kind in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "INTERACTION_CREATE", "GUILD_CREATE", "CHANNEL_CREATE"):
            await played.server.gateway.dispatch(kind, {"id": "?", "type": []}, guild_id=played.guild["id"])

        await played.server.says(kim, played.stage, "Mika, are you there?")

        await played.reply(played.stage)
        assert played.server.gateway.identifies == 1
        assert played.bot.rebuilt == 0


async def test_a_limit_that_only_the_body_tells_is_waited_for(host: Host) -> None:
    def only_in_the_body(response: web.Response) -> web.Response:
        if response.status == 429:
            del response.headers["Retry-After"], response.headers["Via"]
        return response

    async with host(terse=False, prepared=answered(HOOKED, only_in_the_body)) as played:
        played.server.fail(HOOKED, 429, retry_after=2.0)

        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")

        await played.reply(played.stage, within=20)
        first, second = played.server.asked(HOOKED)
        assert second.at - first.at >= 2.0


BARE_PRESS = without(
    "version", "attachment_size_limit", "entitlements", "authorizing_integration_owners", "app_permissions", "locale",
    "context", "guild",
)  # fmt: skip


def channel_by_id(data: Json) -> Json:
    return {key: value for key, value in BARE_PRESS(data).items() if key != "channel"}


def pressed_by_a_user(data: Json) -> Json:
    member = data["member"]
    return {**{key: value for key, value in data.items() if key != "member"}, "user": member["user"]}


PRESSES: dict[str, Prepared] = {
    "callbacks answered by nothing": answered("POST /interactions/", silently),
    "callbacks answered by an empty object": answered("POST /interactions/", worded(lambda _: {})),
    "bare": told("INTERACTION_CREATE", BARE_PRESS),
    "a channel's id": told("INTERACTION_CREATE", channel_by_id),
    "a user": told("INTERACTION_CREATE", pressed_by_a_user),
    "nulls": told("INTERACTION_CREATE", lambda data: {**dict.fromkeys(("guild", "message", "entitlements")), **data}),
    "follow-ups answered by nothing": answered(r"POST /webhooks/|PATCH .*@original", silently),
}


@pytest.mark.parametrize("prepared", PRESSES.values(), ids=PRESSES.keys())
async def test_commands_and_buttons_work_on_a_server_that_words_things_otherwise(
    host: Host, prepared: Prepared
) -> None:
    async with host(terse=False, prepared=prepared) as played:
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, hello!")
        reply = await played.reply(played.stage)
        again = next(button for button in buttons(reply) if "again" in button)

        opened = await played.server.slash(kim, played.stage, "character", WHO, token=TOKEN)
        await shown(opened, "Bram")
        asked = len(played.engine.prompts)
        await played.server.clicks(kim, reply, again, token=TOKEN)

        await eventually(lambda: len(played.engine.prompts) > asked)
        await eventually(lambda: len(finished(played, played.stage)) == 1)
        assert len(played.server.messages(played.stage)) == 2
        assert played.bot.rebuilt == 0


@pytest.mark.parametrize("kept", [True, False], ids=["buttons kept", "buttons lost"])
async def test_the_next_life_says_nothing_twice_on_a_server_that_words_things_otherwise(host: Host, kept: bool) -> None:
    async with host(terse=False) as played:
        if not kept:
            played.server.dialect.answers("GET /channels/.*/messages", worded(without("components")))
        kim = played.server.person("Kim")
        await played.server.says(kim, played.stage, "Mika, one!")
        await played.reply(played.stage)
        first = played.bot.client

        await first.close()
        await eventually(lambda: played.bot.client is not first and played.bot.client.is_ready(), within=15)
        await played.server.says(kim, played.stage, "Mika, two!")
        await eventually(lambda: len(finished(played, played.stage)) >= 2)
        await asyncio.sleep(1)

        assert len(played.server.messages(played.stage)) == 4


@pytest.mark.parametrize("private", [True, False], ids=["in private", "on a server"])
async def test_a_lost_answer_makes_one_message_where_no_buttons_are_kept(host: Host, private: bool) -> None:
    async with host(terse=False) as played:
        played.server.dialect.answers("GET /channels/.*/messages", worded(without("components")))
        played.server._desk.remember_nonce = lambda *_: None
        played.server.fail(rf"{HOOKED}|POST /channels/\d+/messages$", lose=True)
        kim = played.server.person("Kim")

        if private:
            said = await played.server.direct(kim, "hello")
            channel = played.server.world.channels[said["channel_id"]]
        else:
            channel = played.stage
            await played.server.says(kim, channel, "Mika, hello!")

        await played.reply(channel)
        await asyncio.sleep(1.5)
        assert len(played.server.messages(channel)) == 2


class Room:
    """A channel of which only its last messages are known."""

    def __init__(self, *messages: SimpleNamespace) -> None:
        self._messages = messages

    async def history(self, *, limit: int) -> AsyncIterator[SimpleNamespace]:
        for message in self._messages[:limit]:
            yield message


@pytest.mark.parametrize(("kept", "stands"), [((), True), (("stop",), False)], ids=["none", "kept"])
async def test_the_same_words_of_somebody_else_are_no_reply_where_buttons_are_kept(
    kept: tuple[str, ...], stands: bool
) -> None:
    heard = Utterance(
        "discord:5", "discord:7", "Kim", Place("discord:1/2"), "Mika?", datetime(2026, 11, 29, tzinfo=UTC)
    )
    turn = Turn("t", None, "mika", "v", heard.place, (heard,), heard.at, said="Yes.")
    echo = SimpleNamespace(id=9, components=(), content="Yes.", author=SimpleNamespace(id=8))
    older = SimpleNamespace(id=3, components=kept, content="Welcome!", author=SimpleNamespace(id=1))

    assert await stands_unmarked(cast(Any, Room(echo, older)), turn) is stands
