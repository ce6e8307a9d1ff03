"""What an operator does with community cards at the command line: take them in, give them back, explain them."""

import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import structlog
import typer

from personas.card_errors import CardError
from personas.card_export import Form, export
from personas.card_import import import_file
from personas.card_rules import read_rules
from personas.cast import ENDINGS, SHIPPED, Cast
from personas.errors import PersonaError, PersonaUnknown
from personas.lore_scene import SHARE, Lorekeeper
from personas.lore_transcript import read_transcript
from personas.persona_file import load
from personas.scene import COMPARED

Near = Callable[[Mapping[str, str], str], Collection[str] | None]
"""Texts by their keys, and words: the keys of the texts that are near; None if it can't be told. The front door,
which knows the memory's encoder, hands it in as the commands' `obj`."""

app = typer.Typer()


class As(StrEnum):
    """The forms a card can be exported in."""

    V2_JSON = "v2-json"
    V3_JSON = "v3-json"
    V3_PNG = "v3-png"
    CHARX = "charx"


FORMS: dict[As, Form] = {
    As.V2_JSON: "v2-json",
    As.V3_JSON: "v3-json",
    As.V3_PNG: "v3-png",
    As.CHARX: "charx",
}
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command("import", epilog="Example: greenroom persona import seraphina.png --into my-cast")
def import_(
    file: Annotated[Path, typer.Argument(help="A card (PNG, JSON, CharX, JPEG, WEBP), a lorebook, or another format.")],
    into: Annotated[Path, typer.Option("--into", help="The folder of personas to add it to.")] = Path("personas"),
    as_json: AsJson = False,
) -> None:
    """Take in a community card; every repair of a damaged one is named."""
    with plain_errors():
        imported = import_file(file, into)
    if as_json:
        typer.echo(json.dumps({**asdict(imported), "file": str(into / imported.file)}, ensure_ascii=False, indent=2))
        return
    typer.echo(into / imported.file)
    for repair in imported.repairs:
        typer.echo(f"Mended: {repair}.", err=True)
    for note in imported.notes:
        typer.echo(f"Note: {note}.", err=True)


@app.command("export", epilog="Example: greenroom persona export seraphina --personas my-cast --to seraphina.png")
def export_(
    persona_id: Annotated[str, typer.Argument(metavar="ID", help="Whom to export.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    personas: Annotated[
        list[Path] | None,
        typer.Option("--personas", envvar="GREENROOM_PERSONAS", help="A folder of your own personas."),
    ] = None,
    form: Annotated[
        As | None, typer.Option("--as", help="Another version or container; left out: as it was imported.")
    ] = None,
) -> None:
    """Make a card of a persona; an imported one that nobody changed comes out byte for byte as it went in."""
    with plain_errors():
        exported = export(file_of(persona_id, personas or []), form=FORMS[form] if form else "same", now=time.time)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(exported.data)
    typer.echo(to)
    for note in exported.notes:
        typer.echo(f"Note: {note}.", err=True)


@app.command(epilog="Example: greenroom persona why mika --transcript chat.txt --personas my-cast --json")
def why(
    ctx: typer.Context,
    persona_id: Annotated[str, typer.Argument(metavar="PERSONA", help="Whose lore to explain.")],
    transcript: Annotated[
        Path, typer.Option("--transcript", help="What was said: lines of `Name: words`, a JSON list, or JSON lines.")
    ],
    personas: Annotated[
        list[Path] | None,
        typer.Option("--personas", envvar="GREENROOM_PERSONAS", help="A folder of your own personas."),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(min=1, help="The engine's window in tokens: books without a budget of their own get a quarter."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain, entry by entry, which lore comes to mind at the end of a conversation, and why or why not."""
    logs_to_stderr()
    with plain_errors():
        file = file_of(persona_id, personas or [])
        persona = load(file)
        keeper = Lorekeeper(lambda _: file)
        said = read_transcript(transcript, persona.name)
        near = compared(keeper.vectorized(persona), "\n".join(one.text for one in said[-COMPARED:]), by=ctx.obj)
        found = keeper.of(persona, said, window=window, near=near)
    if as_json:
        told = {
            "entries": [asdict(verdict) for verdict in found.verdicts],
            "notes": [asdict(note) for note in found.notes],
            "late": found.late,
            "budget": window // SHARE if window else None,
            "near": None if near is None else sorted(near),
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for verdict in sorted(found.verdicts, key=lambda verdict: not verdict.fired):
        typer.echo(f"{'fired' if verdict.fired else '     '}  {verdict.name}: {verdict.reason}")
    if window is None and found.fired:
        typer.echo("Note: without --window, a book that sets no budget of its own is not trimmed here.", err=True)
    for pattern in found.late:
        typer.echo(f"Note: the pattern {pattern} took too long and was given up.", err=True)


@app.command(epilog="Example: greenroom persona conformance --json")
def conformance(as_json: AsJson = False) -> None:
    """Every rule of the community formats: whether greenroom follows it, and what shows it."""
    rules = read_rules()
    if as_json:
        typer.echo(json.dumps([rule.row() for rule in rules], ensure_ascii=False, indent=2))
        return
    for rule in rules:
        typer.echo(f"{rule.status:<9} {rule.id:<34} {rule.rule}" + (f" ({rule.reason})" if rule.reason else ""))
    met = sum(rule.status == "met" for rule in rules)
    typer.echo(f"{met} of {len(rules)} rules are met; every exception says why.", err=True)


def compared(texts: Mapping[str, str], words: str, *, by: Near | None) -> Collection[str] | None:
    """The keys of the vectorised entries near to these words; None where nobody can compare."""
    if not texts:
        return ()
    return by(texts, words) if by else None


def file_of(persona_id: str, personas: list[Path]) -> Path:
    """The persona's file, in the operator's folders first; a broken one, or an imported lorebook's, by its name."""
    with suppress(PersonaUnknown):
        return Cast(personas).file(persona_id)
    for folder in (*personas, SHIPPED):
        for place in (folder / persona_id, folder):
            files = [place / f"{persona_id}{suffix}" for suffix in ENDINGS]
            found = next((file for file in files if file.is_file()), None)
            if found or (place / f"{persona_id}.import.json").is_file():
                return found or files[0]
    raise CardError(f"There is no persona '{persona_id}' in the folders.", "Name hers with --personas.")


def logs_to_stderr() -> None:
    """What is logged does not mix with the result."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


@contextmanager
def plain_errors() -> Iterator[None]:
    """An error ends the command with a sentence and exit code 1."""
    try:
        yield
    except (CardError, PersonaError) as exc:
        typer.echo(f"Error: {exc}", err=True)
        raise typer.Exit(1) from exc
    except OSError as exc:
        where = exc.filename or "The file"
        typer.echo(f"Error: {where} can't be used: {exc.strerror or exc}. Name another place.", err=True)
        raise typer.Exit(1) from exc
