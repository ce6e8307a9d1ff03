"""On stage a place wears the version that its trial draws; what goes worse is taken off while the house is open."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bots.testing import house_in_ram
from bots.trial_watch import look_once, watch_trials
from bots.turn import take_turn
from memory import JournalTrouble
from personas import Place
from serving import Shelved, Tally, Trial
from serving.shelf import Card
from serving.testing import ScriptedEngine
from tests.bots.test_turn import a_cue

VERSION = Shelved("mira", 2, Path("shelf/mira/v2"), Card(base="tiny", persona="mira"), retired=False, share=0.1)


class Judge:
    """Trials whose outcome is known, or that can't be seen."""

    def __init__(self, outcome: Trial | Exception) -> None:
        self.outcome = outcome
        self.asked = 0

    async def settle(self) -> tuple[Trial, ...]:
        self.asked += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return (self.outcome,)


async def test_a_turn_wears_what_its_place_was_drawn_for() -> None:
    engine = ScriptedEngine("Hi!")

    async def wears(lora: str | None, place: Place) -> str:
        return f"mira/trial/v2 in {place}"

    async with house_in_ram(engine) as house:
        cue = a_cue(house)
        async for _ in take_turn(cue, on=replace(house.stage, wears=wears)):
            pass

    assert engine.loras == [f"mira/trial/v2 in {cue.turn.place}"]


async def test_what_is_taken_off_is_told_in_one_line_of_counts() -> None:
    with capture_logs() as lines:
        await look_once(Judge(Trial(VERSION, Tally(30, 9, 1, 8), Tally(100, 1, 20, 2), "back")))

    (line,) = lines
    assert (line["event"], line["lora"], line["verdict"], line["down"]) == ("trial", "mira/trial/v2", "back", 8)


async def test_a_journal_that_cannot_be_read_is_asked_again() -> None:
    judge = Judge(JournalTrouble("The disk is full."))
    watching = asyncio.create_task(watch_trials(judge, every=0.001))

    for _ in range(500):
        await asyncio.sleep(0.002)
        if judge.asked > 1:
            break
    watching.cancel()

    assert judge.asked > 1
    with pytest.raises(asyncio.CancelledError):
        await watching
