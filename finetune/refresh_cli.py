"""`greenroom finetune refresh`: the loop once, or every so often, until it is stopped."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.data_cli import AsJson, Data, More, fail, note, plainly

if TYPE_CHECKING:
    from finetune.refresh import Loop, Outcome, Round

SPAN = re.compile(r"(?P<number>\d+)(?P<unit>[mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def add_to(app: typer.Typer) -> None:
    """Hangs the command into the room's own."""
    app.command(epilog="Example: greenroom finetune refresh mika.yaml plays.txt --recipe lora --every 7d")(refresh)


def refresh(
    persona: Annotated[Path, typer.Argument(help="The persona's YAML.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Scripts and chats, as for `finetune data`.")] = None,
    data: Data = Path("data"),
    recipe: Annotated[str, typer.Option(help="A shipped recipe's name, or a YAML file.")] = "lora",
    base: Annotated[str, typer.Option(help="The model to teach. [the recipe's]")] = "",
    shelf: Annotated[Path | None, typer.Option(help="Where it is published. [from settings, or shelf]")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Of conversations that wear it at first.")] = 1.0,
    home: Annotated[Path, typer.Option(help="Where rounds are kept.")] = Path("runs/refresh"),
    every: Annotated[str, typer.Option(help="Again and again: 12h, 7d, 2w. [once]")] = "",
    speaker: Annotated[str, typer.Option(help="The persona's name in the files. [the persona's name]")] = "",
    changes: Annotated[list[str] | None, typer.Option("--set", help="Change one key of the recipe.")] = None,
    less_context: Annotated[float, typer.Option(min=0, max=1, help="As for `finetune data`.")] = 0.2,
    protective: Annotated[float, typer.Option(min=0, max=1, help="As for `finetune data`.")] = 0.1,
    replay: Annotated[float, typer.Option(min=0, max=1, help="As for `finetune data`.")] = 0.15,
    ensemble: Annotated[float, typer.Option(min=0, max=4, help="As for `finetune data`.")] = 0,
    seed: Annotated[int, typer.Option(help="Of data, weights and order.")] = 0,
    status: Annotated[bool, typer.Option("--status", help="Only say how the last round went.")] = False,
    as_json: AsJson = False,
) -> None:
    """Data, train, evaluate, publish; stops at the gate. A round that was killed, or failed, goes on where it was."""
    with plainly():
        from finetune.refresh import Loop
        from finetune.refresh_steps import Wish, steps
        from finetune.train_cli import read
        from personas import load
        from serving.settings import ServingSettings

        wish = Wish(
            persona=persona,
            files=tuple(files or ()),
            data=data,
            shelf=shelf or ServingSettings.read().shelf,
            recipe=read(recipe, base, changes),
            more=More(less_context, protective, replay, seed=seed, ensemble=ensemble),
            speaker=speaker,
            share=share,
            seed=seed,
        )
        loop = Loop(home / load(persona).id, steps(wish, tell=lambda what: note(f"  {what} …")), tell=told)
        last = loop.last() if status else asyncio.run(again_and_again(loop, span(every) if every else None))
    say(last, as_json=as_json)
    if last is not None and any(one.state == "failed" for one in last.outcomes.values()):
        raise typer.Exit(1)


async def again_and_again(
    loop: "Loop",
    every: timedelta | None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> "Round":
    """One round; with `every`, one after the other, each so long after the last began. A restart keeps the rhythm."""
    while True:
        last = loop.last()
        if every is not None and last is not None and loop.is_over(last):
            due = datetime.fromisoformat(last.began_at) + every
            if (wait := (due - now()).total_seconds()) > 0:
                note(f"The next round begins at {due:%Y-%m-%d %H:%M} UTC.")
                await sleep(wait)
        done = await loop.run()
        if every is None:
            return done
        if not loop.is_over(done):
            await sleep(min(every.total_seconds(), 3600))  # what failed may be mended by then


def span(typed: str) -> timedelta:
    """`12h`, `7d`: how long that is."""
    found = SPAN.fullmatch(typed.strip())
    if found is None or not int(found["number"]):
        fail(f"--every {typed}: say it as 30m, 12h, 7d or 2w.", ValueError(typed))
    return timedelta(**{UNITS[found["unit"]]: int(found["number"])})


def told(step: str, outcome: "Outcome | None") -> None:
    """What happens now, on stderr."""
    note(f"{step} …" if outcome is None else f"{step}: {outcome.state}. {outcome.says}")


def say(last: "Round | None", *, as_json: bool) -> None:
    """How the round went, on stdout."""
    if as_json:
        found = last.outcomes.items() if last else ()
        steps = {name: {"state": one.state, "says": one.says, "at": one.at, **one.facts} for name, one in found}
        typer.echo(json.dumps({"folder": str(last.folder) if last else None, "steps": steps}, ensure_ascii=False))
        return
    if last is None:
        note("There was no round yet.")
        return
    for name, outcome in last.outcomes.items():
        typer.echo(f"{name:10}{outcome.state:9}{outcome.says}")
    typer.echo(str(last.folder))
