"""Is a LoRA from a play better than the card alone? Three characters of ../shared/data/pd_plays, three seeds.

    make bench-finetune        # all of it on the understudy; an hour on two quiet cores
    python -m benchmarks.finetune --seeds 1 --epochs 1 --characters 'Lord Goring' Higgins      # a look

Each seed splits the blocks anew and trains anew, so the held-out lines of three seeds are about 30% of a role. Rivals
are the other characters' LoRAs of the same seed. Figures are over the blocks of all seeds, with 95% intervals.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from finetune.augmenting import Augmenting, augmented
from finetune.candidate import candidate
from finetune.cleaning import clean
from finetune.conversation import Conversation, conversations
from finetune.dataset import read_part, write_dataset
from finetune.ensemble import company
from finetune.evaluate_dresser import Dresser, Likelihood
from finetune.evaluate_likely import Lines
from finetune.evaluate_lines import genuine, replies, tellable
from finetune.evaluate_statistics import Figure, mean
from finetune.evaluate_suite import Bench, Measured, Rival, evaluate
from finetune.readers import read_file
from finetune.recipe import Recipe
from finetune.recipe_file import read_recipe
from finetune.splitting import split
from finetune.train_run import train_run
from personas import Persona

PLAYS = Path(__file__).parents[2] / "shared" / "data" / "pd_plays" / "lines.jsonl"
CARDS = {
    "Lord Goring": "Lord Goring is an idle London dandy who hides good sense behind paradoxes.",
    "Higgins": "Higgins is a professor of phonetics, brilliant, rude and full of himself.",
    "Raina": "Raina is a romantic young Bulgarian lady who dreams of heroes.",
}
REPLAY, ENSEMBLE = 0.15, 1.0
SHOWN = ("nll_base", "nll_prompt", "nll_lora", "gain", "swap_margin", "identified_prompt", "identified_lora",
         "forgetting", "copied_lora")  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One character under one seed: its data, its LoRA, and once all have theirs, its measurement."""

    who: str
    seed: int
    data: Path
    folder: Path


def main() -> None:
    """Trains, measures, prints a table; JSON where --to says."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--characters", nargs="+", default=list(CARDS))
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--base", default="", help="a model's folder or hub name; empty: the understudy")
    asked.add_argument("--recipe", default="understudy")
    asked.add_argument("--epochs", type=float, default=None)
    asked.add_argument("--each", type=int, default=3, help="replies to each question")
    asked.add_argument("--to", type=Path, help="write the figures there as JSON")
    said = asked.parse_args()
    changes = [f"base={json.dumps(said.base)}"] if said.base else []
    recipe = read_recipe(said.recipe, changes=[*changes, *([f"epochs={said.epochs}"] if said.epochs else [])])
    with TemporaryDirectory() as workshop:
        measured: list[tuple[Run, Measured]] = []
        for seed in range(said.seeds):  # each seed is told as soon as it is there: an hour is long
            runs = [taught(who, seed, recipe, Path(workshop)) for who in said.characters]
            measured += [(run, judged(run, runs, said.each)) for run in runs]
            found = {who: pooled([one for run, one in measured if run.who == who]) for who in said.characters}
            show(found, title=f"after {seed + 1} of {said.seeds} seeds")
            if said.to:
                said.to.write_text(json.dumps({who: told(figures) for who, figures in found.items()}, indent=1) + "\n")


def persona_of(who: str) -> Persona:
    return Persona(id=who.lower().replace(" ", "-"), name=who, who=CARDS.get(who, f"{who} is a character in a comedy."))


def taught(who: str, seed: int, recipe: Recipe, workshop: Path) -> Run:
    """A data set split by this seed, and a LoRA trained on it."""
    persona, lines = persona_of(who), read_file(PLAYS)
    others = sorted({line.speaker for line in lines} - {who})
    kept, report = clean([split_by(one, seed) for one in conversations(lines, who)], others=others)
    kept = split(kept)
    beside = {name: [split_by(one, seed) for one in said] for name, said in company(lines, who).items()}
    wanted = Augmenting(replay=REPLAY, ensemble=ENSEMBLE, seed=seed)
    added = asyncio.run(augmented(kept, persona, who, wanted, beside))
    data, folder = workshop / f"data-{persona.id}-{seed}", workshop / f"run-{persona.id}-{seed}"
    write_dataset(data, [*kept, *added], persona, who, report)
    train_run(persona, data=data, recipe=recipe, to=folder, seed=seed)
    return Run(who, seed, data, folder)


def split_by(one: Conversation, seed: int) -> Conversation:
    """The same block under another name falls into another part."""
    return replace(one, block=f"{one.block}#{seed}")


def judged(run: Run, runs: Sequence[Run], each: int) -> Measured:
    """The whole suite, against the other characters' LoRAs of this seed, `runs`."""
    one = candidate(run.folder)
    rivals = tuple(
        Rival(persona_of(other.who).id, candidate(other.folder).lora, lines_of(other))
        for other in runs
        if other.who != run.who
    )  # fmt: skip
    bench = Bench(persona_of(run.who), run.data, rivals, seed=run.seed, each=each)
    console = Console(stderr=True)
    console.print(f"{run.who}, seed {run.seed}", style="bold")
    base = Dresser(one.base)
    return evaluate(one, base, bench, now=datetime.now(UTC), tell=lambda what: console.print(f"  measuring {what}"))


def lines_of(run: Run) -> tuple[str, ...]:
    """Real lines of a rival, for the ear."""
    return tuple(tellable(replies(genuine(read_part(run.data, "train")))))


def pooled(measured: Sequence[Measured]) -> dict[str, Figure]:
    """One set of figures over all seeds: lines by their blocks, the other figures as means over seeds."""
    scores = [score for one in measured for score in one.scores]
    rivals = sorted(name for name in scores[0] if name.startswith("rival_"))
    tokens = np.array([score["tokens"] for score in scores], dtype=float)

    def nats(name: str) -> Likelihood:
        return Likelihood(np.array([score[name] for score in scores], dtype=float), tokens)

    lines = Lines(
        bare=nats("base"),
        prompted=nats("prompt"),
        own=nats("lora"),
        rivals={name.removeprefix("rival_"): nats(name) for name in rivals},
        blocks=tuple(str(score["block"]).rsplit("#", 1)[0] for score in scores),
    )
    return lines.figures(0) | dict(over_seeds(measured))


def over_seeds(measured: Sequence[Measured]) -> Iterator[tuple[str, Figure]]:
    """Means of what has no lines to pool, each seed a block."""
    for name in ("identified_prompt", "identified_lora", "forgetting", "copied_lora", "distinct_2_ratio"):
        found = [one.evaluation.figures[name] for one in measured]
        yield name, mean([figure.value for figure in found], [str(seed) for seed in range(len(found))])


def show(found: dict[str, dict[str, Figure]], shown: Sequence[str] = SHOWN, *, title: str = "") -> None:
    """Characters down, figures across; the interval below each."""
    table = Table(box=None, header_style="bold", title=title)
    for column in ("", *shown):
        table.add_column(column.replace("_", " "))
    for who, figures in found.items():
        table.add_row(who, *(cell(figures.get(name)) for name in shown))
    Console().print(table)


def cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    interval = "" if figure.low is None else f"\n[{figure.low:.3f}, {figure.high:.3f}]"
    return f"{figure.value:.3f}{interval}"


def told(figures: dict[str, Figure]) -> dict[str, object]:
    return {name: [figure.value, figure.low, figure.high, figure.items, figure.blocks, figure.p]
            for name, figure in figures.items()}  # fmt: skip


if __name__ == "__main__":
    main()
