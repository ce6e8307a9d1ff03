"""What operators watch: turns, first tokens, speed and failures, by persona and model; never a fan's words or id.

The names and labels are a promise to dashboards and alert rules; they change with a line in the changelog only.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bots.cue import Answer, Cue
from memory import Turn
from personas import platform_of
from serving import Delta

SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 60)
RECALL = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
SPEED = (1, 2, 5, 10, 20, 40, 80, 160)


class Meters:
    """One house's figures, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        who = ("persona", "model")
        self._turns = Counter(
            "greenroom_turns", "Turns by outcome.", ("persona", "model", "platform", "outcome"), registry=registry
        )
        self._failures = Counter(
            "greenroom_engine_failures",
            "Replies an engine failed in, by family.",
            ("persona", "family"),
            registry=registry,
        )
        self._forgetful = Counter("greenroom_recall_failures", "Turns without memory.", ("persona",), registry=registry)
        self._tokens = Counter("greenroom_tokens", "Tokens read and said.", (*who, "kind"), registry=registry)
        self._first = Histogram(
            "greenroom_first_token_seconds", "From the cue to the first word.", who, buckets=SECONDS, registry=registry
        )
        self._whole = Histogram("greenroom_turn_seconds", "A whole turn.", who, buckets=SECONDS, registry=registry)
        self._recall = Histogram("greenroom_recall_seconds", "Recall.", ("persona",), buckets=RECALL, registry=registry)
        self._speed = Histogram(
            "greenroom_tokens_per_second", "Speed of one reply.", who, buckets=SPEED, registry=registry
        )
        self._playing = Gauge("greenroom_turns_in_progress", "Turns that are being answered.", registry=registry)

    def watch(self, busy: Callable[[], int]) -> None:
        """Counts places that are answered now, whenever somebody asks for the figures."""
        gauge = Gauge("greenroom_places_busy", "Places in which a turn waits or is answered.", registry=self._registry)
        gauge.set_function(busy)

    def text(self) -> bytes:
        """Prometheus' exposition format."""
        return generate_latest(self._registry)

    def count(self, turn: Turn) -> None:
        """Adds a finished turn."""
        persona, model, timings = turn.persona_id, turn.model or "none", turn.timings
        self._turns.labels(persona, model, platform_of(turn.place), turn.outcome).inc()
        self._tokens.labels(persona, model, "prompt").inc(turn.prompt_tokens)
        self._tokens.labels(persona, model, "completion").inc(turn.completion_tokens)
        self._whole.labels(persona, model).observe(timings.get("total", 0.0))
        self._recall.labels(persona).observe(timings.get("recall", 0.0))
        if "first_token" in timings:
            self._first.labels(persona, model).observe(timings["first_token"])
        if turn.completion_tokens > 1 and timings.get("speech"):
            self._speed.labels(persona, model).observe(turn.completion_tokens / timings["speech"])
        if family := turn.trace.get("family"):
            self._failures.labels(persona, str(family)).inc()
        if "forgetful" in turn.trace:
            self._forgetful.labels(persona).inc()

    def measured(self, answer: Answer) -> Answer:
        """The same answer, counted."""

        async def counting(cue: Cue) -> AsyncGenerator[Delta | Turn, None]:
            with self._playing.track_inprogress():
                async with aclosing(answer(cue)) as steps:
                    async for step in steps:
                        if isinstance(step, Turn):
                            self.count(step)
                        yield step

        return counting
