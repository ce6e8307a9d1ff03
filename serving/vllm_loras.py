"""Keeps the LoRAs that a running vLLM has loaded equal to the shelf, while fans talk.

A new version is loaded from its own folder; clients see it in the server's list and wear it for new turns
(serving/served.py); the old one is unloaded once no running or waiting request wears it, and not before clients have
had the time to notice. Where the server does not take the new version, the one before it stays.
"""

import asyncio
import logging
import math
import re
import time
from collections.abc import Callable, Mapping
from functools import partial

import httpx

from serving import lora_check
from serving.errors import EngineAway
from serving.served import FRESH_SECONDS
from serving.shelf import Shelf, ShelfError, Shelved

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
GRACE_SECONDS = 5 * FRESH_SECONDS
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # seconds before what failed is loaded again, twice as long each time
WORN = re.compile(r"^vllm:lora_requests_info\{(?P<labels>.*)\} (?P<at>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(?:running|waiting)_lora_adapters="([^"]*)"')


class LoraKeeper:
    """`control` is a client of vLLM itself, not of the gate: only there can weights be loaded.

    The server has the model `base` and wears `at_once` LoRAs of ranks up to `max_rank` in one batch.
    """

    def __init__(
        self,
        control: httpx.AsyncClient,
        shelf: Shelf,
        *,
        base: str,
        max_rank: int,
        at_once: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control = control
        self._shelf = shelf
        self._base = base
        self._max_rank = max_rank
        self._at_once = at_once
        self._clock = clock
        self._resting: dict[str, tuple[float, float]] = {}  # what was not taken: its pause, and when that is over
        self._superfluous: dict[str, float] = {}
        self._told = False

    async def run(self) -> None:
        """Looks at the shelf twice a second, for ever."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.try_sync()

    async def try_sync(self) -> None:
        """Once; whatever goes wrong is logged, and tried again next time: nobody else would notice its end."""
        try:
            await self.sync()
        except (EngineAway, ShelfError, OSError) as exc:
            log.warning("The LoRAs were not compared with the shelf: %s", exc)
        except Exception:
            log.exception("The LoRAs were not compared with the shelf.")

    async def sync(self) -> None:
        """Loads what is on the shelf and not on the server, and unloads what nobody needs any more."""
        loaded, lacking = await self.loaded(), frozenset[str]()
        wanted = await self._in_use(lacking)
        while missing := [one for one in wanted.values() if one.id not in loaded]:
            taken = frozenset([one.id for one in missing if await self._load(one)])
            loaded, lacking = loaded | taken, lacking | {one.id for one in missing} - taken
            wanted = await self._in_use(lacking)
        self._tell_if_crowded(len(wanted))
        await self._unload_idle(loaded - wanted.keys())

    def _tell_if_crowded(self, wanted: int) -> None:
        """Once: the places in a batch are counted when the server starts, and the cast may have grown since."""
        if wanted > self._at_once and not self._told:
            self._told = True
            log.warning(
                "%s LoRAs are in use, and vLLM has places for %s in one batch; replies with the others wait. "
                "Set serving: server: max_loras: %s, and start `greenroom serve` again.",
                wanted,
                self._at_once,
                wanted,
            )

    async def _in_use(self, lacking: frozenset[str]) -> dict[str, Shelved]:
        """What the server is to have, by name: of a LoRA whose newest version it lacks, the one before."""
        found = await asyncio.to_thread(self._shelf.in_use, without=lacking)
        return {shelved.id: shelved for shelved in found}

    async def loaded(self) -> frozenset[str]:
        """The names of the LoRAs on the server."""
        answer = await self._ask("GET", "/v1/models")
        if not answer.is_success:
            raise EngineAway(f"vLLM answered {answer.status_code} to /v1/models: {answer.text[:500]}")
        listed = answer.json()["data"]
        return frozenset(model["id"] for model in listed if model.get("parent"))

    async def _load(self, shelved: Shelved) -> bool:
        """Whether the server took it; what was refused is not asked for again, and what failed not at once."""
        pause, until = self._resting.get(shelved.id, (FIRST_PAUSE, 0.0))
        if self._clock() < until:
            return False
        fits = partial(lora_check.check, base=self._base, max_rank=self._max_rank, by_name=False)
        troubles = await asyncio.to_thread(fits, shelved.folder)
        if not troubles:
            told = {"lora_name": shelved.id, "lora_path": str(shelved.folder.absolute())}
            answer = await self._ask("POST", "/v1/load_lora_adapter", told)
            if answer.is_success:
                log.info("Loaded the LoRA %s", shelved.id)
                return True
            troubles = (f"vLLM answered {answer.status_code}: {answer.text[:500]}",)
            if not answer.is_client_error:
                self._resting[shelved.id] = min(2 * pause, LONGEST_PAUSE), self._clock() + pause
                log.error("The LoRA %s is not served yet: %s", shelved.id, troubles[0])
                return False
        self._resting[shelved.id] = math.inf, math.inf  # the folder never changes, so neither will the answer
        log.error("The LoRA %s can't be served: %s", shelved.id, " ".join(troubles))
        return False

    async def _unload_idle(self, superfluous: frozenset[str]) -> None:
        self._superfluous = {name: self._superfluous.get(name, self._clock()) for name in superfluous}
        due = {name for name, since in self._superfluous.items() if self._clock() - since >= GRACE_SECONDS}
        if not due:
            return
        worn = worn_now((await self._ask("GET", "/metrics")).text)
        for name in sorted(due - worn):
            await self._ask("POST", "/v1/unload_lora_adapter", {"lora_name": name})
            log.info("Unloaded the LoRA %s", name)

    async def _ask(self, method: str, path: str, told: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            return await self._control.request(method, path, json=told)
        except httpx.TransportError as exc:
            raise EngineAway(f"vLLM did not answer {path}: {exc}") from exc


def worn_now(metrics: str) -> frozenset[str]:
    """The LoRAs of running and waiting requests: vLLM keeps a line for each set it ever saw, the latest is now."""
    lines = [(float(match["at"]), match["labels"]) for match in WORN.finditer(metrics)]
    if not lines:
        return frozenset()
    _, labels = max(lines)
    return frozenset(name for names in LABEL.findall(labels) for name in names.split(",") if name)
