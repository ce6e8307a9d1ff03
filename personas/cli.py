"""What an operator does with personas at the command line: look at them, check them, make new ones."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from personas.archive import VERSIONS, Archive
from personas.card_cli import app as cards
from personas.cast import SHIPPED, Cast
from personas.comparison import changes_the_prompt, differences
from personas.edit import set_value
from personas.errors import Finding, PersonaError, PersonaTwice, in_order
from personas.inspection import cast_findings, file_findings
from personas.knowledge import passages
from personas.persona import Persona
from personas.persona_file import load
from personas.prompt import about
from personas.scaffold import scaffold
from personas.schema import json_schema
from personas.spelling import spelled

DATA = Path("data")
app = typer.Typer(help="Personas: list, check, make and change them.", no_args_is_help=True)
app.add_typer(cards)

Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "--personas",
        envvar="GREENROOM_PERSONAS",
        help="A folder of your own personas, before the shipped ones; may be given several times.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command("list", epilog="Example: greenroom persona list --json")
def list_(personas: Folders = None, as_json: AsJson = False) -> None:
    """Everybody in the cast."""
    cast = cast_of(personas)
    rows = [described(persona, cast) for persona in cast.all()]
    print_rows(rows, as_json=as_json)
    for error in cast.errors:
        typer.echo(error, err=True)


@app.command(epilog="Example: greenroom persona check my-cast/ --json")
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; left out: the whole cast.")] = None,
    personas: Folders = None,
    as_json: AsJson = False,
) -> None:
    """Everything that is wrong with persona files, all at once; exit code 1 if there is anything."""
    with plain_errors():
        findings = in_order(tuple(findings_in(paths or folders_of(personas))))
    if as_json:
        typer.echo(json.dumps([as_object(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(map(str, findings)) or "Every persona is in order.")
    raise typer.Exit(bool(findings))


@app.command(epilog="Example: greenroom persona show mika --prompt")
def show(
    persona_id: Annotated[str, typer.Argument(metavar="ID", help="Whom to show.")],
    personas: Folders = None,
    prompt: Annotated[bool, typer.Option("--prompt", help="Show the words a model reads instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """One persona as greenroom reads it, what it extends and the defaults included."""
    with plain_errors():
        persona = cast_of(personas).get(persona_id)
    if prompt:
        typer.echo(about(spelled(persona)))
    elif as_json:
        typer.echo(json.dumps(persona.model_dump(mode="json"), ensure_ascii=False, indent=2))
    else:
        for key, value in persona.model_dump(mode="json", exclude_defaults=True).items():
            typer.echo(f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")


@app.command(epilog="Example: greenroom persona schema > persona.schema.json")
def schema() -> None:
    """The JSON Schema of persona files, for editors and checks."""
    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command(epilog="Example: greenroom persona new nova --into my-cast")
def new(
    persona_id: Annotated[str, typer.Argument(metavar="ID", help="Lowercase letters, digits, '-' and '_'.")],
    into: Annotated[Path, typer.Option("--into", help="The folder of personas to add it to.")] = Path("personas"),
) -> None:
    """A new persona's folder, with a file that explains itself."""
    with plain_errors():
        file = scaffold(persona_id, into)
    typer.echo(file)
    typer.echo(f"Write who {persona_id} is in {file}, then: greenroom persona check {file}", err=True)


