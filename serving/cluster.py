"""An engine on many machines: Ray Serve keeps as many copies of it as the load needs; the only file that knows ray.

A copy (a replica) is a process with an engine of its own: the local one, or a client of a vLLM beside it. Replicas are
added while each has more than `per_replica` replies running, and taken away when they have not. A LoRA is asked for
where it was worn before (Serve's multiplexing), so that its weights and prompts stay cached. A replica that dies before
the first word of a reply is replaced by another without anybody noticing; after it, the reply ends there.

What is not covered: vLLM's own tensor parallelism over machines; docs/scaling.md says what to use for that.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.config import AutoscalingConfig
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Engine, Window
from serving.errors import EngineAway, ServingError
from serving.token_estimate import estimate

NO_LORA = ""
TRIES = 3


@dataclass(frozen=True, slots=True)
class Scale:
    """How many replicas, and when there are more or fewer of them (seconds a load must last)."""

    at_least: int = 1
    at_most: int = 4
    per_replica: int = 16
    loras_each: int = 16
    gpus_each: float = 0.0
    more_after: float = 10.0
    fewer_after: float = 300.0

    def autoscaling(self) -> AutoscalingConfig:
        return AutoscalingConfig(
            min_replicas=self.at_least,
            max_replicas=self.at_most,
            target_ongoing_requests=self.per_replica,
            upscale_delay_s=self.more_after,
            downscale_delay_s=self.fewer_after,
            metrics_interval_s=min(self.more_after, 10.0) / 2,
            look_back_period_s=max(min(self.more_after, 30.0), 1.0),
        )


class Copy:
    """One replica: an engine in a process of its own, spoken to through Ray."""

    def __init__(self, make: Callable[[], Engine], loras_each: int) -> None:
        self._engine = make()
        self._worn = serve.multiplexed(max_num_models_per_replica=loras_each)(worn)

    async def window(self) -> int | ServingError:
        """The engine's window, in tokens, once it is ready; or why it is not."""
        try:
            await self._engine.ready()
            return await asyncio.to_thread(lambda: self._engine.window.tokens)
        except ServingError as exc:
            return exc

    async def say(
        self, prompt: Sequence[ChatMessage], sampling: Sampling, lora: str
    ) -> AsyncGenerator[Delta | Completion | ServingError, None]:
        """The engine's stream; a failure is its last piece, because Ray would wrap and lose an exception of ours."""
        if lora:
            await self._worn(lora)
        try:
            async with aclosing(self._engine.stream(prompt, sampling=sampling, lora=lora or None)) as stream:
                async for piece in stream:
                    yield piece
        except ServingError as exc:
            yield exc


async def worn(lora: str) -> str:
    """Told to Ray: this replica has the LoRA, and is asked for it again. The engine itself loads it."""
    return lora


class ClusterEngine:
    """One engine in front of the replicas. `make` makes a replica's engine, in the replica's process.

    `address` is a Ray cluster's ("auto": the one this machine belongs to); without one a small one is started here.
    """

    def __init__(self, make: Callable[[], Engine], *, name: str, scale: Scale = Scale(), address: str = "") -> None:
        self._make = make
        self._name = name
        self._scale = scale
        self._address = address
        self._handle: DeploymentHandle[Any] | None = None
        self._tokens = 8192
        self._opening = asyncio.Lock()

    @property
    def model(self) -> str:
        return self._name

    @property
    def window(self) -> Window:
        """A replica's, once it was asked (`ready`); prompts are measured by a high estimate."""
        return Window(self._tokens, estimate, rough=True)

    async def ready(self) -> None:
        """Starts what is not started yet, and waits until a replica answers."""
        handle = await self._opened()
        try:
            told = await handle.window.remote()
        except (RayError, RayServeException) as exc:
            raise EngineAway(f"No replica of {self._name} can start: {reason(exc)}") from exc
        if isinstance(told, ServingError):
            raise told
        self._tokens = told

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        handle = (await self._opened()).options(stream=True, multiplexed_model_id=lora or NO_LORA)
        for attempt in range(1, TRIES + 1):
            spoken = False
            pieces = handle.say.remote(tuple(prompt), sampling, lora or NO_LORA)
            try:
                async for piece in pieces:
                    if isinstance(piece, ServingError):
                        raise piece
                    spoken = True
                    yield piece
                return
            except (RayError, RayServeException) as exc:
                if spoken or attempt == TRIES:
                    raise EngineAway(f"A replica of {self._name} is gone: {reason(exc)}") from exc
                logging.getLogger(__name__).info("A replica of %s is gone; another is asked", self._name)
            finally:
                pieces.cancel()  # a fan who leaves ends the work; without effect on what is over

    async def aclose(self) -> None:
        """Takes the replicas away; a Ray that was started for them ends with this process."""
        if self._handle is not None:
            await asyncio.to_thread(serve.delete, self._name)
            self._handle = None

    async def _opened(self) -> DeploymentHandle[Any]:
        async with self._opening:
            if self._handle is None:
                self._handle = await asyncio.to_thread(self._open)
            return self._handle

    def _open(self) -> DeploymentHandle[Any]:
        if not ray.is_initialized():
            join(self._address)
        serve.start(proxy_location="Disabled")  # fans come through the bots, not through Ray's own HTTP
        deployment = serve.deployment(
            name="copy",
            autoscaling_config=self._scale.autoscaling(),
            max_ongoing_requests=4 * self._scale.per_replica,
            ray_actor_options={"num_cpus": 0, "num_gpus": self._scale.gpus_each},
            graceful_shutdown_timeout_s=120,
        )(Copy)
        app = deployment.bind(self._make, self._scale.loras_each)
        return serve.run(app, name=self._name, route_prefix=None)


def join(address: str) -> None:
    """The cluster at an address, or a small one started here. Raises EngineAway."""
    patient = {"agent_register_timeout_ms": 120_000}  # on a busy machine Ray's own processes take their time
    here = {} if address else {"include_dashboard": False, "object_store_memory": 2**27, "_system_config": patient}
    for attempt in range(1, TRIES + 1):
        try:
            ray.init(address=address or None, log_to_driver=False, configure_logging=False, **here)
        except Exception as exc:  # Ray raises just that when a node of its own is late, as on a busy machine
            ray.shutdown()
            if attempt == TRIES:
                raise EngineAway(f"Ray does not start or answer {address}: {reason(exc)}") from exc
        else:
            return


def reason(exc: Exception) -> str:
    """The first line; Ray's messages hold whole tracebacks."""
    return (str(exc).strip() or type(exc).__name__).splitlines()[0]
