"""What an operator sees of Discord on `/metrics`: connections, requests, how soon words stand there."""

import asyncio
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families as families

from bots.discord_program import play as play_in
from bots.discord_settings import DiscordSettings
from bots.fake_discord import FakeDiscord
from bots.house import House
from bots.testing import house_in_ram
from tests.discord.conftest import TOKEN, Play, Played, ended
from tests.eventually import eventually


def figure(played: Played | House, name: str, **labels: str) -> float:
    """One figure as Prometheus reads it."""
    told = (played.house if isinstance(played, Played) else played).meters.text().decode()
    return sum(
        sample.value
        for family in families(told)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def test_resumes_and_new_sessions_and_clients_built_anew_are_counted(play: Play) -> None:
    def connections(what: str) -> float:
        return figure(played, "greenroom_discord_connections_total", what=what)

    async with play() as played:
        await played.server.drop(4000)
        await eventually(lambda: connections("resumed") == 1)
        await played.server.frame(9, False)
        await eventually(lambda: connections("new") == 2, within=20)
        assert played.bot.client is not None
        await asyncio.sleep(0.3)  # discord.py must not be closed while it waits for guilds
        await played.bot.client.close()
        await eventually(lambda: connections("rebuilt") == 1)

        assert connections("cut") >= 2


async def test_accounts_whose_gateway_answers_are_counted_as_long_as_it_does(tmp_path: Path) -> None:
    async with FakeDiscord(heartbeat=0.2) as server, house_in_ram(data=tmp_path) as house:
        server.application(TOKEN, in_guilds=[server.guild("The Green Room")])
        told = DiscordSettings(token=TOKEN, api=server.api_url, gateway=server.gateway_url, silent_for=1.5)
        running = asyncio.create_task(play_in(house, told))
        await eventually(lambda: figure(house, "greenroom_discord_accounts_ready") == 1)

        server.zombie()

        await eventually(lambda: figure(house, "greenroom_discord_accounts_ready") == 0)
        await ended(running)


async def test_refused_and_lost_and_failed_requests_are_counted_by_what_came_of_them(play: Play) -> None:
    def requests(outcome: str) -> float:
        return figure(played, "greenroom_discord_requests_total", outcome=outcome)

    async with play() as played:
        played.server.fail("POST /channels/.*/typing", 429, retry_after=0.05)
        played.server.fail(r"POST /webhooks/\d+/[^/]+$", 502)
        played.server.fail(r"POST /webhooks/\d+/[^/]+$", lose=True)
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")
        await played.reply(played.stage)

        assert requests("429") == 1
        assert requests("failed") == 1
        await eventually(lambda: requests("lost") == 1)
        assert requests("done") > 5


async def test_the_time_from_a_line_to_its_first_words_is_measured_once_for_each(play: Play) -> None:
    async with play() as played:
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, hello!")
        await played.reply(played.stage)

        assert figure(played, "greenroom_discord_first_words_seconds_count") == 1
        assert 0 < figure(played, "greenroom_discord_first_words_seconds_sum") < 10
        assert figure(played, "greenroom_discord_lines_given_up_total") == 0
        assert figure(played, "greenroom_discord_events_total") > 2
