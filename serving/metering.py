"""Measures every engine the same way, for Prometheus: no fan's words, names or ids ever reach a metric."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from serving.admission import Admission
from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Engine
from serving.engine_around import EngineAround
from serving.errors import EngineAway, EngineBusy, EngineMissing, EngineRefused, PromptTooLong, ServingError
from serving.router import Replica, Router

FIRST_WORD = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 60)
RATE = (1, 2, 5, 10, 20, 50, 100, 200, 500)
FAMILIES = {
    EngineAway: "away",
    EngineBusy: "busy",
    EngineMissing: "missing",
    PromptTooLong: "too_long",
    EngineRefused: "refused",
}


class Meters:
    """The house's instruments for engines, in one registry; labels are names that an operator gave."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.running = Gauge(
            "greenroom_engine_replies_running", "Replies that are being said.", ["engine"], registry=registry
        )
        self.replies = Counter(
            "greenroom_engine_replies",
            "Replies by how they ended: stop, length, left (before its end), or an error's family.",
            ["engine", "lora", "outcome"],
            registry=registry,
        )
        self.tokens = Counter(
            "greenroom_engine_tokens",
            "Tokens by kind: prompt, cached (a part of prompt), completion.",
            ["engine", "lora", "kind"],
            registry=registry,
        )
        self.first_word = Histogram(
            "greenroom_engine_first_word_seconds",
            "From asking an engine to its first word.",
            ["engine"],
            buckets=FIRST_WORD,
            registry=registry,
        )
        self.rate = Histogram(
            "greenroom_engine_tokens_per_second",
            "Speed of a reply after its first word.",
            ["engine"],
            buckets=RATE,
            registry=registry,
        )
        self.failovers = Counter(
            "greenroom_failovers",
            "Failures that another engine or replica was asked to mend, by who failed.",
            ["engine", "replica"],
            registry=registry,
        )
        self._resting = Gauge(
            "greenroom_replica_resting",
            "1 for a replica that is left alone because it does not answer.",
            ["engine", "replica"],
            registry=registry,
        )
        self._queue = Gauge("greenroom_queue", "Turns that wait for an engine.", ["engine"], registry=registry)
        self._places = Gauge(
            "greenroom_places_free", "Turns that could begin on an engine at once.", ["engine"], registry=registry
        )

    def failed_over(self, engine: str, replica: str = "") -> None:
        """An engine, or one of its replicas, failed before its first word, and another is asked."""
        self.failovers.labels(engine, replica).inc()

    def watch_router(self, engine: str, router: Router) -> None:
        """Whether each replica is being left alone, whenever somebody asks for the figures."""
        for replica in router.replicas:
            self.failovers.labels(engine, replica.name)
            self._resting.labels(engine, replica.name).set_function(partial(rests, replica))

    def watch_admission(self, engine: str, admission: Admission) -> None:
        """How many wait, and how many might begin, whenever somebody asks for the figures."""
        self._queue.labels(engine).set_function(lambda: admission.waiting)
        self._places.labels(engine).set_function(lambda: admission.free)


def rests(replica: Replica) -> float:
    return float(replica.breaker.open)


class MeteredEngine(EngineAround):
    """An engine with instruments on it, under the `name` that the settings give it."""

    def __init__(
        self, engine: Engine, meters: Meters, *, name: str, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(engine)
        self._name = name
        self._meters = meters
        self._clock = clock

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        outcome, began, first = "left", self._clock(), 0.0
        with self._meters.running.labels(self._name).track_inprogress():
            try:
                async with aclosing(super().stream(prompt, sampling=sampling, lora=lora)) as stream:
                    async for piece in stream:
                        if not first:
                            first = self._clock()
                            self._meters.first_word.labels(self._name).observe(first - began)
                        if isinstance(piece, Completion):
                            outcome = piece.finish_reason
                            self._count(piece, self._clock() - first)
                        yield piece
            except ServingError as exc:
                outcome = next((family for kind, family in FAMILIES.items() if isinstance(exc, kind)), "other")
                raise
            finally:
                self._meters.replies.labels(self._name, lora or "", outcome).inc()

    def _count(self, completion: Completion, seconds: float) -> None:
        kinds = {
            "prompt": completion.prompt_tokens,
            "cached": completion.cached_tokens,
            "completion": completion.completion_tokens,
        }
        for kind, tokens in kinds.items():
            self._meters.tokens.labels(self._name, completion.lora or "", kind).inc(tokens)
        if seconds > 0 and completion.completion_tokens > 1:
            self._meters.rate.labels(self._name).observe((completion.completion_tokens - 1) / seconds)
