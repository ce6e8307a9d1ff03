"""What an operator does with memories at the command line: see, search, correct, forget, move and keep them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

from memory.burial import bury_again, lift, unindex
from memory.errors import MemoryTrouble, StoreTrouble
from memory.index_note import IndexNote, Noted
from memory.journal import utc_now
from memory.opening import Opened, open_memory, open_store
from memory.printing_cli import print_memories, print_rows, progress
from memory.scope import Scope
from memory.settings import MemorySettings
from personas import SHIPPED, Cast, PersonaError, Place
from serving import ServingError
from serving.settings import ServingSettings
from serving.settings_file import SettingsWrong, said

T = TypeVar("T")
HERE = Place("terminal:memory")  # private, as an operator's terminal is
EXPECTED = (MemoryTrouble, PersonaError, ServingError, SettingsWrong)

app = typer.Typer(help="Memories: see, correct, forget and keep them.", no_args_is_help=True)


def readable(name: str | None) -> str | None:
    """An id as somebody may have; half a character, as a terminal makes of stray bytes, is in none."""
    if name is not None and (not name.strip() or name.encode("utf-8", "replace").decode() != name):
        raise typer.BadParameter("it is empty, or no text. `greenroom memory stats` lists the ids there are.")
    return name


Fan = Annotated[str, typer.Argument(help="The fan's id, such as web:3f… or discord:42.", callback=readable)]
Persona = Annotated[str, typer.Option(help="Whose memories.", callback=readable)]
Data = Annotated[Path, typer.Option(envvar="GREENROOM_DATA", help="The folder that holds journal and memories.")]
Personas = Annotated[
    Path | None,
    typer.Option(envvar="GREENROOM_PERSONAS", help="A folder of your own personas."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DATA = Path("data")


@app.command(epilog="Example: greenroom memory show discord:42 --persona mika")
def show(fan: Fan, persona: Persona = "mika", data: Data = DATA, as_json: AsJson = False) -> None:
    """All that a persona remembers of a fan, oldest first."""

    async def work(opened: Opened) -> None:
        print_memories(await opened.memory.show(Scope(persona, fan, HERE), everywhere=True), as_json=as_json)

    run(data, work)


@app.command(epilog="Example: greenroom memory search discord:42 'the cat' --json")
def search(
    fan: Fan,
    words: Annotated[str, typer.Argument(help="What the fan might say.")],
    persona: Persona = "mika",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 10,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """What would come to a persona's mind at these words, in private."""

    async def work(opened: Opened) -> None:
        print_memories(await opened.memory.search(Scope(persona, fan, HERE), words, limit=limit), as_json=as_json)

    run(data, work)


@app.command(epilog="Example: greenroom memory correct discord:42 ID 'My cat is called Mochi.'")
def correct(
    fan: Fan,
    memory: Annotated[str, typer.Argument(help="The memory's id, as `show --json` prints it.")],
    text: Annotated[str, typer.Argument(help="What is true.")],
    persona: Persona = "mika",
    data: Data = DATA,
) -> None:
    """Put a memory into other words."""
    run(data, lambda opened: opened.memory.correct(Scope(persona, fan, HERE), memory, text))
    typer.echo(f"Corrected: {text}")


