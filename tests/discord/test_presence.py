"""What a persona's file says of Discord takes effect there: when she speaks, how likely, where, and with which face."""

import asyncio
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bots.faces import Faces
from personas import Cast
from serving.testing import ScriptedEngine
from tests.discord.conftest import Play, Played, finished
from tests.eventually import eventually

HEAD = "id: nova\nname: Nova\nwho: Nova maps the night sky.\n"


def cast_of(tmp_path: Path, written: str) -> Cast:
    """A cast of one, from a YAML file with a picture beside it."""
    folder = tmp_path / "cast" / "nova"
    folder.mkdir(parents=True)
    (folder / "nova.yaml").write_text(HEAD + written)
    picture = BytesIO()
    Image.new("RGB", (64, 64), "#123456").save(picture, "PNG")
    (folder / "face.png").write_bytes(picture.getvalue())
    return Cast([tmp_path / "cast"])


async def answered(played: Played, text: str) -> bool:
    """Whether a line leads to a reply; another fan's mention afterwards shows that everything was heard."""
    before = len(finished(played, played.stage))
    await played.server.says(played.server.person("Kim"), played.stage, text)
    await played.server.says(played.server.person("Bo"), played.stage, f"<@{played.me['id']}> are you there?")
    await eventually(lambda: len(finished(played, played.stage)) > before)
    await asyncio.sleep(0.4)
    return len(finished(played, played.stage)) - before == 2


@pytest.mark.parametrize(
    ("speaks", "line", "does"),
    [
        ("[mention]", "Nova, hello!", False),
        ("[mention, name]", "Nova, hello!", True),
        ("[mention, name]", "what a night", False),
        ("[mention, always]", "what a night", True),
    ],
)
async def test_she_speaks_on_the_occasions_that_her_file_names(
    play: Play, tmp_path: Path, speaks: str, line: str, does: bool
) -> None:
    cast = cast_of(tmp_path, f"presence: {{discord: {{speaks: {speaks}}}}}\n")
    async with play(cast=cast) as played:
        assert await answered(played, line) is does


@pytest.mark.parametrize(("chance", "does"), [("0", False), ("1", True)])
async def test_she_joins_in_as_likely_as_her_file_says(play: Play, tmp_path: Path, chance: str, does: bool) -> None:
    async with play(cast=cast_of(tmp_path, f"presence: {{discord: {{chance: {chance}}}}}\n")) as played:
        assert await answered(played, "what a night") is does


async def test_she_keeps_to_the_channels_of_her_file(play: Play, tmp_path: Path) -> None:
    async with play(cast=cast_of(tmp_path, 'presence: {discord: {channels: ["#sky"]}}\n')) as played:
        sky, kim = played.server.channel(played.guild, "sky"), played.server.person("Kim")
        await played.server.gateway.dispatch("CHANNEL_CREATE", sky, guild_id=played.guild["id"])

        await played.server.says(kim, played.stage, f"<@{played.me['id']}> hello")
        await played.server.says(kim, sky, f"<@{played.me['id']}> hello")

        await played.reply(sky)
        assert finished(played, played.stage) == []


async def test_she_wears_the_avatar_that_her_file_names(play: Play, tmp_path: Path) -> None:
    cast = cast_of(tmp_path, "presence: {discord: {avatar: face.png}}\n")
    async with play(ScriptedEngine("The moon is up."), cast=cast, public_url="https://room.example") as played:
        await played.server.says(played.server.person("Kim"), played.stage, f"<@{played.me['id']}> hello")

        worn = (await played.reply(played.stage))["author"]["avatar_url"]

        picture = await Faces(played.house).named(worn.rpartition("/")[2])
        assert picture is not None
        assert picture.content == (tmp_path / "cast" / "nova" / "face.png").read_bytes()
