"""The front door: `greenroom <verb>` for what the bots do, `greenroom <room> <verb>` for the rooms' own commands.

Rooms are named here and imported only when somebody goes in, so that `greenroom --help` answers at once.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

HOUSE = Path(__file__).parent.parent
ROOMS = {
    "persona": ("personas/cli.py", "app", "Personas: list, check, make and change them."),
    "memory": ("memory/cli.py", "app", "Memories: see, correct, forget and keep them."),
    "lora": ("serving/cli.py", "lora", "The shelf of LoRAs."),
    "serve": ("serving/cli.py", "serve", "A vLLM server for the whole cast."),
    "discord": ("bots/discord_cli.py", "app", "Characters on Discord."),
    "finetune": ("finetune/cli.py", "app", "Fine-tunes: from a script to a character."),
}
GUESTS = {"lora": ("finetune/lora_cli.py",)}  # a room's commands that need a floor above it, each file's only one


class Front(TyperGroup):
    """Knows the rooms by name; opens a room's door only when it is called for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *(name for name, (file, *_) in ROOMS.items() if (HOUSE / file).exists())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The bots' own command, or for the list of commands a room's name and line."""
        return sign(cmd_name) if cmd_name in ROOMS else super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in ROOMS and (HOUSE / ROOMS[args[0]][0]).exists():
            return args[0], room(args[0]), args[1:]
        return super().resolve_command(ctx, args)


def sign(name: str) -> Any:
    """What stands on a room's door."""
    door = typer.Typer(help=ROOMS[name][2])
    door.callback(invoke_without_command=True)(lambda: None)
    command = typer.main.get_command(door)
    command.name = name
    return command


def room(name: str) -> Any:
    """A room's commands."""
    file, attribute, _ = ROOMS[name]
    module = importlib.import_module(module_of(file))
    found = getattr(module, attribute)
    command: Any = typer.main.get_command(found) if isinstance(found, typer.Typer) else found
    command.name = name
    if name == "persona":
        command.context_settings = {"obj": near}
    for guest in (one for one in GUESTS.get(name, ()) if (HOUSE / one).exists()):
        command.add_command(typer.main.get_command(importlib.import_module(module_of(guest)).app))
    return command


