"""`greenroom lora evaluate`: a persona on a quantised base beside the full one, through the engines that serve both.

It hangs beside the shelf's own commands (`bots/cli.py` puts it there), and lives here because it needs the suite.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.data_cli import AsJson, plainly
from personas.cli import Folders, cast_of

if TYPE_CHECKING:
    from finetune.evaluate_engines import Row
    from finetune.evaluate_engines_run import Comparison
    from personas import Persona

app = typer.Typer(add_completion=False)
Share = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="Exit 1 if a share gets worse by more than this, and by no chance: breaks, loops, variety …"
    ),
]


@app.command(epilog="Example: greenroom lora evaluate mika --engine gpu-fp8 --against gpu --run runs/mika-lora")
def evaluate(
    persona: Annotated[str, typer.Argument(help="A persona's id, or its YAML.")],
    engine: Annotated[str, typer.Option(help="The engine to judge, by its name in greenroom.yaml.")],
    against: Annotated[str, typer.Option(help="The engine on the full base; left out: the persona's.")] = "",
    lora: Annotated[str, typer.Option(help="What both wear, such as mika/v2; left out: the persona's.")] = "",
    run: Annotated[Path | None, typer.Option(help="The LoRA's run; left out: the persona's newest in runs/.")] = None,
    data: Annotated[Path | None, typer.Option(help="The data set; left out: the run's.")] = None,
    rival: Annotated[list[Path] | None, typer.Option(help="Another character's run, to be told from.")] = None,
    each: Annotated[int, typer.Option(help="Replies to each question.", min=1)] = 3,
    tokens: Annotated[int, typer.Option(help="The longest reply.", min=1)] = 96,
    at_once: Annotated[int, typer.Option(help="Questions asked at a time.", min=1)] = 4,
    seed: Annotated[int, typer.Option(help="Of the dice.")] = 0,
    at_most_worse: Share = None,
    personas: Folders = None,
    as_json: AsJson = False,
) -> None:
    """Compare a persona on two engines, such as a quantised base and the full one, by what it says on each.

    Both get the same questions, LoRA and seeds. Likelihoods are not covered: engines give words and no odds.
    """
    with plainly():
        from rich.console import Console

        from finetune.evaluate_engines_run import Wish
        from finetune.evaluate_engines_run import run as compared
        from finetune.evaluate_questions import data_for
        from serving.settings import ServingSettings

        played = found(persona, personas)
        wish = Wish(
            persona=played,
            engine=engine,
            against=against or played.plays.engine,
            lora=lora or played.plays.lora,
            data=data_for(played, data=data, run=run),
            rivals=tuple(rival or ()),
            each=each,
            tokens=tokens,
            at_once=at_once,
            seed=seed,
        )
        with Console(stderr=True).status("Reading …") as status:
            comparison = asyncio.run(compared(wish, ServingSettings.read(), tell=status.update))
    worse = comparison.worse(at_most_worse) if at_most_worse is not None else ()
    if as_json:
        typer.echo(comparison.model_dump_json(indent=1))
    else:
        say(comparison, worse)
    raise typer.Exit(bool(worse))


def found(persona: str, folders: list[Path] | None) -> "Persona":
    """The persona of a file, or of the cast."""
    from personas import load

    return load(Path(persona)) if Path(persona).is_file() else cast_of(folders).get(persona)


def say(comparison: "Comparison", worse: tuple["Row", ...]) -> None:
    """The figures of both side by side, what follows from them, and what they do not say."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in (comparison.against, comparison.engine, "difference", "95%", "p"):
        table.add_column(title, justify="right")
    for row in comparison.rows:
        table.add_row(*cells(row), style="bold" if row.sure else "")
    screen = Console()
    screen.print(table)
    for remark in (*comparison.remarks, comparison.not_covered):
        screen.print(f"[dim]{remark}[/dim]", highlight=False)
    screen.print(comparison.verdict, highlight=False)
    for row in worse:
        screen.print(f"[red]✗[/red] {row.name}: worse by {row.worse_by:.3f}", highlight=False)


def cells(row: "Row") -> tuple[str, ...]:
    """A row of the table; what was not tested has no p."""
    gap = row.difference
    between = "" if gap.low is None or gap.high is None else f"{gap.low:+.3f} … {gap.high:+.3f}"
    p = "" if gap.p is None else f"{gap.p:.2g}"
    return row.name, f"{row.against:.3f}", f"{row.engine:.3f}", f"{gap.value:+.3f}", between, p
