"""What is PostgreSQL's own: versions, migrations, a server that goes away, and a whole memory on top."""

import asyncio

import pytest
from sqlalchemy import Connection

from memory.errors import JournalAway, JournalTooNew, JournalUnwritable
from memory.journal import Journal
from memory.journal_database import NEWEST
from memory.scope import Scope
from memory.testing import memory_in_ram
from personas import Place
from tests.memory.builders import WEB, chat, said
from tests.memory.conftest import emptied, needs_postgres
from tests.memory.servers import free_port

pytestmark = [pytest.mark.slow, needs_postgres]


async def test_many_fans_write_at_once_and_nothing_is_lost(postgres_server: str) -> None:
    async with await Journal.open(await emptied(postgres_server)) as journal:
        places = [Place(f"web:{number}") for number in range(20)]
        await asyncio.gather(*(chat(journal, "a", "b", by=f"web:{place}", place=place) for place in places))

        lengths = [len(await journal.path(place, "mika")) for place in places]

    assert lengths == [2] * 20


async def test_the_same_delivery_to_two_processes_is_taken_by_one(postgres_server: str) -> None:
    url = await emptied(postgres_server)
    async with await Journal.open(url) as one, await Journal.open(url) as other:
        words = [said(f"hello {number}") for number in range(20)]

        taken = [
            await asyncio.gather(one.hear(word, persona_id="mika"), other.hear(word, persona_id="mika"))
            for word in words
        ]

    assert [sorted(pair) for pair in taken] == [[False, True]] * 20


async def test_a_journal_of_a_newer_greenroom_is_refused(postgres_server: str) -> None:
    url = await emptied(postgres_server)
    async with await Journal.open(url) as journal:
        await journal.database.write(Connection.exec_driver_sql, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(JournalTooNew, match=NEWEST):
        await Journal.open(url)


SPOKEN = (
    "application_name=greenroom",
    "sslmode=prefer&connect_timeout=10",
    "ssl=disable",
    "channel_binding=prefer",
    "prepared_statement_cache_size=0&statement_cache_size=0&command_timeout=30",
    "options=-csearch_path%3Dpublic",
)
REFUSED = {
    "/postgres?channel_binding=require": "take it out of the address",
    "/postgres?sslmode=require": "rejected SSL",
    "/postgres?sslmode=always": "sslmode",
    "/postgres?connect_timeout=soon": "soon",
    "/postgres?nonsense=1": "nonsense",
    "/nosuch": '"nosuch" does not exist',
}


@pytest.mark.parametrize("query", SPOKEN)
async def test_an_address_may_say_what_providers_hand_out(postgres_server: str, query: str) -> None:
    async with await Journal.open(f"{await emptied(postgres_server)}?{query}") as journal:
        await chat(journal, "a", "b")

        assert len(await journal.path(WEB, "mika")) == 2


@pytest.mark.parametrize(("path", "why"), REFUSED.items())
async def test_what_refuses_a_connection_is_told_in_a_sentence(postgres_server: str, path: str, why: str) -> None:
    with pytest.raises(JournalAway, match=why):
        await Journal.open(postgres_server.removesuffix("/postgres") + path)


async def test_a_role_that_the_server_does_not_know_is_told_in_a_sentence(postgres_server: str) -> None:
    with pytest.raises(JournalAway, match='role "nobody" does not exist') as raised:
        await Journal.open(postgres_server.replace("greenroom@", "nobody:hunter2@"))

    assert "hunter2" not in str(raised.value)


async def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises((JournalAway, JournalUnwritable)) as raised:
        await Journal.open(f"postgresql://kim:hunter2@127.0.0.1:{free_port()}/postgres")

    assert "127.0.0.1" in str(raised.value)
    assert "hunter2" not in str(raised.value)


async def test_a_fan_is_remembered_and_forgotten(postgres_server: str) -> None:
    scope = Scope("mika", "web:kim", WEB)
    async with await Journal.open(await emptied(postgres_server)) as journal, memory_in_ram(journal) as memory:
        await chat(journal, "My cat is called Miso.", "I bake.")

        found = await memory.recall(scope, [said("What is my cat called?", minutes=90)])
        receipt = await memory.forget_fan("web:kim")

        assert found[0].text == "My cat is called Miso."
        assert receipt.complete
        assert (receipt.turns, receipt.utterances, receipt.memories) == (2, 2, 4)
        assert await memory.show(scope) == ()
