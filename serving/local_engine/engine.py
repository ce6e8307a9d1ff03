"""The engine in this process as the rest of the house sees it: asyncio on this side, the model on its own thread."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Window
from serving.errors import EngineAway, EngineBusy, EngineMissing, EngineRefused, PromptTooLong, ServingError
from serving.local_engine.folder import checked
from serving.local_engine.generation import Generation

if TYPE_CHECKING:  # torch is imported when the model is loaded, not when a program starts
    from serving.local_engine.network import Network
    from serving.local_engine.worker import Counters, Worker


class Loras(Protocol):
    """What the engine asks of the shelf: the exact name and the folder behind a LoRA's name."""

    def place(self, lora: str) -> tuple[str, Path]:
        """Raises EngineRefused if there is none."""


class LocalEngine:
    """A causal language model through transformers, in process, for several fans at once.

    `folder` is a model's folder or its name on the hub. `rows` replies are said in the same steps, `waiting` more
    may wait; then EngineBusy. `prefix_room` bytes are spent on prompts read before.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        name: str,
        shelf: Loras | None = None,
        device: str = "cpu",
        rows: int = 16,
        waiting: int = 64,
        prefix_room: int = 256 * 2**20,
    ) -> None:
        self._folder = str(folder)
        self._name = name
        self._shelf = shelf
        self._device = device
        self._rows = rows
        self._waiting = waiting
        self._prefix_room = prefix_room
        self._loading = threading.Lock()
        self._worker: Worker | None = None
        self._network: Network | None = None
        self._closed = False

    @property
    def model(self) -> str:
        return self._name

    @property
    def window(self) -> Window:
        """By the model's own tokeniser. Loads the model if nobody awaited `ready` before, and blocks meanwhile."""
        network = self._loaded()
        return Window(network.window, lambda messages: len(network.tokens(messages)))

    @property
    def counters(self) -> "Counters":
        """What the model's thread has done so far."""
        if self._worker is None:
            raise EngineAway(f"The engine {self._name} is not loaded.")
        return self._worker.counters

    async def ready(self) -> None:
        """Loads the model on the first call; EngineMissing says what is not there."""
        if self._network is None:
            await asyncio.to_thread(self._loaded)

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        await self.ready()
        generation = self._generation(prompt, sampling, lora)
        self._running().submit(generation)
        try:
            while True:
                piece = await generation.pieces.get()
                if isinstance(piece, ServingError):
                    raise piece
                yield piece
                if isinstance(piece, Completion):
                    return
        finally:
            generation.leave()

    async def aclose(self) -> None:
        """Ends the model's thread after the step it is in."""
        self._closed = True
        if self._worker is not None:
            await asyncio.to_thread(self._worker.close)

    def _generation(self, prompt: Sequence[ChatMessage], sampling: Sampling, lora: str | None) -> Generation:
        network = self._loaded()
        tokens = network.tokens(prompt)
        if len(tokens) >= network.window:
            raise PromptTooLong(len(tokens), network.window - 1)
        name, folder = self._placed(lora) if lora else (None, None)
        temperature = network.temperature if sampling.temperature is None else sampling.temperature
        return Generation(tokens, sampling, temperature, name, folder, asyncio.get_running_loop())

    def _placed(self, lora: str) -> tuple[str, Path]:
        if self._shelf is None:
            raise EngineRefused(f"The LoRA {lora} was asked for, and the engine {self._name} has no shelf.")
        return self._shelf.place(lora)

    def _running(self) -> "Worker":
        worker = self._worker
        if self._closed or worker is None or not worker.alive:
            raise EngineAway(f"The engine {self._name} is closed.")
        if worker.waiting >= self._waiting:
            raise EngineBusy(f"The engine {self._name} has {worker.waiting} prompts waiting.", retry_after=2.0)
        return worker

    def _loaded(self) -> "Network":
        with self._loading:
            if self._network is None:
                self._network, self._worker = self._load()
            return self._network

    def _load(self) -> "tuple[Network, Worker]":
        checked(self._folder)
        try:
            from serving.local_engine.network import load
            from serving.local_engine.worker import Worker
        except ImportError as exc:
            sentence = f"An engine in process needs {exc.name}. Install it with: pip install 'greenroom[local]'"
            raise EngineMissing(sentence) from exc
        network = load(self._folder, device=self._device)
        return network, Worker(network, name=self._name, rows=self._rows, prefix_room=self._prefix_room)
