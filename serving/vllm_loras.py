"""Keeps the LoRAs that a running vLLM has loaded equal to the shelf, while fans talk.

A new version is loaded from its own folder; clients see it in the server's list and wear it for new turns
(serving/served.py); the old one is unloaded once no running or waiting request wears it, and not before clients have
had the time to notice.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping

import httpx

from serving import lora_check
from serving.errors import EngineAway
from serving.served import FRESH_SECONDS
from serving.shelf import Shelf, ShelfError, Shelved

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
GRACE_SECONDS = 5 * FRESH_SECONDS
WORN = re.compile(r"^vllm:lora_requests_info\{(?P<labels>.*)\} (?P<at>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(?:running|waiting)_lora_adapters="([^"]*)"')


class LoraKeeper:
    """`control` is a client of vLLM itself, not of the gate: only there can weights be loaded."""

    def __init__(
        self,
        control: httpx.AsyncClient,
        shelf: Shelf,
        *,
        max_rank: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control = control
        self._shelf = shelf
        self._max_rank = max_rank
        self._clock = clock
        self._refused: set[str] = set()
        self._superfluous: dict[str, float] = {}

    async def run(self) -> None:
        """Looks at the shelf twice a second, for ever."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.try_sync()

    async def try_sync(self) -> None:
        """Once; what goes wrong is logged, and tried again next time."""
        try:
            await self.sync()
        except (EngineAway, ShelfError) as exc:
            log.warning("The LoRAs were not compared with the shelf: %s", exc)

    async def sync(self) -> None:
        """Loads what is on the shelf and not on the server, and unloads what nobody needs any more."""
        loaded = await self.loaded()
        wanted = await asyncio.to_thread(lambda: {shelved.id: shelved for shelved in self._shelf.in_use()})
        for name in sorted(wanted.keys() - loaded - self._refused):
            await self._load(wanted[name])
        await self._unload_idle(loaded - wanted.keys())

    async def loaded(self) -> frozenset[str]:
        """The names of the LoRAs on the server."""
        listed = (await self._ask("GET", "/v1/models")).json()["data"]
        return frozenset(model["id"] for model in listed if model.get("parent"))

    async def _load(self, shelved: Shelved) -> None:
        troubles = await asyncio.to_thread(lora_check.check, shelved.folder, max_rank=self._max_rank)
        if not troubles:
            told = {"lora_name": shelved.id, "lora_path": str(shelved.folder.absolute())}
            answer = await self._ask("POST", "/v1/load_lora_adapter", told)
            if answer.is_success:
                log.info("Loaded the LoRA %s", shelved.id)
                return
            troubles = (f"vLLM answered {answer.status_code}: {answer.text[:500]}",)
        self._refused.add(shelved.id)  # the folder never changes, so neither will the answer
        log.error("The LoRA %s can't be served: %s", shelved.id, " ".join(troubles))

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
