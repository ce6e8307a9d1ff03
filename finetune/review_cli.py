"""`greenroom finetune review …`: an operator reads what fans liked better before anything learns from it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.data_cli import AsJson, Data, note, plainly

if TYPE_CHECKING:
    from finetune.journal_opening import Lessons
    from finetune.reviewing import Liked
    from memory import Verdict
    from personas import Persona

app = typer.Typer(help="Replies that fans liked better, to be approved before a training.", no_args_is_help=True)
Who = Annotated[str, typer.Argument(help="The persona's id, or her YAML.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids as `list` shows them; their first letters will do.")]
All = Annotated[bool, typer.Option("--all", help="All that wait.")]
DATA = Path("data")


@app.command("list", epilog="Example: greenroom finetune review list mika --json")
def list_(
    persona: Who,
    everything: Annotated[bool, typer.Option("--everything", help="Also what was decided.")] = False,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """What waits: two replies and which was liked, or one with a thumb."""
    with plainly():
        shown = asyncio.run(all_liked(persona, data))
    shown = [one for one in shown if everything or one.verdict == "waiting"]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in shown], ensure_ascii=False, indent=2))
        return
    show(shown)


@app.command(epilog="Example: greenroom finetune review approve mika 3f2a 91bc")
def approve(persona: Who, ids: Ids = None, every: All = False, data: Data = DATA) -> None:
    """Let these be learnt."""
    with plainly():
        count = asyncio.run(decide(persona, data, ids or (), every=every, verdict="approved"))
    note(f"Approved: {count}.")


@app.command(epilog="Example: greenroom finetune review reject mika 3f2a")
def reject(persona: Who, ids: Ids = None, every: All = False, data: Data = DATA) -> None:
    """Don't let these be learnt; they won't be asked about again."""
    with plainly():
        count = asyncio.run(decide(persona, data, ids or (), every=every, verdict="rejected"))
    note(f"Rejected: {count}.")


@app.command(epilog="Example: greenroom finetune review walk mika")
def walk(persona: Who, data: Data = DATA) -> None:
    """One after the other: y approves, n rejects, s leaves it for later, q ends. Each answer is kept at once."""
    from rich.prompt import Prompt

    with plainly():
        waiting = [one for one in asyncio.run(all_liked(persona, data)) if one.verdict == "waiting"]
        for number, one in enumerate(waiting, 1):
            show([one])
            answer = Prompt.ask(f"{number} of {len(waiting)}. Learn this?", choices=["y", "n", "s", "q"], default="s")
            if answer == "q":
                break
            if answer != "s":
                verdict: Verdict = "approved" if answer == "y" else "rejected"
                asyncio.run(decide(persona, data, (one.id,), every=False, verdict=verdict))
    if not waiting:
        note("Nothing waits.")


@app.command(epilog="Example: greenroom finetune review export mika.yaml --to data/mika-likings")
def export(
    persona: Who,
    to: Annotated[Path, typer.Option(help="The folder for preferences.jsonl (DPO) and thumbs.jsonl (KTO).")],
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """Write what was approved as rows for `--recipe dpo` and `--recipe kto`."""
    from finetune.reviewing import write

    with plainly():
        approved = [one for one in asyncio.run(all_liked(persona, data)) if one.verdict == "approved"]
        counts, report = write(to, approved)
    if as_json:
        typer.echo(json.dumps({"rows": counts, "left_out": dict(report.left_out)}))
        return
    for name, count in counts.items():
        typer.echo(f"{count:6}  {to / name}")
    for reason, count in report.left_out.items():
        typer.echo(f"{count:6}  left out: {reason}")


@asynccontextmanager
async def opened(persona: str, data: Path) -> "AsyncIterator[tuple[Lessons, Persona, Path]]":
    """The lessons of a data folder, and the persona, by her file or by her id in the cast."""
    from finetune.journal_opening import cast_member, opened_lessons

    who, file = cast_member(persona)
    async with opened_lessons(data) as lessons:
        yield lessons, who, file


async def all_liked(persona: str, data: Path) -> "list[Liked]":
    """Everything fans liked better, in masked words."""
    from finetune.journal_opening import staged
    from finetune.reviewing import liked

    async with opened(persona, data) as (lessons, who, file):
        maker = staged(who, file)
        return [liked(review, maker) for review in await lessons.reviews(who.id)]


async def decide(persona: str, data: Path, ids: Sequence[str], *, every: bool, verdict: "Verdict") -> int:
    """Keeps a verdict on each; an id that means none, or several, is an error and nothing is decided."""
    from finetune.reviewing import meant

    async with opened(persona, data) as (lessons, who, _):
        chosen = meant(await lessons.reviews(who.id), ids, every=every)
        for one in chosen:
            await lessons.decide(who.id, one, verdict)
        return len(chosen)


def show(shown: "Sequence[Liked]") -> None:
    """A panel for each: what was said, what was liked, what was not."""
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.text import Text

    console = Console()
    for one in shown:
        lines = [Text(one.asked[-400:], style="dim")]
        lines += [Text(f"👍 {one.chosen}", style="green")] if one.chosen is not None else []
        lines += [Text(f"👎 {one.rejected}", style="red")] if one.rejected is not None else []
        console.print(Panel(Group(*lines), title=f"{one.id[:8]}  {one.kind}  {one.verdict}", title_align="left"))
    if not shown:
        note("Nothing waits.")
