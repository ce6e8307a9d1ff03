"""In the terminal, too, a persona learns only from whoever says yes, and only where the operator asks."""

import io
from collections.abc import AsyncIterator

import pytest
from rich.console import Console

from bots.terminal_commands import Commands
from bots.terminal_talk import Talk
from bots.testing import MIKA, house_in_ram
from memory.journal import Journal


@pytest.fixture(params=[frozenset({"terminal"}), frozenset()], ids=["asked", "not asked"])
async def journal(request: pytest.FixtureRequest) -> AsyncIterator[Journal]:
    async with await Journal.open("sqlite://", learns_from=request.param) as opened:
        yield opened


async def test_learn_says_yes_and_no_where_fans_are_asked(journal: Journal) -> None:
    shown = io.StringIO()
    async with house_in_ram(journal=journal) as house:
        talk = Talk(house, MIKA, fan="kim")
        commands = Commands(talk, Console(file=shown, width=200))
        asked = journal.lessons.asked_on(talk.place)

        await commands.run("/learn yes")
        said_yes = await journal.lessons.allowed(talk.scope)
        await commands.run("/learn no")

        assert said_yes is asked
        assert not await journal.lessons.allowed(talk.scope)
        assert ("helps Mika's training" in shown.getvalue()) is asked
        assert ("Nothing said here is used for training" in shown.getvalue()) is not asked
