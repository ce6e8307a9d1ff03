"""Faces: SVG drawn as PNG, served under a name that never lies, or uploaded once where there is no page."""

from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from bots.faces import Faces, drawn_as_png
from bots.keys import Keys
from bots.testing import PlainCast, house_in_ram
from bots.web_bot import web_app
from bots.web_fan import Tickets
from bots.web_foyer import Foyer
from personas import SHIPPED, Cast
from serving.testing import ScriptedEngine
from tests.discord.conftest import Play, finished
from tests.eventually import eventually

MIKA = Cast([SHIPPED]).get("mika")
HAPPY = "Wow, hooray! *laughs happily* That is wonderful!"


def test_a_drawing_becomes_a_square_png() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="#f00"/></svg>'

    picture = Image.open(BytesIO(drawn_as_png(svg)))

    assert (picture.format, picture.size) == ("PNG", (256, 256))
    assert picture.convert("RGB").getpixel((100, 100)) == (255, 0, 0)


async def test_each_mood_has_its_own_picture_and_one_without_falls_back_to_neutral(tmp_path: Path) -> None:
    async with house_in_ram(cast=Cast([SHIPPED]), data=tmp_path) as house:
        faces = Faces(house)

        joy, neutral = await faces.of(MIKA, "joy"), await faces.of(MIKA, "neutral")
        nothing_like_it = await faces.of(MIKA, "boredom")

        assert joy is not None
        assert neutral is not None
        assert nothing_like_it is not None
        assert joy.content != neutral.content == nothing_like_it.content
        assert await faces.named(joy.name) == joy
        assert await faces.named("mika-joy-000000000000.png") is None
        assert await faces.named("../../etc/passwd") is None


async def test_a_face_of_another_persona_than_her_folder_holds_is_never_served(tmp_path: Path) -> None:
    sly = MIKA.model_copy(
        update={"look": MIKA.look.model_copy(update={"portrait": "../bram/portrait.svg", "expressions": {}})}
    )
    async with house_in_ram(cast=PlainCast(sly), data=tmp_path) as house:
        assert await Faces(house).of(sly, "joy") is None


async def test_a_short_reply_wears_the_face_of_its_mood_from_our_own_page(play: Play) -> None:
    async with play(ScriptedEngine(HAPPY), cast=Cast([SHIPPED]), public_url="https://room.example/") as played:
        await played.server.says(played.server.person("Kim"), played.stage, "Mika, I passed the exam!")

        reply = await played.reply(played.stage)

        picture = await Faces(played.house).of(MIKA, "joy")
        assert picture is not None
        assert reply["author"]["avatar_url"] == f"https://room.example/faces/{picture.name}"


async def test_the_page_serves_that_picture_to_anybody_and_says_that_it_may_be_kept(tmp_path: Path) -> None:
    async with house_in_ram(cast=Cast([SHIPPED]), data=tmp_path) as house:
        picture = await Faces(house).of(MIKA, "joy")
        assert picture is not None
        app = web_app(Foyer(Tickets(b"s" * 32), Keys(tmp_path), house=house))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://room") as browser:
            good = await browser.get(f"/faces/{picture.name}")
            bad = await browser.get("/faces/mika-joy-ffffffffffff.png")

        assert (good.status_code, good.headers["content-type"]) == (200, "image/png")
        assert "immutable" in good.headers["cache-control"]
        assert good.content == picture.content
        assert bad.status_code == 404


async def test_without_a_page_a_face_is_uploaded_once_to_the_servers_log_channel(play: Play) -> None:
    async with play(ScriptedEngine(HAPPY), cast=Cast([SHIPPED])) as played:
        log = played.server.channel(played.guild, "log")
        await played.server.gateway.dispatch("CHANNEL_CREATE", log, guild_id=played.guild["id"])
        played.rule(log_channel=log["id"])

        for number in range(2):
            await played.server.says(played.server.person(f"fan{number}"), played.stage, "Mika, hello!")
            await eventually(lambda count=number + 1: len(finished(played, played.stage)) == count)  # type: ignore[misc]

        (upload,) = played.server.messages(log)
        worn = {message["author"]["avatar_url"] for message in finished(played, played.stage)}
        assert worn == {upload["attachments"][0]["url"]}
