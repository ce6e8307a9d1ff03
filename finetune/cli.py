"""`greenroom finetune …`: what a creator types."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from finetune import train_cli

app = typer.Typer(help="Teach a character from scripts, chat logs and what happened on stage.", no_args_is_help=True)


@app.callback()
def finetune() -> None:
    """Keeps the verbs apart even while there is only one."""


@app.command(epilog="Example: greenroom finetune classifier --train train.tsv --dev dev.tsv --labels labels.txt")
def classifier(
    train: Annotated[Path, typer.Option(help="Lines to learn from: text, tab, label numbers.", exists=True)],
    dev: Annotated[Path, typer.Option(help="Lines to be judged by, in the same layout.", exists=True)],
    labels: Annotated[
        Path, typer.Option(help="The labels' names, one a line, in the order of their numbers.", exists=True)
    ],
    to: Annotated[Path, typer.Option(help="Where the head goes; a report goes beside it.")] = Path("head.npz"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same head.")] = 0,
) -> None:
    """Train a head that reads labels off a text (feelings, harm), and say how well it does."""
    from finetune.classifier_run import run  # torch and scikit-learn take seconds to import
    from finetune.errors import FinetuneError
    from serving import ServingError

    try:
        figures = asyncio.run(run(train=train, dev=dev, labels=labels, to=to, seed=seed))
    except (FinetuneError, ServingError) as exc:
        typer.echo(f"Error: {exc}", err=True)
        raise typer.Exit(1) from exc
    typer.echo(json.dumps(figures.as_dict(), indent=2))


@app.command(epilog="Example: greenroom finetune data goring.yaml plays.jsonl --speaker 'Lord Goring' --to data/goring")
def data(
    persona: Annotated[Path, typer.Argument(help="The persona's YAML.")],
    files: Annotated[list[Path], typer.Argument(help="Plays, screenplays, chats: .txt .fountain .json .jsonl")],
    to: Annotated[Path, typer.Option(help="The folder for the data set.")],
    speaker: Annotated[str, typer.Option(help="The persona's name in the files. [the persona's name]")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Make a frozen data set from scripts and chats: cleaned, split by blocks, put into words as a live prompt is."""
    from finetune.data_run import run
    from finetune.errors import FinetuneError
    from personas import PersonaError

    try:
        sheet = run(persona, files, speaker=speaker, to=to)
    except (FinetuneError, PersonaError) as exc:
        typer.echo(f"Error: {exc}", err=True)
        raise typer.Exit(1) from exc
    told = {"hash": sheet.hash, "conversations": dict(sheet.conversations), "left_out": dict(sheet.left_out)}
    if as_json:
        typer.echo(json.dumps(told))
        return
    for part, count in sheet.conversations.items():
        typer.echo(f"{part:12}{count}")
    for reason, count in sheet.left_out.items():
        typer.echo(f"left out    {count}  {reason}")
    typer.echo(f"{to} ({sheet.hash})")


train_cli.add_to(app)
