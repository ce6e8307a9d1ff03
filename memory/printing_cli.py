"""What the memory commands print: lines for a person, JSON for a program; how far they are, on stderr."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import track

from personas import Recollection

T = TypeVar("T")


def progress(rows: Sequence[T], what: str) -> Iterable[T]:
    """The rows, with a bar on stderr while they are worked through."""
    return track(rows, what, console=Console(stderr=True), transient=True)


def print_memories(found: Sequence[Recollection], *, as_json: bool) -> None:
    rows: list[dict[str, object]] = [asdict(one) | {"at": one.at.isoformat()} for one in found]
    print_rows(rows, as_json=as_json, line="{at:.16}  {speaker_name}: {text}  [{id}]")


def print_rows(rows: Sequence[dict[str, object]], *, as_json: bool, line: str = "{persona}  {fan}  {memories}") -> None:
    """The result: JSON, or a line for each."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        typer.echo(line.format(**row))
    if not rows:
        typer.echo("Nothing is remembered.", err=True)
