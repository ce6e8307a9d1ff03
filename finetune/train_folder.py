"""A run's folder: whose it is, what a killed run goes on from, and how the best checkpoint becomes what is served."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finetune.alone import alone_in
from finetune.errors import TrainingRefused
from finetune.train_record import RECIPE, RECORD, RunRecord, read_record

CHECKPOINTS, STATE = "checkpoints", "trainer_state.json"


class RunFolder:
    """Paths and states of one run; knows the layout that transformers gives a checkpoint."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.checkpoints = root / CHECKPOINTS

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One program at a time: two would write into each other's checkpoints."""
        busy = TrainingRefused(f"Another program is training in {self.root}. Wait, or name another --to.")
        with alone_in(self.root, busy):
            yield

    def begin(self, wanted: RunRecord) -> RunRecord:
        """The record to go on with: the wanted one, or that of the same run where it was stopped."""
        if not (self.root / RECORD).exists():
            return wanted
        there = read_record(self.root)
        if different := wanted.differs(there):
            names = " and ".join(name.replace("_", " ") for name in different)
            raise TrainingRefused(
                f"{self.root} holds a run with another {names}. Name another folder with --to, or remove this one."
            )
        if there.finished_at:
            raise TrainingRefused(f"The run in {self.root} is finished. Name another folder with --to to train again.")
        return there.model_copy(update={"resumed": there.resumed + 1, "processes": wanted.processes})

    def last_checkpoint(self) -> Path | None:
        """The newest that was written to its end; what a kill left half written is removed."""
        whole = [path for path in self._all() if state_of(path)]
        for path in self._all():
            if path not in whole:
                shutil.rmtree(path)
        return whole[-1] if whole else None

    def best_checkpoint(self) -> tuple[Path, dict[str, Any]]:
        """The checkpoint with the lowest held-out loss (the last one, if nothing was held out), and the run's state."""
        last = self.last_checkpoint()
        if last is None:
            raise TrainingRefused(f"{self.checkpoints} holds no checkpoint. Train again.")
        state = state_of(last)
        best = self.checkpoints / f"checkpoint-{state.get('best_global_step')}"
        return (best if state_of(best) else last), state

    def at_its_end(self, checkpoint: Path, patience: int) -> bool:
        """Whether nothing is left to train: all steps were taken, or the held-out loss no longer fell."""
        state = state_of(checkpoint)
        stopping = state.get("stateful_callbacks", {}).get("EarlyStoppingCallback", {})
        waited = stopping.get("attributes", {}).get("early_stopping_patience_counter", 0) if stopping else 0
        return bool(state["global_step"] >= state["max_steps"] or (patience and waited >= patience))

    def put(self, name: str, made: Path) -> Path:
        """A finished folder moved to its place in one step."""
        place = self.root / name
        if place.exists():
            shutil.rmtree(place)
        made.rename(place)
        return place

    def write_recipe(self, text: str) -> None:
        (self.root / RECIPE).write_text(text, encoding="utf-8")

    def _all(self) -> list[Path]:
        found = [path for path in self.checkpoints.glob("checkpoint-*") if path.name.split("-")[1].isdigit()]
        return sorted(found, key=lambda path: int(path.name.split("-")[1]))


def state_of(checkpoint: Path) -> dict[str, Any]:
    """The trainer's state, which is written last of all files; empty where it was not."""
    try:
        return dict(json.loads((checkpoint / STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
