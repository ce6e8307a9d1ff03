"""Brackets in what people say and in what files hold are words on a terminal, never Rich's markup."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from bots.playbill import print_bill
from bots.terminal_bot import Evening
from bots.terminal_commands import Commands
from bots.terminal_talk import Talk
from bots.testing import MIKA, house_in_ram
from memory.journal import Journal
from memory.testing import journal_in_ram, memory_in_ram
from personas import Cast


@pytest.fixture
async def journal() -> AsyncIterator[Journal]:
    async with journal_in_ram() as opened:
        yield opened


@pytest.fixture
def shown() -> io.StringIO:
    return io.StringIO()


def screen(shown: io.StringIO) -> Console:
    return Console(file=shown, width=200, highlight=False)


async def test_brackets_that_a_fan_typed_are_shown_as_they_were_typed(journal: Journal, shown: io.StringIO) -> None:
    async with memory_in_ram(journal) as memory, house_in_ram(memory=memory, journal=journal) as house:
        talk = Talk(house, MIKA, fan="kim", called="Kim [/you]")
        commands = Commands(talk, screen(shown))
        await (await talk.say("How do I close bold? [/b]")).ended()

        await commands.run("/memory")

        assert "How do I close bold? [/b]" in shown.getvalue()
        assert "Kim [/you]" in shown.getvalue()


async def test_brackets_in_a_name_are_shown_where_there_is_nothing_to_tell(shown: io.StringIO) -> None:
    async with house_in_ram() as house:
        commands = Commands(Talk(house, MIKA.model_copy(update={"name": "Mika [/m]"}), fan="kim"), screen(shown))

        await commands.run("/memory")
        await commands.run("/learn no")

        assert "Mika [/m] remembers nothing" in shown.getvalue()
        assert "Mika [/m]'s training" in shown.getvalue()


async def test_what_cannot_be_done_twice_is_told_and_the_evening_goes_on(journal: Journal, shown: io.StringIO) -> None:
    async with memory_in_ram(journal) as memory, house_in_ram(memory=memory, journal=journal) as house:
        evening = Evening(Talk(house, MIKA, fan="kim"), screen(shown))

        for line in ("I have a cat.", "/memory", "/forget 1", "/forget 1", "Hello again."):
            await evening._take(line)

        assert "There is no such memory here." in shown.getvalue()
        (*_, last) = await journal.path(evening._commands.talk.place, "mika")
        assert [said.text for said in last.heard] == ["Hello again."]


async def test_the_bill_shows_brackets_in_names_paths_and_mistakes(tmp_path: Path, shown: io.StringIO) -> None:
    (tmp_path / "rin.yaml").write_text('id: rin\nname: "Rin [/r/cards]"\nrole: "[/b] a singer"\nwho: Rin sings.\n')
    (tmp_path / "ken.yaml").write_text("id: ken\nname: Ken\nwho: Ken draws.\ntagz: [/anime]\n")
    data = tmp_path / "data [/old]"

    async with house_in_ram(cast=Cast([tmp_path]), data=data) as house:
        print_bill(house, screen(shown), address="http://[::1]:8000")

    told = shown.getvalue()
    assert [words for words in ("Rin [/r/cards]", "[/b] a singer", "tagz: [/anime]") if words not in told] == [], told
    assert str(data) in told
    assert "http://[::1]:8000" in told
