"""Who is meant: by a name, by what looks like one, and in private by none."""

import asyncio

import pytest

from bots.discord_names import names_of
from bots.testing import MIKA, PlainCast
from personas import Persona, Place
from tests.discord.conftest import BRAM, Play, buttons, finished, shown


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Mika Hoshino", "Mika"),
        ("The Lighthouse Keeper", ""),
        ("Die gute Fee", ""),
        ("Dr. Ada Brown", "Ada"),
        ("Captain Nemo", "Nemo"),
        ("Queen of Hearts", ""),
        ("Señora Lucía", "Lucía"),
        ("선장 하나", "하나"),
        ("Captain", ""),
    ],
)
def test_an_article_or_a_title_is_nobodys_name(name: str, called: str) -> None:
    persona = Persona(id="one", name=name, who="Somebody.")

    assert names_of(persona) == tuple(dict.fromkeys(one for one in (name, called) if one))


async def test_a_line_that_begins_like_a_name_with_an_article_is_not_for_its_bearer(play: Play) -> None:
    keeper = Persona(id="keeper", name="The Lighthouse Keeper", who="He keeps the light.")
    async with play(cast=PlainCast(keeper)) as played:
        kim = played.server.person("Kim")

        await played.server.says(kim, played.stage, "The good news is, it rains")
        await played.server.says(kim, played.stage, "The Lighthouse Keeper, are you there?")

        await played.reply(played.stage)
        await asyncio.sleep(0.3)
        assert len(finished(played, played.stage)) == 1
        assert "good news" not in str(
            (await played.house.journal.path(Place(f"discord:{played.guild['id']}/{played.stage['id']}"), "keeper"))[
                -1
            ].heard[-1]
        )


async def test_in_private_whoever_opens_the_door_answers_and_is_the_one_whose_memory_is_shown(play: Play) -> None:
    async with play(cast=PlainCast(BRAM, MIKA)) as played:
        kim = played.server.person("Kim")
        said = await played.server.direct(kim, "my cat is called Biscuit")
        channel = played.server.world.channels[said["channel_id"]]
        reply = await played.reply(channel)

        opened = await played.server.slash(
            kim, channel, "memory", [{"name": "show", "type": 1, "options": []}], token="token"
        )

        assert played.house.first is not None
        assert buttons(reply)
        assert await played.house.journal.path(f"discord:dm/{kim['id']}", played.house.first.id)
        assert "Biscuit" in await shown(opened, "Biscuit")
