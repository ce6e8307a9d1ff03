"""Places: what became of a line, who may be in there, and the end of what was kept too long."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from memory.journal import Journal
from memory.testing import journal_in_ram
from personas import Place
from tests.memory.builders import GUILD, NOON, bytes_in, chat, said
from tests.memory.conftest import emptied, needs_postgres

OTHER = Place("discord:guild-2/general")


async def test_a_line_is_known_by_whom_it_was_said_to() -> None:
    async with journal_in_ram() as journal:
        line, stranger = said("Mika, hello", place=GUILD), said("hm", place=GUILD)
        await journal.hear(line, persona_id="mika")
        await journal.overhear(line, persona_id="bram")
        await journal.overhear(stranger, persona_id="bram")

        assert await journal.spoken_to(line) == ("mika",)
        assert await journal.spoken_to(stranger) == ()
        assert await journal.spoken_to(said("never heard")) is None


async def test_a_line_that_is_gone_was_said_to_nobody_and_is_not_new_to_whom_it_was_said() -> None:
    async with journal_in_ram() as journal:
        line = said("Mika, hello", place=GUILD)
        await journal.hear(line, persona_id="mika")
        await journal.unsay(line.id, place=GUILD)

        assert await journal.spoken_to(line, among=["bram", "mika"]) == ()
        assert await journal.spoken_to(line, among=["bram"]) is None


async def test_what_is_older_goes_from_these_places_and_nowhere_else(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        await chat(journal, "an old canary", "a second canary", by="discord:kim", place=GUILD)
        kept = await chat(journal, "hello there", by="discord:kim", place=OTHER)

        scopes = await journal.expire("discord:guild-1/", before=NOON + timedelta(seconds=30))
        first = await journal.path(GUILD, "mika")
        await journal.expire("discord:guild-1/", before=NOON + timedelta(days=1))

        assert [(scope.persona_id, scope.fan_id) for scope in scopes] == [("mika", "discord:kim")]
        assert [turn.heard[0].text for turn in first] == ["a second canary"]
        assert await journal.path(GUILD, "mika") == ()
        assert await journal.path(OTHER, "mika") == tuple(kept)
        assert await journal.talk(GUILD, "mika") is None
    assert b"canary" not in bytes_in(tmp_path)


async def both_at_once(one: Journal, other: Journal) -> list[str]:
    """What two who want into the same place do there, in order."""
    did: list[str] = []

    async def go_in(journal: Journal, name: str) -> None:
        async with journal.alone("discord:1/2"):
            did.append(f"{name} in")
            await asyncio.sleep(0.2)
            did.append(f"{name} out")

    await asyncio.gather(go_in(one, "one"), go_in(other, "other"))
    return did


def one_by_one(did: list[str]) -> None:
    """Whoever was first, nobody came in before the other was out."""
    assert sorted([did[:2], did[2:]]) == [["one in", "one out"], ["other in", "other out"]]


async def test_two_journals_on_one_file_go_into_a_place_one_after_the_other(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as one, await Journal.in_folder(tmp_path) as other:
        one_by_one(await both_at_once(one, other))


@pytest.mark.slow
@needs_postgres
async def test_two_journals_on_one_server_go_into_a_place_one_after_the_other(postgres_server: str) -> None:
    url = await emptied(postgres_server)
    async with await Journal.open(url) as one, await Journal.open(url) as other:
        one_by_one(await both_at_once(one, other))


@pytest.mark.slow
@needs_postgres
async def test_a_place_is_free_again_when_whoever_was_in_it_died(postgres_server: str) -> None:
    url = await emptied(postgres_server)
    async with await Journal.open(url) as other:
        dying = await Journal.open(url)
        inside = dying.alone("discord:1/2")
        await inside.__aenter__()
        await dying.aclose()

        async with asyncio.timeout(10), other.alone("discord:1/2"):
            await inside.__aexit__(None, None, None)


async def test_one_who_waits_for_a_place_may_be_cancelled_and_leaves_it_free(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as one, await Journal.in_folder(tmp_path) as other:
        async with one.alone("here"):
            waiting = asyncio.create_task(other.alone("here").__aenter__())
            await asyncio.sleep(0.15)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

        async with asyncio.timeout(5), other.alone("here"), other.alone("elsewhere"):
            pass
