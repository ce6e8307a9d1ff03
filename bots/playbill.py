"""What `greenroom up` prints, and the programs it starts: who plays, on what, and where to look."""

import asyncio
import os
import time
from contextlib import AbstractAsyncContextManager
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bots.app import open_house, prepare
from bots.faults import NotStarted
from bots.house import House
from bots.keys import Keys
from bots.secret import secret_in
from bots.settings import BotsSettings
from bots.web_bot import Opening, PortTaken, listening, serve
from bots.web_fan import Tickets
from bots.web_foyer import Foyer

WEB = ("api", "web")


def run(settings: BotsSettings) -> None:
    """Opens the house and keeps it open until it is told to close."""
    began = time.perf_counter()
    prepare(settings.data)
    secret = settings.secret.get_secret_value().encode() if settings.secret else secret_in(settings.data)
    try:
        door = listening(settings.host, settings.port)
    except PortTaken as exc:
        raise NotStarted(str(exc)) from exc
    except PermissionError as exc:
        raise NotStarted(f"Port {settings.port} is for administrators. Choose one above 1023 with --port.") from exc
    except OSError as exc:
        raise NotStarted(f"{settings.host} is no address of this machine. Choose another with --host.") from exc
    host, port = door.getsockname()[:2]
    screen = Console(stderr=True, highlight=False)

    def opened() -> AbstractAsyncContextManager[House]:
        note = partial(screen.print, style="dim", markup=False)
        return open_house(settings, note=lambda what: note(f"Opening {what} …"), stays=True, platforms=WEB)

    def told(house: House) -> None:
        print_bill(house, screen, address=f"http://{f'[{host}]' if ':' in host else host}:{port}")
        screen.print(f"Open after {time.perf_counter() - began:.1f} s. Ctrl+C closes.", style="dim")

    with door:
        foyer = Foyer(Tickets(secret), Keys(settings.data), origins=settings.api_origins)
        asyncio.run(serve(everywhere(opened), foyer, door, told=told))


def everywhere(opening: Opening) -> Opening:
    """The house as it is, and on Discord too where there is a token for it."""
    if not os.environ.get("DISCORD_TOKEN") and os.environ.get("GREENROOM_DISCORD_TOKENS", "").strip() in ("", "{}"):
        return opening
    from bots.discord_environment import discord_settings, door

    door()
    from bots.discord_program import beside_discord

    settings = discord_settings("DISCORD_TOKEN", ())
    return lambda: beside_discord(opening, settings)


def print_bill(house: House, screen: Console, *, address: str) -> None:
    """Who plays on what, where things are kept, what differs from the defaults, and at the end where to look.

    Names, paths and what is wrong with a file may have brackets in them, which are no markup.
    """
    tell = partial(screen.print, markup=False, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("persona", "is", "plays on"):
        table.add_column(title)
    for persona in house.cast.all():
        model, understudy = house.playing(persona)
        table.add_row(persona.name, persona.role, f"{model} (small talk only)" if understudy else model)
    tell(table)
    for error in house.cast.errors:
        tell(Text.assemble(("left out:", "yellow"), f" {error}"))
    tell(f"journal and memories  {house.settings.data.resolve()}")
    for name in sorted(house.settings.model_fields_set - {"log_level"}):
        tell(f"set                   {name} = {getattr(house.settings, name)}")
    first = house.opened_by()
    if first:
        model, understudy = house.playing(first)
        on = "the understudy (small talk only; name a real model in the settings)" if understudy else model
        tell(f"{first.name} is waiting for you, played by {on}:")
    tell(address, style="bold")
