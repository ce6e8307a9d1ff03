"""`greenroom finetune evaluate | publish`: what stands between a trained LoRA and the stage, as a creator types it."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.data_cli import plainly

if TYPE_CHECKING:
    from finetune.evaluation import Evaluation

Run = Annotated[Path, typer.Argument(help="The run's folder, or a folder with the files that peft wrote.")]
Data = Annotated[Path | None, typer.Option(help="The data set. [default: the one the run learnt from]")]
OnBase = Annotated[str | None, typer.Option("--base", help="The model to wear it on. [default: the run's]")]
ShelfFolder = Annotated[Path | None, typer.Option("--shelf", help="The shelf. [default: from settings, or shelf]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def add_to(app: typer.Typer) -> None:
    """Hangs the commands into the room's own."""
    app.command(epilog="Example: greenroom finetune evaluate mika.yaml runs/mika-lora --against runs/bram-lora")(
        evaluate
    )
    app.command(epilog="Example: greenroom finetune publish runs/mika --share 0.1")(publish)
    app.command(epilog="Example: greenroom finetune canary --promote mika/trial/v2")(canary)


def evaluate(
    persona: Annotated[Path, typer.Argument(help="The persona's YAML.")],
    run: Run,
    data: Data = None,
    base: OnBase = None,
    against: Annotated[list[Path] | None, typer.Option(help="Another character's run; may be said often.")] = None,
    shelf: ShelfFolder = None,
    each: Annotated[int, typer.Option(help="Replies to each question.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Of the dice.")] = 0,
    judge: Annotated[str, typer.Option(help="An engine of greenroom.yaml that is asked which reply is better.")] = "",
    as_json: AsJson = False,
) -> None:
    """Measure a LoRA before and after, against other characters' LoRAs, and write report.html. Exit 1: not passed."""
    with plainly():
        from rich.console import Console

        from finetune.evaluate_run import run as judged

        screen = Console(stderr=True)
        with screen.status("Reading …") as status:
            report = judged(
                persona,
                run,
                data=data,
                base=base,
                against=against or (),
                shelf=shelf_folder(shelf),
                seed=seed,
                each=each,
                judge=judge,
                tell=lambda what: status.update(f"Measuring {what} …"),
            )
    if as_json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        say(report, run)
    raise typer.Exit(not report.passed)


def say(report: "Evaluation", run: Path) -> None:
    """The verdict on stdout, each rule with what it found."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for check in report.checks:
        table.add_row("[green]✓[/green]" if check.passed else "[red]✗[/red]", check.name, check.says)
    screen = Console()
    screen.print(table)
    for remark in report.remarks:
        screen.print(f"[dim]{remark}[/dim]", highlight=False)
    verdict = "It may go on stage: greenroom finetune publish" if report.passed else "It may not go on stage."
    screen.print(f"{verdict}  {run / 'report.html'}", highlight=False)


def publish(
    run: Run,
    name: Annotated[str, typer.Option(help="Its name on the shelf. [default: the persona's id]")] = "",
    licence: Annotated[str, typer.Option(help="Under which terms it may be used.")] = "",
    share: Annotated[
        float, typer.Option(help="The share of conversations that wears it at first.", min=0, max=1)
    ] = 1.0,
    data: Data = None,
    shelf: ShelfFolder = None,
    as_json: AsJson = False,
) -> None:
    """Put a LoRA that passed its evaluation on the shelf; a running server picks it up by itself."""
    with plainly():
        from finetune.publish import publish as put

        shelved = put(run, shelf=shelf_folder(shelf), name=name, licence=licence, share=share, data=data)
    if as_json:
        typer.echo(json.dumps({"id": shelved.id, "folder": str(shelved.folder), "share": share}))
    else:
        typer.echo(shelved.id + (f" on trial with {share:.0%} of conversations" if share < 1 else ""))


def shelf_folder(named: Path | None) -> Path:
    """The one that is named, or the settings'."""
    from serving.settings import ServingSettings

    return named or ServingSettings.read().shelf


def canary(
    promote: Annotated[str, typer.Option(help="Give this version to everybody: mira/trial/v3.")] = "",
    back: Annotated[str, typer.Option(help="Take this version off.")] = "",
    data: Annotated[Path, typer.Option(help="The folder that holds the journal.")] = Path("data"),
    shelf: ShelfFolder = None,
    as_json: AsJson = False,
) -> None:
    """How LoRAs on trial do beside the versions before them; those that go worse are taken off."""
    from finetune.publish_canary import settled

    with plainly():
        rows = asyncio.run(settled(data, shelf_folder(shelf), promote=promote, back=back))
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo("  ".join(f"{name} {value}" for name, value in row.items()))
    if not rows:
        typer.echo("No LoRA is on trial. Publish one with: greenroom finetune publish RUN --share 0.1", err=True)
