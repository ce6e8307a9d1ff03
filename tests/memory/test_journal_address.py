"""What is wrong with a journal's address is told in a sentence, and never with the password that stands in it."""

import pytest

from memory.errors import JournalTrouble, JournalUnwritable
from memory.journal import Journal

UNREADABLE = (
    "postgresql://house:hunter2@db:54x/greenroom",
    "postgresql://house:hunter2@db:99999/greenroom",
    "postgresql://house:an@hunter2@db/greenroom",
    "postgresql://house:an@d:hunter2@db/greenroom",
    "house:hunter2@db/greenroom",
)
UNDRIVEN = (
    "mysql://house:hunter2@db/greenroom",
    "nosuch://house:hunter2@db/greenroom",
    "postgresql+psycopg2://house:hunter2@db/greenroom",
    "postgresql+nosuch://house:hunter2@db/greenroom?password=hunter2",
)


@pytest.mark.parametrize("url", UNREADABLE)
async def test_an_address_that_cannot_be_read_names_only_the_setting(url: str) -> None:
    with pytest.raises(JournalUnwritable, match="GREENROOM_JOURNAL") as told:
        await Journal.open(url)

    assert "hunter2" not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.parametrize("url", UNDRIVEN)
async def test_a_database_that_nothing_can_talk_to_names_the_driver_to_install(url: str) -> None:
    with pytest.raises(JournalUnwritable, match=r"greenroom\[postgres\]") as told:
        await Journal.open(url)

    assert "hunter2" not in str(told.value)
    assert "@db/greenroom" in str(told.value)


async def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    pytest.importorskip("asyncpg")

    with pytest.raises(JournalTrouble, match=r"house:\*\*\*@127\.0\.0\.1:9") as told:
        await Journal.open("postgresql://house:hunter2@127.0.0.1:9/greenroom?password=hunter2")

    assert "hunter2" not in str(told.value)
