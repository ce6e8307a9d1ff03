"""The loop: data, train, evaluate, publish, one after the other, each step's outcome kept, stopping at the gate.

A run's record is a file of its own that is replaced as a whole after each step, so a run that was killed goes on with
the step that was not done; so does one whose step failed. A step that stops the run (nothing new to learn, the gate)
ends it: that is an answer, and the next run begins anew.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from finetune.alone import alone_in
from finetune.errors import FinetuneError, NotPublished, RefreshBusy
from finetune.train_record import write_whole
from memory import MemoryTrouble
from personas import PersonaError
from serving import ServingError

RECORD = "refresh.json"
EXPECTED = (FinetuneError, MemoryTrouble, PersonaError, ServingError, OSError)
State = Literal["done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step came out: a sentence for people, and facts that later steps build on."""

    state: State
    says: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """One run of the loop: its folder, and the outcomes so far by step. `before` are those of the round before it."""

    folder: Path
    began_at: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    before: Mapping[str, Outcome] = field(default_factory=dict)

    def fact(self, step: str, name: str) -> Any:
        """What a step that is done found out."""
        return self.outcomes[step].facts[name]


class Step(Protocol):
    """One step of the loop. It may raise what the rooms' errors say; then the round waits to be gone on with."""

    @property
    def name(self) -> str: ...

    async def take(self, now: Round) -> Outcome:
        """Does it. What it did before it was killed must not do harm when it is done again."""
        ...


class Loop:
    """The rounds of one persona in a folder, `1`, `2`, …; one program at a time."""

    def __init__(
        self,
        home: Path,
        steps: Sequence[Step],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tell: Callable[[str, Outcome | None], None] = lambda step, outcome: None,
    ) -> None:
        self._home = home
        self._steps = steps
        self._now = now
        self._tell = tell

    async def run(self) -> Round:
        """Goes on with a round that is not over, or begins the next. Raises `RefreshBusy`."""
        busy = RefreshBusy(f"Another program is refreshing in {self._home}. Wait until it is done.")
        with alone_in(self._home, busy):
            now = self._current()
            for step in self._steps:
                now = await self._through(step, now)
                if now.outcomes[step.name].state != "done":
                    break
            return now

    async def _through(self, step: Step, now: Round) -> Round:
        """The round after a step; one that is done, or ended it, is not taken again."""
        outcome = now.outcomes.get(step.name)
        if outcome is None or outcome.state == "failed":
            self._tell(step.name, None)
            outcome = replace(await taken(step, now), at=self._now().isoformat())
            now = replace(now, outcomes={**now.outcomes, step.name: outcome})
            keep(now)
        self._tell(step.name, outcome)
        return now

    def last(self) -> Round | None:
        """The newest round there is."""
        numbers = self._numbers()
        return self._read(numbers[-1]) if numbers else None

    def is_over(self, round_: Round) -> bool:
        """Whether every step is done, or one stopped it."""
        states = [outcome.state for outcome in round_.outcomes.values()]
        return "stopped" in states or states.count("done") == len(self._steps)

    def _current(self) -> Round:
        last = self.last()
        if last is not None and not self.is_over(last):
            return last
        number = self._numbers()[-1] + 1 if last is not None else 1
        begun = Round(self._home / str(number), self._now().isoformat(), before=last.outcomes if last else {})
        begun.folder.mkdir(parents=True, exist_ok=True)
        keep(begun)
        return begun

    def _numbers(self) -> list[int]:
        names = (path.parent.name for path in self._home.glob(f"*/{RECORD}"))
        return sorted(int(name) for name in names if name.isdecimal())

    def _read(self, number: int) -> Round:
        folder = self._home / str(number)
        try:
            said = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            return Round(folder, said["began_at"], outcomes_in(said["outcomes"]), outcomes_in(said["before"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            broken = f"{folder / RECORD} can't be read ({exc})."
            raise FinetuneError(f"{broken} Remove {folder} to begin that round anew.") from exc


async def taken(step: Step, now: Round) -> Outcome:
    """A step's outcome; what can go wrong is one, too, and the gate's no ends the round."""
    try:
        return await step.take(now)
    except NotPublished as exc:
        return Outcome("stopped", str(exc))
    except EXPECTED as exc:
        return Outcome("failed", str(exc) or type(exc).__name__)


def outcomes_in(said: Mapping[str, Any]) -> dict[str, Outcome]:
    """Outcomes as they were kept."""
    return {name: Outcome(**one) for name, one in said.items()}


def keep(round_: Round) -> None:
    """The record, whole or as it was."""
    said = {
        "began_at": round_.began_at,
        "outcomes": {name: plain(one) for name, one in round_.outcomes.items()},
        "before": {name: plain(one) for name, one in round_.before.items()},
    }
    write_whole(round_.folder / RECORD, json.dumps(said, ensure_ascii=False, indent=1) + "\n")


def plain(one: Outcome) -> dict[str, Any]:
    """An outcome as JSON holds it."""
    return {"state": one.state, "says": one.says, "facts": dict(one.facts), "at": one.at}