def module_of(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def near(texts: Mapping[str, str], words: str) -> Collection[str] | None:
    """The lore that a turn would find near to these words; None, and a note, if the encoder is not there."""
    from memory.opening import near_now  # comes with the encoder, for those who ask
    from serving import ServingError

    try:
        return asyncio.run(near_now(texts, words))
    except ServingError as exc:
        typer.echo(f"Note: vectorised lore is not compared here: {exc}", err=True)
        return None


app = typer.Typer(
    cls=Front,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="greenroom: virtual characters that answer, remember and forget when asked.",
    epilog="Example: greenroom chat mika",
)

Data = Annotated[Path | None, typer.Option(help="The folder that holds journal and memories. [default: data]")]
Personas = Annotated[Path | None, typer.Option(help="A folder of your own personas, beside the shipped cast.")]
Engine = Annotated[str | None, typer.Option(hidden=True, help="One engine for everybody; 'scripted' needs no weights.")]


def text(typed: str) -> str:
    """What was typed, if it is text: a terminal makes half characters of stray bytes, and nobody can store those."""
    if typed.encode("utf-8", "replace").decode() != typed:
        raise typer.BadParameter("it is no text in UTF-8. Type it anew.")
    return typed


@app.command(epilog="Example: greenroom chat mika --say 'Do you know my cat?'")
def chat(
    persona: Annotated[str | None, typer.Argument(help="Whom to talk to; left out: the first of the cast.")] = None,
    say: Annotated[str | None, typer.Option(help="Say this, print the answer, and leave.")] = None,
    fan: Annotated[str, typer.Option(help="Who is talking, by an id that stays the same.", callback=text)] = "you",
    name: Annotated[str, typer.Option(help="What you want to be called.", callback=text)] = "",
    data: Data = None,
    personas: Personas = None,
    engine: Engine = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each answer.")] = False,
) -> None:
    """Talk to a persona here in the terminal."""
    from bots import terminal_bot

    with plainly():
        settings = settings_from(data=data, personas=personas, engine=engine, persona=persona, log_level="ERROR")
        terminal_bot.run(settings, say=say, fan=fan, name=name, as_json=as_json)


@app.command(epilog="Example: greenroom up --port 8080 --data ~/greenroom")
def up(
    port: Annotated[
        int | None, typer.Option(help="Where the page listens; 0 takes a free port. [default: 8000]")
    ] = None,
    host: Annotated[str | None, typer.Option(help="An address; anything but loopback is open to others.")] = None,
    data: Data = None,
    personas: Personas = None,
    engine: Engine = None,
) -> None:
    """Open the house: the page in the browser, and every bot that has its token."""
    from bots import playbill

    with plainly():
        playbill.run(settings_from(port=port, host=host, data=data, personas=personas, engine=engine))


@app.command(epilog="Example: greenroom doctor --json")
def doctor(
    data: Data = None,
    personas: Personas = None,
    engine: Engine = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Check everything that can be checked, and say what to do about each finding."""
    from bots import doctor as checks

    with plainly():
        settings = settings_from(data=data, personas=personas, engine=engine, log_level="ERROR")
        raise typer.Exit(checks.run(settings, as_json=as_json))


keys = typer.Typer(help="API keys: make, list, rotate and revoke them.", no_args_is_help=True)
app.add_typer(keys, name="key")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@keys.command("add", epilog="Example: greenroom key add 'my app' --persona mika --per-minute 30")
def add_key(
    name: Annotated[str, typer.Argument(help="What the key is for, for your own list.")],
    persona: Annotated[list[str] | None, typer.Option(help="Whom it may talk to; may be given several times.")] = None,
    per_minute: Annotated[int, typer.Option(min=1, help="How often it may ask.")] = 60,
    data: Data = None,
    personas: Personas = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    with plainly():
        must_be_in_cast(persona or (), personas)
        key, words = keys_in(data).add(name, personas=persona or (), per_minute=per_minute)
    show_key(key, words, as_json=as_json)


def show_key(key: Any, words: str, *, as_json: bool) -> None:
    """A key's words, for the only time."""
    if as_json:
        typer.echo(json.dumps({"id": key.id, "key": words}))
    else:
        typer.echo(words)
        typer.echo(f"Key {key.id} for {key.name}. It is shown this once; keep it safe.", err=True)


@keys.command("list", epilog="Example: greenroom key list --json")
def list_keys(data: Data = None, as_json: AsJson = False) -> None:
    """Every key, without its words."""
    with plainly():
        found = keys_in(data).all()
    rows = [{"id": k.id, "name": k.name, "personas": list(k.personas), "per_minute": k.per_minute, "made_at": k.made_at}
            for k in found]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    for key in () if as_json else found:
        typer.echo(f"{key.id}  {key.made_at[:10]}  {', '.join(key.personas) or 'everybody':20}  {key.name}")


@keys.command("rotate", epilog="Example: greenroom key rotate 1f2e3d4c")
def rotate_key(
    key: Annotated[str, typer.Argument(help="The key's id, from the list.")], data: Data = None, as_json: AsJson = False
) -> None:
    """Give a key new words: the old ones open nothing any more, and its fans are remembered."""
    with plainly():
        rotated, words = keys_in(data).rotate(key)
    show_key(rotated, words, as_json=as_json)


@keys.command("revoke", epilog="Example: greenroom key revoke 1f2e3d4c")
def revoke_key(key: Annotated[str, typer.Argument(help="The key's id, from the list.")], data: Data = None) -> None:
    """Take a key away, at once."""
    with plainly():
        revoked = keys_in(data).revoke(key)
    typer.echo(f"Revoked {revoked.id}, {revoked.name}.", err=True)


def keys_in(data: Path | None) -> Any:
    """The keys of a data folder, which is made if it isn't there."""
    from bots.app import from_flags, prepare
    from bots.keys import Keys

    folder = from_flags({"data": data}).data
    prepare(folder)
    return Keys(folder)


def must_be_in_cast(ids: Collection[str], personas: Path | None) -> None:
    """Raises `PersonaUnknown` with the nearest there is: a slip would make a key that opens nothing."""
    from bots.app import from_flags
    from personas import SHIPPED, Cast

    own = from_flags({"personas": personas}).personas
    cast = Cast([*([own] if own else []), SHIPPED])
    for persona_id in ids:
        cast.get(persona_id)


def settings_from(**flags: object) -> Any:
    """The settings with these flags above all, and the log set up by them."""
    from bots.app import from_flags
    from bots.logs import start_logging

    settings = from_flags(flags)
    start_logging(settings)
    return settings


@contextmanager
def plainly() -> Iterator[None]:
    """Tells what the author or the machine is at fault for in a sentence; a fault of ours keeps its traceback."""
    from bots.faults import TOLD_PLAINLY, sentence_of

    try:
        yield
    except TOLD_PLAINLY as exc:
        fail(sentence_of(exc))
    except ExceptionGroup as group:
        told, ours = group.split(TOLD_PLAINLY)
        if ours or told is None:
            raise
        fail(sentence_of(told))


def fail(sentence: str) -> NoReturn:
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(1)


def main() -> None:
    """What the console script calls."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
