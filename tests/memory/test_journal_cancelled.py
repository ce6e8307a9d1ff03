"""A task that is cancelled in the middle of a journal call gives its connection back, and the journal goes on."""

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from memory.journal import FILE, Journal
from personas import Place, Utterance
from tests.memory.builders import said, turn

PLACE = Place("discord:1/2")


async def heard(journal: Journal, number: int) -> None:
    await journal.hear(line(number), persona_id="mika")


async def overheard(journal: Journal, number: int) -> None:
    await journal.overhear(line(number), persona_id="mika")


async def begun_and_finished(journal: Journal, number: int) -> None:
    begun = turn(line(number), id=f"turn-{number}")
    await journal.begin(begun)
    await journal.finish(begun)


async def read(journal: Journal, number: int) -> None:
    await journal.path(PLACE, "mika")
    await journal.export("discord:kim")


async def erased(journal: Journal, number: int) -> None:
    await journal.erase_fan("discord:kim")


CALLS = [heard, overheard, begun_and_finished, read, erased]
Call = Callable[[Journal, int], Awaitable[None]]


def line(number: int) -> Utterance:
    return said(f"line {number}", id=f"discord:{number}", place=PLACE, by="discord:kim")


async def cancelled_after(call: Awaitable[None], steps: int) -> bool:
    """Cancels a call after so many turns of the loop; False if it was over by then."""
    task = asyncio.ensure_future(call)
    for _ in range(steps):
        await asyncio.sleep(0)
    ended = task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return not ended


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("where", ["in RAM", "on disk"])
@pytest.mark.timeout(300)
async def test_a_call_cancelled_at_any_moment_gives_its_connection_back(
    call: Call, where: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    opened = Journal.open("sqlite://") if where == "in RAM" else Journal.in_folder(tmp_path)
    async with await opened as journal:
        steps, in_time = 0, True
        while in_time and steps < 2000:
            in_time = await cancelled_after(call(journal, steps), steps)
            steps += 1 + steps // 20
        gc.collect()

        assert steps > 1
        assert await journal.hear(line(999_999), persona_id="mika")
    assert not [str(warning.message) for warning in recwarn if "non-checked-in" in str(warning.message)]


async def test_a_transaction_that_is_cancelled_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        for steps in range(0, 120, 3):
            await cancelled_after(heard(journal, steps), steps)

            rows = (await journal.export("discord:kim"))["utterances"]
            new = await journal.hear(line(steps), persona_id="mika")

            assert new is (line(steps).id not in {row["id"] for row in rows})


async def test_a_journal_that_is_closed_waits_for_those_who_are_in_it(tmp_path: Path) -> None:
    journal = await Journal.in_folder(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        task = asyncio.create_task(heard(journal, 1))
        await asyncio.sleep(0)

        await journal.aclose()
        written = (tmp_path / FILE).read_bytes()

        await asyncio.wait_for(task, 5)
        assert line(1).text.encode() in written
        gc.collect()
