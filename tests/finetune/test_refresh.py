"""The loop goes from data to the shelf, stops at the gate, and goes on where it was killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from finetune.cli import app
from finetune.errors import FinetuneError, LinesUnreadable, NotPublished, RefreshBusy
from finetune.refresh import RECORD, Loop, Outcome, Round
from finetune.refresh_cli import again_and_again, span
from tests.finetune.stage import persona_file

NAMES = ("data", "train", "evaluate", "publish")


@dataclass
class Played:
    """A step that does as it is told: an outcome, or something to raise, one for each time it is taken."""

    name: str
    outcomes: list[Outcome | Exception] = field(default_factory=list)
    taken: int = 0

    async def take(self, now: Round) -> Outcome:
        self.taken += 1
        answer = self.outcomes.pop(0) if self.outcomes else Outcome("done", f"{self.name} is done.")
        if isinstance(answer, Exception):
            raise answer
        return answer


def cast(**told: list[Outcome | Exception]) -> list[Played]:
    return [Played(name, told.get(name, [])) for name in NAMES]


def states(round_: Round | None) -> dict[str, str]:
    assert round_ is not None
    return {name: outcome.state for name, outcome in round_.outcomes.items()}


async def test_a_round_goes_through_all_four_steps(tmp_path: Path) -> None:
    steps = cast()

    done = await Loop(tmp_path, steps).run()

    assert states(done) == dict.fromkeys(NAMES, "done")
    assert states(Loop(tmp_path, steps).last()) == states(done)
    assert done.folder == tmp_path / "1"


@pytest.mark.parametrize(
    "no", [Outcome("stopped", "The gate stays shut."), NotPublished(["It leaks."])], ids=["a report", "the shelf"]
)
async def test_the_gate_ends_a_round_and_nothing_is_published(no: Outcome | Exception, tmp_path: Path) -> None:
    steps = cast(evaluate=[no])

    done = await Loop(tmp_path, steps).run()

    assert states(done) == {"data": "done", "train": "done", "evaluate": "stopped"}
    assert [step.taken for step in steps] == [1, 1, 1, 0]


async def test_after_the_gate_the_next_round_begins_anew_and_knows_the_last(tmp_path: Path) -> None:
    steps = cast(evaluate=[Outcome("stopped", "No.")])
    await Loop(tmp_path, steps).run()

    done = await Loop(tmp_path, steps).run()

    assert done.folder == tmp_path / "2"
    assert done.before["evaluate"].says == "No."
    assert states(done)["publish"] == "done"


async def test_a_step_that_failed_is_taken_again_and_those_before_it_are_not(tmp_path: Path) -> None:
    steps = cast(train=[LinesUnreadable("The disk is full.")])
    failed = await Loop(tmp_path, steps).run()

    done = await Loop(tmp_path, steps).run()

    assert states(failed) == {"data": "done", "train": "failed"}
    assert failed.outcomes["train"].says == "The disk is full."
    assert states(done) == dict.fromkeys(NAMES, "done")
    assert [step.taken for step in steps] == [1, 2, 1, 1]
    assert done.folder == failed.folder


async def test_a_fault_of_ours_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        await Loop(tmp_path, cast(train=[ZeroDivisionError()])).run()


KILLED = """
import asyncio, os, sys
from pathlib import Path
from finetune.refresh import Loop, Outcome
from tests.finetune.test_refresh import Played

class Dies(Played):
    async def take(self, now):
        os.kill(os.getpid(), 9)

asyncio.run(Loop(Path(sys.argv[1]), [Played("data"), Dies("train"), Played("evaluate"), Played("publish")]).run())
"""


def test_a_round_that_was_killed_goes_on_with_the_step_that_was_not_done(tmp_path: Path) -> None:
    house = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path], cwd=house, env={**os.environ, "PYTHONPATH": str(house)}, check=False
    )
    steps = cast()

    done = asyncio.run(Loop(tmp_path, steps).run())

    assert killed.returncode == -signal.SIGKILL
    assert [step.taken for step in steps] == [0, 1, 1, 1]
    assert states(done) == dict.fromkeys(NAMES, "done")


async def test_two_rounds_of_one_persona_never_run_at_once(tmp_path: Path) -> None:
    class Waits(Played):
        async def take(self, now: Round) -> Outcome:
            with pytest.raises(RefreshBusy, match="Another program"):
                await Loop(tmp_path, cast()).run()
            return Outcome("done", "")

    done = await Loop(tmp_path, [Waits("data")]).run()

    assert states(done) == {"data": "done"}


async def test_a_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    await Loop(tmp_path, cast()).run()
    (tmp_path / "1" / RECORD).write_text("{")

    with pytest.raises(FinetuneError, match=RECORD):
        await Loop(tmp_path, cast()).run()


class Clock:
    """A clock that goes only while somebody sleeps, and ends the world after so many naps."""

    def __init__(self, naps: int) -> None:
        self.at = datetime(2026, 5, 4, tzinfo=UTC)
        self.slept: list[float] = []
        self._naps = naps

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        if len(self.slept) == self._naps:
            raise asyncio.CancelledError
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


async def evenings(loop_steps: Sequence[Played], home: Path, clock: Clock) -> None:
    loop = Loop(home, loop_steps, now=clock.now)
    with pytest.raises(asyncio.CancelledError):
        await again_and_again(loop, timedelta(days=7), now=clock.now, sleep=clock.sleep)


async def test_with_a_rhythm_a_round_begins_every_week_also_after_a_restart(tmp_path: Path) -> None:
    clock = Clock(naps=2)
    await evenings(cast(), tmp_path, clock)
    clock.at += timedelta(days=3)
    restarted = Clock(naps=1)
    restarted.at = clock.at

    await evenings(cast(), tmp_path, restarted)

    assert clock.slept == [7 * 86400.0] * 2
    assert restarted.slept == [4 * 86400.0]
    assert Loop(tmp_path, cast()).last().folder == tmp_path / "4"  # type: ignore[union-attr]


async def test_what_failed_is_tried_again_within_the_hour(tmp_path: Path) -> None:
    clock = Clock(naps=1)

    await evenings(cast(train=[LinesUnreadable("away")]), tmp_path, clock)

    assert clock.slept == [3600.0]


@pytest.mark.parametrize(("typed", "meant"), [("30m", timedelta(minutes=30)), ("7d", timedelta(days=7))])
def test_a_rhythm_is_said_in_a_word(typed: str, meant: timedelta) -> None:
    assert span(typed) == meant


def test_a_rhythm_that_is_none_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["refresh", str(persona_file(tmp_path)), "--every", "soon", "--home", str(tmp_path)])

    assert done.exit_code == 1
    assert "7d" in done.output


def test_a_first_round_without_anything_to_learn_says_so_and_exits_with_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    typed = [str(persona_file(tmp_path)), "--home", str(tmp_path / "rounds"), "--data", str(tmp_path / "data")]

    done = CliRunner().invoke(app, ["refresh", *typed, "--json"])
    status = CliRunner().invoke(app, ["refresh", *typed, "--status"])

    steps = json.loads(done.stdout)["steps"]
    assert done.exit_code == 1
    assert steps["data"]["state"] == "failed"
    assert "Fans must agree" in steps["data"]["says"]
    assert "failed" in status.stdout
