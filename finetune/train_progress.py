"""A run as somebody watches it: a bar, the rate, both losses and their curve; lines where there is no terminal."""

import json
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text
from transformers import TrainerCallback

from finetune.train_curve import best_look, braille, draw, held_out, learnt, smoothed
from finetune.train_record import HISTORY, PICTURE, RunRecord, write_whole

WIDTH, HEIGHT = 60, 6
SECONDS_BETWEEN = {"history": 2.0, "picture": 20.0}


class Watching(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Tells the console, and keeps history.json and loss.png up to date; in the first process only."""

    def __init__(self, record: RunRecord, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._console = console
        self._clock = clock
        self._written = dict.fromkeys(SECONDS_BETWEEN, float("-inf"))
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._task = self._bar.add_task("Learning")
        self._live = Live(console=console, refresh_per_second=2, transient=True)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._bar.update(self._task, total=state.max_steps, completed=state.global_step)
        if state.is_world_process_zero and self._console.is_terminal:
            self._live.start()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        self._bar.update(self._task, completed=state.global_step)
        if self._console.is_terminal:
            self._live.update(Group(self._bar, *curve(state.log_history)))
        if "eval_loss" in logs:
            self._console.print(said(state), highlight=False)
        self._keep(state, now="eval_loss" in logs)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            self._live.stop()
            self.keep_all(state.log_history)

    def keep_all(self, history: list[dict[str, Any]]) -> None:
        """The history and its picture, as they are now."""
        write_whole(self._record.folder / HISTORY, json.dumps(history, indent=0) + "\n")
        title = f"{self._record.persona}: {self._record.recipe['name']}"
        draw(history, self._record.folder / PICTURE, title=title)

    def _keep(self, state: Any, *, now: bool) -> None:
        """At each look the picture too, but neither so often that it would slow the run."""
        if self._due("history") or now:
            write_whole(self._record.folder / HISTORY, json.dumps(state.log_history, indent=0) + "\n")
        if now and self._due("picture"):
            self.keep_all(state.log_history)

    def _due(self, what: str) -> bool:
        due = self._clock() - self._written[what] >= SECONDS_BETWEEN[what]
        if due:
            self._written[what] = self._clock()
        return due


def said(state: Any) -> str:
    """One line at a look: where it is, both losses, and whether this is the best so far."""
    (step, loss), *_ = held_out(state.log_history[-1:])
    own = smoothed(learnt(state.log_history))
    best = "  best so far" if best_look(state.log_history) == (step, loss) else ""
    return f"step {step}/{state.max_steps}  learnt {own[-1][1] if own else 0:.3f}  held out {loss:.3f}{best}"


def curve(history: list[dict[str, Any]]) -> list[Text]:
    """The smoothed loss as braille, with its highest and lowest value."""
    points = smoothed(learnt(history))
    lines = braille(points, width=WIDTH, height=HEIGHT)
    values = [loss for _, loss in points]
    ends = {0: max(values, default=0), len(lines) - 1: min(values, default=0)}
    return [
        Text(f"{ends[row]:8.3f} {line}" if row in ends else f"{'':8} {line}", style="magenta")
        for row, line in enumerate(lines)
    ]
