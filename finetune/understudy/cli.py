"""`greenroom finetune understudy …`: train, evaluate and export the model that ships."""

import json
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

app = typer.Typer(help="The tiny model that ships with greenroom.", no_args_is_help=True)


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="The run's folder; a stopped run goes on.")] = Path("runs/understudy"),
    minutes: Annotated[float, typer.Option(min=0, help="How long to train.")] = 0.0,
    tokens: Annotated[int, typer.Option(min=0, help="Or how many tokens.")] = 0,
    size: Annotated[Literal["3m", "11m"], typer.Option(help="So many parameters.")] = "3m",
    batch: Annotated[int, typer.Option(min=1, help="Tokens in a batch.")] = 4096,
    rate: Annotated[float, typer.Option(help="The learning rate at its height.")] = 3e-3,
    optimiser: Annotated[Literal["muon", "adamw"], typer.Option(help="What takes the steps.")] = "muon",
    seed: Annotated[int, typer.Option(help="Of weights and corpus.")] = 1,
    drills: Annotated[bool, typer.Option(help="With copy drills.")] = True,
    prompt_weight: Annotated[float, typer.Option(help="What a word of the prompt counts in the loss.")] = 0.1,
    start: Annotated[Path | None, typer.Option(help="A model folder to begin from, with its tokeniser.")] = None,
    layers: Annotated[int, typer.Option(help="Give what it begins from so many layers.")] = 0,
    bf16: Annotated[bool, typer.Option(help="Compute in bfloat16; faster where the CPU has avx512_bf16.")] = False,
) -> None:
    """Train from nothing, or go on. Example: greenroom finetune understudy train --minutes 60"""
    from finetune.understudy.train import Plan
    from finetune.understudy.train import train as run

    if not (minutes or tokens):
        leave("say how long: --minutes 64, or --tokens 35000000.")
    if start is not None:
        existing(start)
    if layers < 0 or (layers and (start is None or layers < layers_of(start))):
        leave("--layers gives the model of --start more layers than it has, never fewer. Leave it out.")
    run(
        Plan(
            size=size,
            minutes=minutes,
            tokens=tokens,
            batch=batch,
            rate=rate,
            optimiser=optimiser,
            seed=seed,
            drills=drills,
            prompt_weight=prompt_weight,
            start=str(start or ""),
            layers=layers,
            bf16=bf16,
        ),
        out,
    )


@app.callback()
def understudy() -> None:
    """The tiny model that ships with greenroom."""


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Option(help="The model folder.")] = Path("serving/understudy"),
    count: Annotated[int, typer.Option(min=1, help="Questions for each skill.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the questions.")] = 11,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on stdout.")] = False,
    write: Annotated[bool, typer.Option(help="Write evaluation.json into the folder.")] = False,
) -> None:
    """Examine a model folder. Example: greenroom finetune understudy evaluate --count 200"""
    from rich.console import Console

    from finetune.understudy import evaluate as examining

    existing(folder)
    report = examining.evaluate(folder, count=count, seed=seed, console=Console(stderr=True))
    if write:
        examining.write(report, folder)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        Console().print(examining.table(report))


@app.command()
def export(
    run: Annotated[Path, typer.Option(help="The run's folder.")] = Path("runs/understudy"),
    folder: Annotated[Path, typer.Option(help="Where the model is served from.")] = Path("serving/understudy"),
    blend: Annotated[Path | None, typer.Option(help="The model that the run began with, to be mixed in.")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="How much of the blend is the run's.")] = 0.4,
) -> None:
    """Write a run's weights as bf16. Example: greenroom finetune understudy export --run runs/understudy"""
    from finetune.understudy.export import export as exporting

    existing(run / "model")
    if blend is not None:
        existing(blend)
    exporting(run, folder, blend=blend, share=share)
    typer.echo(f"{folder} holds the model.")


@app.command()
def read(
    folder: Annotated[Path, typer.Option(help="The model folder.")] = Path("serving/understudy"),
    count: Annotated[int, typer.Option(min=1, help="How many conversations.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the first one.")] = 0,
) -> None:
    """Print unpicked conversations to read. Example: greenroom finetune understudy read --count 50"""
    from finetune.understudy.dialogues import dialogues
    from finetune.understudy.exam import Understudy

    existing(folder)
    for dialogue in dialogues(Understudy(folder), count, first_seed=seed):
        typer.echo(dialogue.markdown() + "\n")


@app.command()
def card(
    run: Annotated[Path, typer.Option(help="The run's folder.")] = Path("runs/understudy"),
    folder: Annotated[Path, typer.Option(help="The model folder.")] = Path("serving/understudy"),
) -> None:
    """Write MODEL_CARD.md and its loss curve. Example: greenroom finetune understudy card --run runs/understudy"""
    from finetune.understudy.model_card import write

    existing(run, "run.json")
    existing(folder, "evaluation.json")
    write(run, folder)
    typer.echo(f"{folder / 'MODEL_CARD.md'} is written.")


def existing(folder: Path, file: str = "config.json") -> None:
    """Leaves with a sentence when there is no model in a folder, or not the `file` that is wanted there."""
    if not (folder / file).is_file():
        leave(f"there is no {folder / file}. Train first: greenroom finetune understudy train --minutes 64")


def layers_of(folder: Path) -> int:
    return int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"])


def leave(sentence: str) -> NoReturn:
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(1)
