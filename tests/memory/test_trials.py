"""The journal judges LoRAs on trial by thumbs and breaks, and tells counts only."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from memory import Turn
from memory.journal import Journal
from memory.trials import Trials
from personas import Place, Utterance
from serving.shelf import CONFIG, WEIGHTS, Card, Shelf

LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest_asyncio.fixture
async def journal() -> AsyncIterator[Journal]:
    async with await Journal.open("sqlite://") as opened:
        yield opened


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A steady version and one on trial; nobody loads the weights here."""
    made = tmp_path / "made"
    made.mkdir()
    (made / CONFIG).write_text("{}")
    (made / WEIGHTS).write_bytes(b"weights")
    shelf = Shelf(tmp_path / "shelf")
    shelf.add("mira", made, Card(base="tiny", persona="mira"))
    shelf.add("mira", made, Card(base="tiny", persona="mira"), share=0.2)
    return shelf


async def said(journal: Journal, lora: str, *, count: int, down: int = 0, up: int = 0, words: str = "Ahoy!") -> None:
    """So many turns with a LoRA, the first of which get thumbs."""
    for n in range(count):
        place, fan = Place(f"web:{lora}-{n}"), f"fan-{n}"
        heard = (Utterance(f"{lora}-{n}", fan, "Kim", place, "hello", LATER),)
        turn = Turn(f"{lora}:{n}:{words[:3]}", None, "mira", "1", place, heard, LATER, said=words, lora=lora)
        await journal.hear(heard[0], persona_id="mira")
        await journal.begin(turn)
        await journal.finish(turn)
        if n < down + up:
            await journal.feedback(turn.id, fan_id=fan, thumb="down" if n < down else "up")


async def test_a_version_that_fans_like_less_is_taken_off(journal: Journal, shelf: Shelf) -> None:
    await said(journal, "mira/v1", count=20, up=18, down=2)
    await said(journal, "mira/trial/v2", count=12, down=10)

    (settled,) = await Trials(journal, shelf).settle()

    assert (settled.verdict, settled.trial.down, settled.steady.up) == ("back", 10, 18)
    assert [shelved.id for shelved in shelf.in_use()] == ["mira/v1"]


async def test_a_version_that_steps_out_of_the_character_is_taken_off(journal: Journal, shelf: Shelf) -> None:
    await said(journal, "mira/v1", count=30)
    await said(journal, "mira/trial/v2", count=25, words="As an AI language model, I can't.")

    (settled,) = await Trials(journal, shelf).settle()

    assert (settled.verdict, settled.trial.broken) == ("back", 25)


async def test_a_version_that_does_as_well_stays_on_trial(journal: Journal, shelf: Shelf) -> None:
    await said(journal, "mira/v1", count=12, up=10, down=2)
    await said(journal, "mira/trial/v2", count=12, up=10, down=2)

    (settled,) = await Trials(journal, shelf).settle()

    assert settled.verdict == "wait"
    assert [shelved.id for shelved in shelf.in_use()] == ["mira/v1", "mira/trial/v2"]


async def test_what_was_said_before_the_trial_is_not_held_against_it(journal: Journal, shelf: Shelf) -> None:
    await said(journal, "mira/v1", count=5, down=5)

    assert await journal.tallies("mira", since=LATER + timedelta(seconds=1)) == {}
    assert await journal.tallies("noor", since=LATER - timedelta(days=9)) == {}
