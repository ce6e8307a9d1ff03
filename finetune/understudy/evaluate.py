"""Examines a model folder and writes what came out beside the weights: `python -m finetune.understudy evaluate`."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from finetune.understudy import exam, layout
from finetune.understudy.exam import Score, Speed, Understudy, Variety
from finetune.understudy.questions import SKILLS

TELLS = {skill: words for skill, (_, _, words) in SKILLS.items()} | {
    "voice": "register or catch-phrase recognisable",
    "broken": "loops or broken sentences",
}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the card says in numbers."""

    scores: tuple[Score, ...]
    variety: Variety
    speed: Speed
    seed: int
    layout: str
    weights: str

    def as_json(self) -> dict[str, object]:
        return {
            "seed": self.seed,
            "layout": self.layout,
            "weights": self.weights,
            "scores": [s.as_json() for s in (*self.scores, self.variety.broken)],
            "distinct_2": self.variety.distinct_2,
            "verbatim": self.variety.verbatim,
            "speed": asdict(self.speed),
        }


def evaluate(folder: Path, *, count: int, seed: int, console: Console) -> Report:
    """Every skill, `count` questions each ("are you human?" has 200)."""
    player = Understudy(folder)
    with bar(console) as progress:
        task = progress.add_task("Questions", total=count * (len(SKILLS) + 1) + min(count, 200))

        def advance(done: int) -> None:
            progress.advance(task, done)

        scores = scored(player, count, seed, advance)
        variety = exam.variety(player, count, seed=seed, progress=advance)
    return Report(scores, variety, exam.speed(player), seed, layout.layout_hash(), layout.weights_hash(folder))


def scored(player: Understudy, count: int, seed: int, advance: Callable[[int], None]) -> tuple[Score, ...]:
    skills = exam.skill_scores(player, count, seed=seed, progress=advance)
    return (*skills, exam.voice_score(player, count, seed=seed, progress=advance))


def bar(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console)


def table(report: Report) -> Table:
    """For a person: the figure, its interval, the target, and whether it is met."""
    shown = Table("", "measured", "95% interval", "target", "met")
    for score in (*report.scores, report.variety.broken):
        low, high = score.interval
        target = "" if score.target is None else f"{'<' if score.at_most else '>='} {score.target:.0%}"
        shown.add_row(
            TELLS[score.skill],
            f"{score.share:.1%} of {score.asked}",
            f"{low:.1%} to {high:.1%}",
            target,
            {True: "yes", False: "no", None: ""}[score.met],
        )
    shown.add_row("distinct pairs of words", f"{report.variety.distinct_2:.3f}", "", "", "")
    shown.add_row("replies that stand verbatim in the corpus", f"{report.variety.verbatim:.1%}", "", "", "")
    speed = report.speed
    shown.add_row(f"tokens/s, {speed.threads} threads", f"{speed.tokens_per_second:.0f}", "", ">= 60", "")
    shown.add_row(f"first token, {speed.prompt_tokens}-token prompt", f"{speed.first_token:.3f} s", "", "< 0.3 s", "")
    return shown


def write(report: Report, folder: Path) -> None:
    """`evaluation.json` beside the weights."""
    (folder / "evaluation.json").write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
