"""Starts vLLM and looks after it: health, restarts, the LoRAs of the shelf, and a clean end of all its processes.

vLLM is a process of its own and never imported; one behind a gate (serving/gate.py), because it loads weights for
everyone who can reach it. When this program itself is killed with -9, the kernel ends
vLLM where util-linux's setpriv is installed (every Linux distribution has it); elsewhere vLLM outlives it.
"""

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx

from serving.cores import as_list, cores_left
from serving.errors import EngineMissing
from serving.gate import Gate
from serving.process_tree import ProcessTree
from serving.settings import ServerSettings
from serving.shelf import Shelf
from serving.vllm_command import Command, max_loras, max_rank, vllm_command
from serving.vllm_loras import LoraKeeper

log = logging.getLogger(__name__)

HEALTH_SECONDS = 2.0  # between two looks
UNHEALTHY = 5  # looks in a row without an answer, and the server counts as stuck
STOP_SECONDS = 20.0
LONGEST_PAUSE = 60.0
GOOD_RUN_SECONDS = 300.0  # after so long the next failure is a new one, and the pause starts small again
HOPELESS = 3  # starts in a row that never became healthy


class VllmServer:
    """A vLLM that runs while its `async with` lasts. `tell` hears in a sentence what goes on."""

    def __init__(
        self,
        settings: ServerSettings,
        shelf: Shelf,
        *,
        key: str | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        if not key and settings.host not in ("127.0.0.1", "localhost", "::1"):
            raise EngineMissing(f"A server on {settings.host} needs a key. Put one into GREENROOM_SERVER_KEY.")
        self._settings = settings
        self._shelf = shelf
        self._tell = tell
        self._gate = Gate(settings.host, settings.port, key=key)
        self._tree: ProcessTree | None = None
        self._up = asyncio.Event()
        self.starts = 0

    async def __aenter__(self) -> Self:
        await self._gate.__aenter__()
        self._sockets = Path(tempfile.mkdtemp(prefix="greenroom-"))  # open to its owner only
        self._watch = asyncio.create_task(self._supervise(), name="vllm")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watch.cancel()
        try:
            # when this is cancelled, too, the watch hears of it, stops vLLM at once, and is waited for all the same
            await asyncio.gather(self._watch, return_exceptions=True)
        finally:
            shutil.rmtree(self._sockets, ignore_errors=True)
            await self._gate.__aexit__()

    @property
    def url(self) -> str:
        """For RemoteEngine."""
        return self._gate.url

    @property
    def socket(self) -> Path | None:
        """Where vLLM itself listens, for those who may change it; None while it does not answer."""
        return self._gate.upstream

    @property
    def pid(self) -> int | None:
        """Of the vLLM that runs now."""
        return self._tree.pid if self._tree and not self._tree.ended else None

    async def ready(self) -> None:
        """Returns when vLLM answers with the shelf's LoRAs on; raises why it never will."""
        waiting = asyncio.create_task(self._up.wait())
        await asyncio.wait({waiting, self._watch}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._watch.done():
            self._watch.result()

    async def run(self) -> None:
        """Runs until it is cancelled, or until it is clear that vLLM won't start."""
        await self._watch

    async def _supervise(self) -> None:
        pause, hopeless = 1.0, 0
        while True:
            began = time.monotonic()
            healthy = await self._run_once()
            hopeless = 0 if healthy else hopeless + 1
            if hopeless == HOPELESS:
                raise EngineMissing(f"vLLM did not start. {last_words(self._settings.log)}")
            if time.monotonic() - began > GOOD_RUN_SECONDS:
                pause = 1.0
            self._tell(f"vLLM ended; it starts again in {pause:g} s.")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run_once(self) -> bool:
        """One life of the server, from its start to its end; whether it ever answered."""
        self.starts += 1
        socket = self._sockets / f"{self.starts}.sock"
        loras = await asyncio.to_thread(self._shelf.in_use)
        command = vllm_command(self._settings, loras, socket=socket)
        self._tell(f"vLLM starts with {len(loras)} LoRAs; its own words are in {self._settings.log}.")
        self._tree = tree = await ProcessTree.start(
            command.words, environment=command.environment, log=self._settings.log
        )
        try:
            async with control_client(socket) as control:
                return await self._look_after(tree, control, command, socket)
        finally:
            self._up.clear()
            self._gate.upstream = None
            await tree.stop(patience=STOP_SECONDS)

    async def _look_after(self, tree: ProcessTree, control: httpx.AsyncClient, command: Command, socket: Path) -> bool:
        if not await self._answers(tree, control):
            return False
        keeper = LoraKeeper(
            control,
            self._shelf,
            base=self._settings.model,
            max_rank=max_rank(command),
            at_once=max_loras(command),
        )
        await keeper.try_sync()
        self._gate.upstream = socket
        self._up.set()
        self._tell(f"vLLM answers at {self.url}.")
        if left := cores_left(tree.pid):
            self._tell(
                f"Its worker keeps its cores to itself; leave them to it: taskset -c {as_list(left)} greenroom up"
            )
        keeping = asyncio.create_task(keeper.run())
        try:
            await self._until_it_fails(tree, control)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        return True

    async def _answers(self, tree: ProcessTree, control: httpx.AsyncClient) -> bool:
        """Waits for the first sign of health; False if the process ends or takes too long."""
        last = time.monotonic() + self._settings.start_seconds
        while not tree.ended and time.monotonic() < last:
            if await is_healthy(control):
                return True
            await asyncio.sleep(HEALTH_SECONDS / 4)
        return False

    async def _until_it_fails(self, tree: ProcessTree, control: httpx.AsyncClient) -> None:
        silent = 0
        while silent < UNHEALTHY:
            try:
                async with asyncio.timeout(HEALTH_SECONDS):
                    status = await tree.wait()
            except TimeoutError:
                silent = 0 if await is_healthy(control) else silent + 1
            else:
                log.error("vLLM ended with status %s", status)
                return
        log.error("vLLM has not answered %s times in a row", silent)


def control_client(socket: Path) -> httpx.AsyncClient:
    """A client of vLLM itself, through its socket file."""
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(socket)), base_url="http://vllm", timeout=HEALTH_SECONDS * 5
    )


async def is_healthy(control: httpx.AsyncClient) -> bool:
    try:
        return (await control.get("/health")).status_code == 200
    except httpx.TransportError:
        return False


def last_words(log_file: Path) -> str:
    """The last error in vLLM's log, for a sentence."""
    lines = log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-200:]
    errors = [line for line in lines if "Error" in line]
    said = (errors or lines or ["It said nothing."])[-1].strip()
    return f"Its last words: {said[-300:]} (more in {log_file})"
