"""What stands in a channel, and the versions that don't, as an operator sees them on the web page."""

import httpx

from bots.keys import Keys
from bots.web_bot import web_app
from bots.web_fan import Tickets
from bots.web_foyer import Foyer
from serving.testing import ScriptedEngine
from tests.discord.conftest import Play, Played, buttons


def browser(played: Played, *, host: str = "127.0.0.1") -> httpx.AsyncClient:
    """A browser on this machine, or on another."""
    app = web_app(Foyer(Tickets(b"s" * 32), Keys(played.house.settings.data), house=played.house))
    transport = httpx.ASGITransport(app, client=(host, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def regenerated(played: Played) -> str:
    """A line and two replies to it; the page's address."""
    kim = played.server.person("Kim <b>")
    await played.server.says(kim, played.stage, "Mika, <script>hello</script>")
    reply = await played.reply(played.stage)
    again = next(button for button in buttons(reply) if "again" in button)
    await played.server.clicks(kim, reply, again, token="token")
    await played.reply(played.stage, "The second version.")
    return f"/places/{played.guild['id']}/{played.stage['id']}/mika"


async def test_the_page_shows_the_branch_that_the_channel_shows_and_the_other_versions_beside_it(play: Play) -> None:
    async with play(ScriptedEngine(["The first version.", "The second version."])) as played:
        address = await regenerated(played)

        async with browser(played) as here:
            page = (await here.get(address)).text

        assert "<p class=shown><b>Mika</b> The second version.</p>" in page
        assert "1 other version" in page
        assert "<li>The first version.</li>" in page
        assert "<script>" not in page
        assert "&lt;script&gt;hello" in page


async def test_a_key_that_lets_one_talk_does_not_let_one_read_what_others_said(play: Play) -> None:
    async with play(ScriptedEngine(["The first version.", "The second version."])) as played:
        address = await regenerated(played)
        _, words = Keys(played.house.settings.data).add("app", personas=())

        async with browser(played, host="203.0.113.9") as far:
            refused = await far.get(address, headers={"Authorization": f"Bearer {words}"})

        assert refused.status_code == 403
        assert "version" not in refused.text


async def test_nobody_else_reads_it_and_what_is_not_there_is_told_in_a_sentence(play: Play) -> None:
    async with play(ScriptedEngine(["The first version.", "The second version."])) as played:
        address = await regenerated(played)

        async with browser(played, host="203.0.113.9") as far, browser(played) as here:
            stranger, nobody = await far.get(address), await here.get(address.replace("mika", "nobody"))
            empty = await here.get("/places/1/2/mika")

        assert stranger.status_code == 403
        assert "version" not in stranger.text
        assert nobody.status_code == 404
        assert "Nothing was said to her here yet" in empty.text