@app.command(epilog="Example: greenroom memory forget discord:42 --yes")
def forget(
    fan: Fan,
    memory: Annotated[str | None, typer.Option(help="Only this memory, by its id.")] = None,
    persona: Annotated[str | None, typer.Option(help="Only what is between the fan and this persona.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """Forget a fan, or one memory, for good; the receipt counts again on disk."""
    if not yes and not typer.confirm("This can't be undone. Forget it?", err=True):
        fail("Nothing was forgotten.")
    if memory is not None:
        scope = Scope(persona or "mika", fan, HERE)
        run(data, lambda opened: opened.memory.forget(scope, memory))
        typer.echo("Forgotten.")
        return
    receipt = run(data, lambda opened: opened.memory.forget_fan(fan, persona))
    rows = asdict(receipt) | {"complete": receipt.complete}
    typer.echo(json.dumps(rows, default=str) if as_json else "\n".join(f"{key}: {rows[key]}" for key in rows))
    raise typer.Exit(not receipt.complete)


@app.command(epilog="Example: greenroom memory export discord:42 > kim.json")
def export(fan: Fan, data: Data = DATA) -> None:
    """Everything kept of a fan, as JSON."""
    rows = run(data, lambda opened: opened.journal.export(fan))
    typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))


@app.command("import", epilog="Example: greenroom memory import discord:42 kim.json")
def import_(
    fan: Fan, file: Annotated[Path, typer.Argument(help="What `export` wrote for this fan.")], data: Data = DATA
) -> None:
    """Bring an export back; what is there stays as it is."""
    try:
        rows = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as exc:
        fail(f"{file} can't be read ({exc}). Name a file that `greenroom memory export` wrote.")

    async def work(opened: Opened) -> int:
        new = await opened.journal.bring_back(fan, rows)
        await lift(opened.journal, data, fan, utc_now())
        return new

    typer.echo(f"{run(data, work)} new rows.")


@app.command(epilog="Example: greenroom memory reflect --persona mika")
def reflect(
    fan: Annotated[str | None, typer.Option(help="Only this fan.")] = None,
    persona: Annotated[str | None, typer.Option(help="Only this persona.")] = None,
    engine: Annotated[str, typer.Option(help="The engine that concludes; left out: each persona's own.")] = "",
    data: Data = DATA,
    personas: Personas = None,
    as_json: AsJson = False,
) -> None:
    """Think of every talk that is over now, instead of at night: facts, episodes, promises."""
    from memory.thinking_cli import think_of_all

    async def work(opened: Opened) -> list[dict[str, object]]:
        pairs = [(p, f) for p, f, _ in await opened.journal.fans() if persona in (None, p) and fan in (None, f)]
        return await think_of_all(opened, progress(pairs, "Thinking"), cast=cast_of(personas), engine=engine)

    line = (
        "{persona}  {fan}  {stretches} talks read, {facts} facts, {episodes} episodes, {promises} promises, {left} left"
    )
    print_rows(run(data, work, personas), as_json=as_json, line=line)


@app.command(epilog="Example: greenroom memory stats --json")
def stats(data: Data = DATA, as_json: AsJson = False) -> None:
    """How much is remembered of whom."""

    async def work(opened: Opened) -> list[dict[str, object]]:
        fans = await opened.journal.fans()
        return [
            {"persona": persona, "fan": fan, "since": first.isoformat(), "memories": await count(opened, persona, fan)}
            for persona, fan, first in fans
        ]

    print_rows(run(data, work), as_json=as_json)


@app.command(epilog="Example: greenroom memory rebuild --fan discord:42")
def rebuild(
    fan: Annotated[str | None, typer.Option(help="Only this fan.")] = None,
    persona: Annotated[str | None, typer.Option(help="Only this persona.")] = None,
    data: Data = DATA,
) -> None:
    """Make the index of memories anew from the journal; who was forgotten before it was put back is forgotten again."""

    async def work(opened: Opened) -> tuple[int, int]:
        gone = await bury_again(opened.journal, opened.store, data)
        pairs = [(p, f) for p, f, _ in await opened.journal.fans() if persona in (None, p) and fan in (None, f)]
        made = [await opened.memory.rebuild(Scope(p, f, HERE)) for p, f in progress(pairs, "Rebuilding")]
        return gone, sum(made)

    gone, made = run(data, work)
    if gone:
        typer.echo(f"{gone} forgotten fans stay forgotten.", err=True)
    typer.echo(f"{made} memories.")


@app.command(epilog="Example: greenroom memory reindex")
def reindex(data: Data = DATA, personas: Personas = None) -> None:
    """Move the index to the encoder that the settings name now, instead of while the house is open."""

    async def work(opened: Opened) -> int:
        moved = 0
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("Moving", total=None)
            async for moved, of in opened.move():
                bar.update(task, completed=moved, total=of)
        return moved

    typer.echo(f"{run(data, work, personas)} fans moved.")


@app.command(epilog="Example: greenroom memory migrate --to http://127.0.0.1:8001")
def migrate(
    to: Annotated[str, typer.Option(help="A Chroma server, 'http://…', or 'folders' for the data folder.")],
    data: Data = DATA,
) -> None:
    """Copy the index to another store; set `memory.index` to it before you open greenroom again.

    The folders go as soon as a server answers. A server that is named no more keeps its copy: delete it there.
    """
    from memory.migration import migrate as moving

    async def work(opened: Opened) -> int:
        wanted = MemorySettings.read(index=None if to == "folders" else to)
        target = open_store(opened.note, opened.noted, wanted)
        try:
            moved = [one.records async for one in moving(opened.journal, opened.store, target)]
        finally:
            await target.aclose()
        return sum(moved)

    typer.echo(f"{run(data, work)} memories are there now.")


@app.command(epilog="Example: greenroom memory backup /backups/monday.sqlite3")
def backup(target: Annotated[Path, typer.Argument(help="The file to write.")], data: Data = DATA) -> None:
    """Copy the journal while everything runs on."""
    from memory.backup import back_up

    typer.echo(run(data, lambda opened: back_up(opened.journal, target)))


@app.command(epilog="Example: greenroom memory restore /backups/monday.sqlite3")
def restore(backup: Annotated[Path, typer.Argument(help="What `backup` wrote.")], data: Data = DATA) -> None:
    """Put a backup in the journal's place; who was forgotten since is forgotten again."""
    from memory.backup import restore as put_back

    with plainly():
        settings = MemorySettings.read()
        if settings.journal is not None:
            fail("The journal is where GREENROOM_JOURNAL says. Restore it there, then: greenroom memory rebuild")
        restored = asyncio.run(put_back(backup, data))
    typer.echo(f"Restored; {len(restored.buried)} forgotten fans stay forgotten.")
    if restored.kept:
        typer.echo(
            f"The journal from before is {restored.kept}. Delete it when you don't need it: it holds people's words.",
            err=True,
        )
    if restored.buried and settings.index is not None:
        server = open_store(IndexNote(data), Noted(""), settings)  # whichever encoder filled it
        try:
            asyncio.run(unindex(server, restored.buried))
        except StoreTrouble as exc:
            fail(f"The index still has who was forgotten. {exc} Restore once more when it answers.")


async def count(opened: Opened, persona: str, fan: str) -> int:
    return await opened.memory.count(Scope(persona, fan, HERE))


def run(data: Path, work: Callable[[Opened], Awaitable[T]], personas: Path | None = None) -> T:
    """Opens the data folder, does one thing with it, and tells a failure in a sentence."""

    async def opened_work() -> T:
        serving = ServingSettings.read()
        async with open_memory(data, settings=settings, serving=serving, cast=cast_of(personas)) as opened:
            return await work(opened)

    with plainly():
        settings = MemorySettings.read()
        if settings.journal is None and not data.is_dir():
            fail(f"There is no data folder {data}. Name one that exists with --data.")
        return asyncio.run(opened_work())


def cast_of(personas: Path | None) -> Cast:
    """Who is on stage, since what they may remember stands in their files; the house's own setting counts as well."""
    folder = personas or said("bots", "personas")
    return Cast([*([Path(folder)] if folder else []), SHIPPED])


@contextmanager
def plainly() -> Iterator[None]:
    """What the author, the machine or the person asking is at fault for is told without a traceback."""
    try:
        yield
    except EXPECTED as exc:
        fail(str(exc))


def fail(sentence: str) -> NoReturn:
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(1)