@app.command(epilog="Example: greenroom persona knowledge nova --personas my-cast")
def knowledge(
    persona_id: Annotated[str, typer.Argument(metavar="ID", help="Whose documents to read.")],
    personas: Folders = None,
    as_json: AsJson = False,
) -> None:
    """The passages a persona's documents are cut into, as they will be recalled."""
    with plain_errors():
        cast = cast_of(personas)
        found = passages(cast.get(persona_id), cast.file(persona_id).parent)
    if as_json:
        rows = [{**asdict(passage), "citation": passage.citation} for passage in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for passage in found:
            typer.echo(f"{passage.citation}: {' '.join(passage.text.split())}")
    typer.echo(f"{len(found)} passages", err=True)


@app.command("set", epilog="Example: greenroom persona set mika voice.tone 'dry, short sentences'")
def set_(
    persona_id: Annotated[str, typer.Argument(metavar="ID", help="Whose file to change; a file's path will do.")],
    key: Annotated[str, typer.Argument(help="A key of the file: voice.tone, likes[0], facts.birthday.")],
    value: Annotated[str, typer.Argument(help="Text, a number, or a list like '[rain, tea]'.")],
    personas: Folders = None,
) -> None:
    """Change one value; comments and all other lines stay as they are."""
    with plain_errors():
        file = file_of(persona_id, personas)
        before = load(file)
        after = set_value(file, key, value)
    for difference in differences(before, after):
        typer.echo(difference)
    typer.echo(f"{file}: version {before.version} → {after.version}", err=True)


@app.command(epilog="Example: greenroom persona diff mika@b5559f3676a4 mika")
def diff(
    one: Annotated[str, typer.Argument(help="An id, a file, or ID@VERSION as a turn records it.")],
    other: Annotated[str, typer.Argument(help="What to compare it with, named in the same ways.")],
    personas: Folders = None,
    data: Annotated[Path, typer.Option("--data", envvar="GREENROOM_DATA", help="Where old versions are kept.")] = DATA,
    as_json: AsJson = False,
) -> None:
    """What is different between two personas or two versions of one; exit code 1 if anything is."""
    with plain_errors():
        before, after = (named(name, personas, data) for name in (one, other))
    found = differences(before, after)
    if as_json:
        rows = [{"key": each.key, "before": each.before, "after": each.after} for each in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for difference in found:
            typer.echo(difference)
        read = "other words" if changes_the_prompt(before, after) else "the same words"
        typer.echo(f"{before.version} → {after.version}: a model reads {read}.", err=True)
    raise typer.Exit(bool(found))


def named(name: str, personas: Sequence[Path] | None, data: Path) -> Persona:
    """The persona somebody means by an id, a file, or an id with a version."""
    if Path(name).is_file():
        return load(Path(name))
    persona_id, _, version = name.partition("@")
    return Archive(data / VERSIONS).find(persona_id, version) if version else cast_of(personas).get(persona_id)


def cast_of(personas: Sequence[Path] | None) -> Cast:
    """The personas of the operator's folders, and the shipped ones."""
    return Cast(folders_of(personas))


def folders_of(personas: Sequence[Path] | None) -> tuple[Path, ...]:
    """The operator's folders before the shipped cast, as the house reads them."""
    own = tuple(personas or ())
    missing = [folder for folder in own if not folder.is_dir()]
    if missing:
        fail(f"There is no folder {missing[0]}. Name one that exists with --personas.")
    return (*own, SHIPPED)


def findings_in(paths: Sequence[Path]) -> Iterator[Finding]:
    """What is wrong in folders, and in single files."""
    yield from cast_findings([path for path in paths if path.is_dir()])
    for file in (path for path in paths if not path.is_dir()):
        yield from file_findings(file)


def file_of(persona_id: str, personas: Sequence[Path] | None) -> Path:
    """The file of the persona somebody means; if another one has the same id, that is said."""
    if Path(persona_id).is_file():
        return Path(persona_id)
    cast = cast_of(personas)
    for error in cast.errors:
        if isinstance(error, PersonaTwice) and error.persona_id == persona_id:
            typer.echo(f"Note: {error}", err=True)
    return cast.file(persona_id)


def described(persona: Persona, cast: Cast) -> dict[str, str]:
    """A persona's row in the list."""
    file = str(cast.file(persona.id))
    return {"id": persona.id, "name": persona.name, "role": persona.role, "file": file, "version": persona.version}


def as_object(finding: Finding) -> dict[str, str | int]:
    """A finding as CI reads it."""
    return {
        "file": str(finding.file),
        "line": finding.line,
        "column": finding.column,
        "key": finding.key,
        "sentence": finding.sentence,
        "cure": finding.cure,
    }


def print_rows(rows: Sequence[dict[str, str]], *, as_json: bool) -> None:
    """Rows as JSON, or as columns that line up."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    widths = {key: max(len(row[key]) for row in rows) for key in rows[0]} if rows else {}
    for row in rows:
        typer.echo("  ".join(value.ljust(widths[key]) for key, value in row.items()).rstrip())


@contextmanager
def plain_errors() -> Iterator[None]:
    """A persona's error ends the command with a sentence and exit code 1."""
    try:
        yield
    except (PersonaError, OSError) as exc:
        fail(str(exc))


def fail(sentence: str) -> NoReturn:
    """Says what happened and what to try, and ends."""
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(1)
