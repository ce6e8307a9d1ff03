"""What an operator does with models at the command line: the shelf of LoRAs, and a server for the whole cast."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from serving import lora_check
from serving.errors import ServingError
from serving.settings import ServerSettings, ServingSettings
from serving.settings_file import SettingsWrong
from serving.shelf import CONFIG, WEIGHTS, Card, Shelf, ShelfError, Shelved
from serving.vllm_command import vllm_command
from serving.vllm_server import VllmServer

lora = typer.Typer(help="The shelf of LoRAs: what is on it, what may go on it.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--shelf", help="The shelf's folder. [default: from settings, or shelf]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Base = Annotated[
    str | None,
    typer.Option(
        help="The model it is to be worn on: a folder, or a name on the hub. [default: serving: server: model]"
    ),
]
MaxRank = Annotated[
    int | None, typer.Option(help="The largest rank the server takes. [default: serving: server: max_lora_rank]")
]


@lora.command("list", epilog="Example: greenroom lora list --json")
def list_(shelf: Folder = None, as_json: AsJson = False) -> None:
    """Every version on the shelf, the retired ones too."""
    with failing_well():
        found = opened(shelf)
        rows = [described(shelved, found) for shelved in found.all()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif rows:
        typer.echo("\n".join(f"{row['id']:<24} {row['base']:<32} {row['state']}" for row in rows))
    else:
        typer.echo("The shelf is empty. Put a LoRA on it with: greenroom lora add NAME FOLDER", err=True)


@lora.command(epilog="Example: greenroom lora show mira/v2 --json")
def show(lora: str, shelf: Folder = None, as_json: AsJson = False) -> None:
    """One LoRA's card; without a version, the newest one's."""
    with failing_well():
        found = opened(shelf)
        row = described(found.find(lora), found)
    if as_json:
        typer.echo(json.dumps(row, ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(f"{key:<14}{value}" for key, value in row.items() if value))


@lora.command(epilog="Example: greenroom lora check runs/mira/checkpoint-300 --base models/base")
def check(
    lora: Annotated[str, typer.Argument(help="A LoRA on the shelf, or a folder that is to go on it.")],
    base: Base = None,
    max_rank: MaxRank = None,
    shelf: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Whether a server will take it; every reason why not, and what to do. Exit code 1 if there is any."""
    with failing_well():
        if Path(lora).is_dir():
            troubles = troubles_of(Path(lora), base, max_rank)
        else:
            shelved = opened(shelf).find(lora)
            troubles = (*changed(shelved), *troubles_of(shelved.folder, base, max_rank))
    if as_json:
        typer.echo(json.dumps(list(troubles), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(troubles) or f"{lora} can be served.")
    raise typer.Exit(bool(troubles))


@lora.command(epilog="Example: greenroom lora add mira runs/mira/best --card runs/mira/card.json")
def add(
    name: Annotated[str, typer.Argument(help="Its name on the shelf; usually the persona's id.")],
    source: Annotated[Path, typer.Argument(help="The folder that peft wrote.", exists=True, file_okay=False)],
    card: Annotated[
        Path | None, typer.Option(help="Its card; left out: card.json in the folder, if there is one.")
    ] = None,
    base: Base = None,
    max_rank: MaxRank = None,
    unproven: Annotated[bool, typer.Option("--unproven", help="Take it without a passed evaluation.")] = False,
    shelf: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Puts a trained LoRA on the shelf as the next version. A running server picks it up by itself."""
    with failing_well():
        if troubles := troubles_of(source, base, max_rank):
            raise ShelfError(" ".join(troubles))
        written = card_of(source, card)
        if not unproven and written.evaluation.get("passed") is not True:
            raise ShelfError(
                f"{name} has no passed evaluation on its card. Run: greenroom finetune evaluate, or say --unproven."
            )
        found = opened(shelf)
        shelved = found.add(name, source, written)
        row = described(shelved, found)
    typer.echo(json.dumps(row, ensure_ascii=False, indent=2) if as_json else shelved.id)


@lora.command(epilog="Example: greenroom lora retire mira/v1")
def retire(lora: str, shelf: Folder = None) -> None:
    """New turns no longer find this version; it stays on the shelf for old traces."""
    with failing_well():
        shelved = opened(shelf).retire(lora)
    typer.echo(f"{shelved.id} is retired.")


serve = typer.Typer(help="A vLLM server for the whole cast.")


@serve.command(epilog="Example: greenroom serve --model models/base --print")
def serve_(
    model: Annotated[str | None, typer.Option(help="The base: a folder, or a name on the hub.")] = None,
    host: Annotated[str | None, typer.Option(help="Where it listens; anything but loopback needs a key.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port for chat requests. [default: 8001]")
    ] = None,
    shelf: Folder = None,
    print_: Annotated[bool, typer.Option("--print", help="Print vLLM's command and leave.")] = False,
) -> None:
    """Starts vLLM with the LoRAs of the shelf, and keeps it running and equal to the shelf until Ctrl-C.

    A second Ctrl-C does not wait for the replies that are being given.
    The key that clients need is read from GREENROOM_SERVER_KEY. What else can be set stands in greenroom.yaml under
    serving: server.
    """
    with failing_well():
        said = ServingSettings.read()
        flags = {"model": model, "host": host, "port": port}
        server = said.server.model_copy(update={name: flag for name, flag in flags.items() if flag is not None})
        loras = Shelf(shelf or said.shelf)
        if print_:
            typer.echo(vllm_command(server, loras.in_use(), socket=Path("engine.sock")))
            return
        asyncio.run(serving_until_told(server, loras))


async def serving_until_told(server: ServerSettings, loras: Shelf) -> None:
    """Until Ctrl-C, SIGTERM or SIGHUP; then vLLM and all it started have ended, too. A second one ends them at once."""
    here = asyncio.current_task()
    assert here is not None, "a coroutine runs in a task"
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(told) is not signal.SIG_IGN:  # nohup ignores SIGHUP, and it stays ignored
            asyncio.get_running_loop().add_signal_handler(told, here.cancel)
    key = os.environ.get("GREENROOM_SERVER_KEY")
    with suppress(asyncio.CancelledError):
        async with VllmServer(server, loras, key=key, tell=lambda words: typer.echo(words, err=True)) as vllm:
            await vllm.run()


def opened(folder: Path | None) -> Shelf:
    return Shelf(folder or ServingSettings.read().shelf)


def troubles_of(folder: Path, base: str | None, max_rank: int | None) -> tuple[str, ...]:
    """Why the server that the settings describe would not take it; flags win over them."""
    server = ServingSettings.read().server
    largest = max_rank or lora_check.allowed(server.max_lora_rank or lora_check.RANKS[-1])
    return lora_check.check(folder, base=base or server.model, max_rank=largest)


def changed(shelved: Shelved) -> tuple[str, ...]:
    """A sentence if somebody wrote over weights on the shelf."""
    if shelved.intact:
        return ()
    again = "Put what it should be on the shelf as a new version (greenroom lora add), and retire this one."
    return (f"{shelved.folder / WEIGHTS} was changed after it came onto the shelf. {again}",)


def card_of(source: Path, card: Path | None) -> Card:
    """The card that was named, or the one beside the weights, or the little that peft's own file says."""
    path = card or source / "card.json"
    if path.is_file():
        return Card.model_validate_json(path.read_text(encoding="utf-8"))
    if card:
        raise ShelfError(f"There is no card {card}.")
    return Card(base=json.loads((source / CONFIG).read_text(encoding="utf-8")).get("base_model_name_or_path") or "")


def described(shelved: Shelved, shelf: Shelf) -> dict[str, Any]:
    """A row for a list, or for a program."""
    state = state_of(shelved, shelf)
    return {"id": shelved.id, "state": state, **shelved.card.model_dump(mode="json"), "folder": str(shelved.folder)}


def state_of(shelved: Shelved, shelf: Shelf) -> str:
    """Whether new conversations wear it, and if not, why."""
    if shelved.retired:
        return "retired"
    if shelved not in shelf.in_use_of(shelved.lora):
        return "replaced"
    return "in use" if shelved.proven else "unproven"


@contextmanager
def failing_well() -> Iterator[None]:
    """What goes wrong becomes one line that says what happened and what to try."""
    try:
        yield
    except (ShelfError, SettingsWrong, ServingError) as exc:
        fail(str(exc))
    except OSError as exc:
        fail(f"{exc.filename}: {(exc.strerror or str(exc)).lower()}.")
    except ValueError as exc:
        fail(f"The card can't be read: {exc}")


def fail(sentence: str) -> NoReturn:
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(1)
