"""`greenroom finetune train | find-lr | search`: what a creator types to teach a model."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.data_cli import plainly

if TYPE_CHECKING:
    from finetune.recipe import Recipe

Who = Annotated[Path, typer.Argument(help="The persona's YAML.")]
DataSet = Annotated[
    Path, typer.Option(help="The folder that `finetune data` wrote; for dpo and kto a JSONL of preferences.")
]
Named = Annotated[str, typer.Option("--recipe", help="A shipped recipe's name, or a YAML file.")]
BaseModel = Annotated[str, typer.Option(help="The model to teach: a folder or a hub name. [the recipe's]")]
To = Annotated[Path | None, typer.Option(help="The run's folder. [default: runs/<persona>-<recipe>]")]
Seed = Annotated[int, typer.Option(help="Of weights, order and noise.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="Change one key: --set optimiser.rate=1e-3")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def add_to(app: typer.Typer) -> None:
    """Hangs the commands into the room's own."""
    app.command(epilog="Example: greenroom finetune train mika.yaml --data data/mika --recipe understudy")(train)
    app.command(epilog="Example: greenroom finetune find-lr mika.yaml --data data/mika --recipe lora")(find_lr)
    app.command(epilog="Example: greenroom finetune search mika.yaml --data data/mika --recipe lora")(search)
    app.command(epilog="Example: greenroom finetune recipes --json")(recipes)


def train(
    persona: Who,
    data: DataSet,
    recipe: Named = "lora",
    base: BaseModel = "",
    to: To = None,
    seed: Seed = 0,
    begin_with: Annotated[Path | None, typer.Option("--from", help="A run or LoRA to go on from.")] = None,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Teach a model a persona's words. A run that was stopped goes on by the same command; several GPUs: accelerate."""
    with plainly():
        settings = read(recipe, base, changes)
        from finetune.train_run import train_run  # torch and trl take seconds to import

        record = train_run(
            persona,
            data=data,
            recipe=settings,
            to=folder(to, persona, settings),
            seed=seed,
            began_with=begin_with,
            command=shlex.join(["greenroom", *sys.argv[1:]]),
        )
    if record.finished_at:  # of several processes only the first one has something to tell
        typer.echo(record.model_dump_json() if as_json else record.told())


def find_lr(
    persona: Who,
    data: DataSet,
    recipe: Named = "lora",
    base: BaseModel = "",
    to: To = None,
    seed: Seed = 0,
    steps: Annotated[int, typer.Option(help="How many rates to try, from low to high.")] = 60,
    low: Annotated[float, typer.Option(help="The first rate.")] = 1e-6,
    high: Annotated[float, typer.Option(help="The last rate.")] = 1.0,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Try every learning rate for one step each, draw the losses, and name the rate to begin with."""
    with plainly():
        settings = read(recipe, base, changes)
        from finetune.train_rate import Sweep, find_rate

        place = folder(to, persona, settings)
        found = find_rate(
            persona, data=data, recipe=settings, to=place, seed=seed, sweep=Sweep(steps=steps, low=low, high=high)
        )
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        typer.echo(f"{found.rate:.1e}  (falls fastest at {found.steepest:.1e}; {found.picture})")


def search(
    persona: Who,
    data: DataSet,
    recipe: Named = "lora",
    base: BaseModel = "",
    to: To = None,
    seed: Seed = 0,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Try values of the recipe's ranges, cut hopeless ones short, and write the best as a recipe. Can be stopped."""
    with plainly():
        settings = read(recipe, base, changes)
        from finetune.train_search import search_run

        place = folder(to, persona, settings, suffix="-search")
        found = search_run(persona, data=data, recipe=settings, to=place, seed=seed)
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        values = ", ".join(f"{key} {value}" for key, value in found.values.items())
        typer.echo(f"{found.recipe}  held-out loss {found.loss:.3f} with {values}")


def recipes(as_json: AsJson = False) -> None:
    """The shipped recipes, each with what it is for."""
    from finetune.recipe_file import SHIPPED, names

    lines = {name: (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[1] for name in names()}
    if as_json:
        typer.echo(json.dumps({name: line.removeprefix("# ") for name, line in lines.items()}))
        return
    for name, line in lines.items():
        typer.echo(f"{name:12}{line.removeprefix('# ')}")


def read(recipe: str, base: str, changes: list[str] | None) -> "Recipe":
    """The recipe with what the command line changes in it."""
    from finetune.recipe_file import read_recipe

    return read_recipe(recipe, changes=[*(changes or []), *([f"base={json.dumps(base)}"] if base else [])])


def folder(to: Path | None, persona: Path, recipe: "Recipe", suffix: str = "") -> Path:
    return to or Path("runs") / f"{persona.stem}-{recipe.name}{suffix}"
