"""The web chat: one page, its API and its streams, put together; `greenroom up` runs it."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from bots import web_faces, web_me, web_places, web_shell, web_talks
from bots.api_bot import add_api
from bots.api_origins import open_to
from bots.house import House
from bots.web_foyer import Foyer
from bots.web_shell import PAGE, App, Guarded
from bots.web_trouble import tell_troubles

log = structlog.get_logger()
Opening = Callable[[], AbstractAsyncContextManager[House]]
Told = Callable[[House], None]


class PortTaken(Exception):
    """Another program listens there already."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Something else is already listening on {host}:{port}. Stop it, or choose with --port.")


def web_app(foyer: Foyer) -> App:
    """The page and its API as one ASGI app; it answers at once, with a sentence, while the house still opens."""
    app = FastAPI(title="greenroom", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.foyer = foyer
    for router in (web_shell.router, web_faces.router, web_places.router, web_me.router, web_talks.router):
        app.include_router(router)
    app.mount("/page", StaticFiles(directory=PAGE, check_dir=False), name="page")
    tell_troubles(app)
    add_api(app)
    return Guarded(open_to(app, foyer.origins))


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `PortTaken`, or `OSError` for a host that is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(512)
    except OSError as exc:
        door.close()
        if exc.errno in (98, 48):
            raise PortTaken(host, port) from exc
        raise
    return door


async def serve(opening: Opening, foyer: Foyer, door: socket.socket, *, told: Told) -> None:
    """Serves the page on a listening socket until the process is told to stop; `told` once the house is open."""
    config = uvicorn.Config(
        web_app(foyer), log_config=None, access_log=False, timeout_graceful_shutdown=3, lifespan="off"
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(keep_open(foyer, opening, server, told))
        await server.serve(sockets=[door])
        keeper.cancel()


async def keep_open(foyer: Foyer, opening: Opening, server: uvicorn.Server, told: Told) -> None:
    """Opens the house behind the foyer and holds it open; if it can't be opened, the server ends too."""
    try:
        async with opened_in(foyer, opening) as house, asyncio.TaskGroup() as tasks:
            tasks.create_task(settled(house))
            told(house)
            await asyncio.Event().wait()
    finally:
        server.should_exit = True


async def settled(house: House) -> None:
    """Loads the engines; what was made by then stays, and the garbage collector need not look at it again.

    It would stop every stream for a tenth of a second, several times a minute.
    """
    await house.engines.warm(house.cast.all())
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def opened_in(foyer: Foyer, opening: Opening) -> AsyncIterator[House]:
    """The house, seen by the foyer for as long as it is open."""
    async with opening() as house:
        foyer.house = house
        try:
            yield house
        finally:
            foyer.house = None
