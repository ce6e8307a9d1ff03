"""What does each augmentation gain? One character, one recipe, the same held-out lines; only what is added differs.

    python -m benchmarks.augmentations                              # every option, three seeds; an hour on quiet cores
    python -m benchmarks.augmentations --seeds 1 --epochs 0.1 --only plain protective        # a look

Paraphrases need an engine that can say things in other words, so they are measured only where one is named (--engine).
Lower is better for gain (nats per held-out token against the prompt alone), breaks and forgetting.
"""

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.finetune import CARDS, PLAYS, Run, judged, persona_of, pooled, show, split_by
from finetune.augmenting import Augmenting, augmented
from finetune.cleaning import clean
from finetune.conversation import conversations
from finetune.data_cli import More, paraphraser
from finetune.dataset import DatasetSheet, write_dataset
from finetune.ensemble import company
from finetune.evaluate_statistics import mean
from finetune.readers import read_file
from finetune.recipe import Recipe
from finetune.recipe_file import read_recipe
from finetune.splitting import split
from finetune.train_run import train_run

OPTIONS: Mapping[str, Mapping[str, float]] = {
    "plain": {},
    "less context": {"less_context": 0.3},
    "protective": {"protective": 0.15},
    "replay": {"replay": 0.15},
    "ensemble": {"ensemble": 1.0},
    "all four": {"less_context": 0.3, "protective": 0.15, "replay": 0.15, "ensemble": 1.0},
}
SHOWN = ("gain", "identified_lora", "breaks_prompt", "breaks_lora", "forgetting", "distinct_2_ratio", "copied_lora")


def main() -> None:
    """Trains one LoRA for each option and seed, and prints a row for each option."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--character", default="Lord Goring", choices=list(CARDS))
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--recipe", default="understudy")
    asked.add_argument("--epochs", type=float, default=None)
    asked.add_argument("--each", type=int, default=3, help="replies to each question")
    asked.add_argument("--engine", default="", help="an engine of greenroom.yaml that paraphrases")
    asked.add_argument("--only", nargs="+", choices=[*OPTIONS, "paraphrase"], default=[])
    said = asked.parse_args()
    recipe = read_recipe(said.recipe, changes=[f"epochs={said.epochs}"] if said.epochs else [])
    options = [*OPTIONS, *(["paraphrase"] if said.engine else [])]
    found = {}
    with TemporaryDirectory() as workshop:
        for option in said.only or options:
            runs = [
                taught(said.character, option, seed, recipe, Path(workshop), said.engine) for seed in range(said.seeds)
            ]
            measured = [judged(run, [], said.each) for run in runs]
            figures = pooled(measured)
            for name in SHOWN:
                values = [one.evaluation.figures[name].value for one in measured if name in one.evaluation.figures]
                if name not in figures and values:
                    figures[name] = mean(values, [str(seed) for seed in range(len(values))])
            found[option] = figures
    show(found, SHOWN)


def taught(who: str, option: str, seed: int, recipe: Recipe, workshop: Path, engine: str) -> Run:
    """The LoRA of one option; what is held out must be the same as without it."""
    name = option.replace(" ", "-")
    data, folder = workshop / f"data-{name}-{seed}", workshop / f"run-{name}-{seed}"
    plain, sheet = (made(who, seed, to, one, engine) for to, one in ((workshop / "plain", "plain"), (data, option)))
    assert all(plain.hashes[part] == sheet.hashes[part] for part in ("validation", "test")), "held out differs"
    train_run(persona_of(who), data=data, recipe=recipe, to=folder, seed=seed)
    return Run(who, seed, data, folder)


def made(who: str, seed: int, to: Path, option: str, engine: str) -> DatasetSheet:
    """The character's lines, with what the option adds."""
    persona, lines = persona_of(who), read_file(PLAYS)
    others = sorted({line.speaker for line in lines} - {who})
    kept, report = clean([split_by(one, seed) for one in conversations(lines, who)], others=others)
    kept = split(kept)
    paraphrasing = paraphraser(More(paraphrase=engine)) if option == "paraphrase" else None
    wanted = Augmenting(**OPTIONS.get(option, {}), paraphrasing=paraphrasing, seed=seed)
    beside = {name: [split_by(one, seed) for one in said] for name, said in company(lines, who).items()}
    added = asyncio.run(augmented(kept, persona, who, wanted, beside))
    return write_dataset(to, [*kept, *added], persona, who, report)


if __name__ == "__main__":
    main()
