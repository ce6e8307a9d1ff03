"""The fake server behaves, towards an unmodified discord.py, as Discord does."""

import asyncio

import aiohttp
import discord
import pytest

from bots.fake_discord import FakeDiscord
from bots.fake_discord.wire import Json
from tests.eventually import eventually
from tests.fake_discord.conftest import Client


def stage(server: FakeDiscord) -> Json:
    return next(channel for channel in server.world.channels.values() if channel.get("name") == "stage")


async def test_a_client_hears_a_message_and_its_reply_is_seen_by_all(server: FakeDiscord, client: Client) -> None:
    kim = server.person("Kim")

    said = await server.says(kim, stage(server), "ping")

    reply = await server.event("MESSAGE_CREATE", lambda m: m["content"] == "pong")
    assert reply["message_reference"]["message_id"] == said["id"]
    assert [user["username"] for user in reply["mentions"]] == ["Kim"]


async def test_a_nonce_sent_twice_makes_one_message(server: FakeDiscord, client: Client) -> None:
    channel = client.get_channel(int(stage(server)["id"]))
    assert isinstance(channel, discord.TextChannel)

    first = await channel.send("once", nonce="n1")
    second = await channel.send("once", nonce="n1")

    assert first.id == second.id
    assert len(server.messages(stage(server))) == 1


async def test_an_answer_that_is_lost_has_still_been_carried_out(server: FakeDiscord, client: Client) -> None:
    channel = client.get_channel(int(stage(server)["id"]))
    assert isinstance(channel, discord.TextChannel)
    server.fail("POST /channels/.*/messages", lose=True)

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await channel.send("hello", nonce="n2")
    await channel.send("hello", nonce="n2")

    assert len(server.messages(stage(server))) == 1


@pytest.mark.parametrize(("text", "code"), [("x" * 2001, 50035), ("", 50006)])
async def test_a_message_too_long_or_empty_is_refused(
    server: FakeDiscord, client: Client, text: str, code: int
) -> None:
    channel = client.get_channel(int(stage(server)["id"]))
    assert isinstance(channel, discord.TextChannel)

    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(text)

    assert refused.value.code == code


async def test_a_dropped_client_resumes_and_misses_nothing(server: FakeDiscord, client: Client) -> None:
    kim = server.person("Kim")
    await server.says(kim, stage(server), "one")
    await server.drop(4000)
    await server.says(kim, stage(server), "two")

    await eventually(lambda: len(client.heard) == 2)

    assert [message.content for message in client.heard] == ["one", "two"]
    assert server.gateway.resumes == 1


async def test_a_wrong_token_and_an_intent_not_granted_are_refused(server: FakeDiscord) -> None:
    server.application("modest", granted=0)
    stranger, curious = Client(), Client()

    with pytest.raises(discord.LoginFailure):
        await stranger.start("nobody's")
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await curious.start("modest")

    await stranger.close()
    await curious.close()


async def test_without_the_content_intent_words_are_blank_unless_they_name_the_client(server: FakeDiscord) -> None:
    guild = server.guild("Quiet")
    channel = server.channel(guild, "hall")
    me = server.application("token", in_guilds=[guild], granted=0)
    client = Client()
    client.intents.message_content = False
    client._connection._intents.message_content = False
    running = asyncio.create_task(client.start("token"))
    await server.gateway.connected()
    await client.wait_until_ready()
    kim = server.person("Kim")

    await server.says(kim, channel, "a secret")
    await server.says(kim, channel, f"<@{me['id']}> hello")
    await server.direct(kim, "in private")

    await eventually(lambda: len(client.heard) == 3)
    await client.close()
    await running
    assert [message.content for message in client.heard] == ["", f"<@{me['id']}> hello", "in private"]


async def test_rate_limits_are_announced_and_a_patient_client_keeps_to_them(
    server: FakeDiscord, client: Client
) -> None:
    server.buckets.on = True
    channel = client.get_channel(int(stage(server)["id"]))
    assert isinstance(channel, discord.TextChannel)

    for number in range(6):
        await channel.send(str(number))

    assert server.buckets.refused == 0
    assert len(server.messages(stage(server))) == 6


async def test_a_webhook_speaks_under_any_name_but_discords_own(server: FakeDiscord, client: Client) -> None:
    channel = client.get_channel(int(stage(server)["id"]))
    assert isinstance(channel, discord.TextChannel)
    hook = await channel.create_webhook(name="greenroom")

    said = await hook.send("hello", username="Mika", wait=True)
    await said.edit(content="hello!")
    with pytest.raises(discord.HTTPException) as refused:
        await hook.send("hello", username="Discord Friend")

    assert refused.value.code == 50035
    (kept,) = server.messages(stage(server))
    assert (kept["author"]["username"], kept["content"]) == ("Mika", "hello!")


async def test_a_slash_command_is_deferred_answered_and_never_answered_twice(
    server: FakeDiscord, client: Client
) -> None:
    answered = asyncio.Event()

    @client.tree.command(name="hello", description="says hello")
    async def hello(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("hello yourself", ephemeral=True)
        with pytest.raises(discord.InteractionResponded):
            await interaction.response.send_message("again")
        answered.set()

    await client.tree.sync()
    kim = server.person("Kim")

    opened = await server.slash(kim, stage(server), "hello", token="token")

    await asyncio.wait_for(answered.wait(), 5)
    assert "hello yourself" in [message["content"] for message in opened.shown.values()]
    assert server.messages(stage(server)) == []


async def test_an_invalid_session_starts_a_new_one(server: FakeDiscord, client: Client) -> None:
    await server.frame(9, False)

    await eventually(lambda: server.gateway.identifies == 2)

    assert server.gateway.identifies == 2
