"""`greenroom finetune …`: what a creator types."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from finetune import data_cli, evaluate_cli, refresh_cli, review_cli, train_cli, variant_cli
from finetune.understudy import cli as understudy_cli

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


data_cli.add_to(app)
train_cli.add_to(app)
evaluate_cli.add_to(app)
refresh_cli.add_to(app)
variant_cli.add_to(app)
app.add_typer(review_cli.app, name="review")
app.add_typer(understudy_cli.app, name="understudy")
