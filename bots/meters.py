"""What operators watch: turns, first tokens, speed and failures, by persona and model; never a fan's words or id.

The names and labels are a promise to dashboards and alert rules; they change with a line in the changelog only.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bots.crowd import BUSY
from bots.cue import Answer, Cue
from memory import Turn
from personas import platform_of
from serving import Delta, Price

SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 60)
RECALL = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
PLATFORMS = ("api", "discord", "terminal", "web")
QUEUE = (0.01, 0.05, 0.2, 0.5, 1, 2, 5, 10, 30)
FAMILIES = ("EngineAway", "EngineBusy", "EngineRefused", "EngineMissing", "PromptTooLong", "SaidNothing", "BudgetSpent")
SPEED = (1, 2, 5, 10, 20, 40, 80, 160)


class Meters:
    """One house's figures, in a registry of its own, which the serving room's instruments share.

    `prices` say what a model's tokens cost, by the model's name.
    """

    def __init__(self, *, prices: Mapping[str, Price] | None = None) -> None:
        self.registry = registry = CollectorRegistry()
        self._prices = prices or {}
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
        self._turned_away = Counter(
            "greenroom_turned_away", "Turns for which there was no place.", ("persona", "family"), registry=registry
        )
        self._stopped = Counter(
            "greenroom_cancellations", "Replies that a fan ended.", ("persona", "platform"), registry=registry
        )
        self._cost = Counter("greenroom_cost", "What tokens cost, by the settings.", who, registry=registry)
        self._queue = Histogram(
            "greenroom_queue_seconds", "Waiting for an engine.", ("persona",), buckets=QUEUE, registry=registry
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

    def expect(self, persona_ids: Iterable[str]) -> None:
        """Shows their failures as 0 from the start: a rate sees no step from nothing to one."""
        for persona in persona_ids:
            self._forgetful.labels(persona)
            for family in FAMILIES:
                self._failures.labels(persona, family)
            for family in ("EngineBusy", "BudgetSpent"):
                self._turned_away.labels(persona, family)
            for platform in PLATFORMS:
                self._stopped.labels(persona, platform)

    def watch(self, busy: Callable[[], int]) -> None:
        """Counts places that are answered now, whenever somebody asks for the figures."""
        gauge = Gauge("greenroom_places_busy", "Places in which a turn waits or is answered.", registry=self.registry)
        gauge.set_function(busy)

    def text(self) -> bytes:
        """Prometheus' exposition format."""
        return generate_latest(self.registry)

    def count(self, turn: Turn) -> None:
        """Adds a finished turn."""
        persona, model, timings = turn.persona_id, turn.model or "none", turn.timings
        self._turns.labels(persona, model, platform_of(turn.place), turn.outcome).inc()
        self._tokens.labels(persona, model, "prompt").inc(turn.prompt_tokens)
        self._tokens.labels(persona, model, "completion").inc(turn.completion_tokens)
        if "total" in timings:  # whoever was turned away took no time
            self._whole.labels(persona, model).observe(timings["total"])
        if "recall" in timings:
            self._recall.labels(persona).observe(timings["recall"])
        if "first_token" in timings:
            self._first.labels(persona, model).observe(timings["first_token"])
        if turn.completion_tokens > 1 and timings.get("speech"):
            self._speed.labels(persona, model).observe(turn.completion_tokens / timings["speech"])
        self._count_ends(turn)
        if turn.outcome != "at_a_loss" and (price := self._prices.get(model)):
            spent = price.of(prompt_tokens=turn.prompt_tokens, completion_tokens=turn.completion_tokens)
            self._cost.labels(persona, model).inc(spent)
        if "queued" in turn.trace:
            self._queue.labels(persona).observe(float(str(turn.trace["queued"])))
        if "forgetful" in turn.trace:
            self._forgetful.labels(persona).inc()

    def _count_ends(self, turn: Turn) -> None:
        """How a reply ended, where it did not end by itself."""
        finish, family = turn.trace.get("finish"), str(turn.trace.get("family", ""))
        if finish == BUSY:
            self._turned_away.labels(turn.persona_id, family).inc()
        elif family:
            self._failures.labels(turn.persona_id, family).inc()
        if finish == "stopped":
            self._stopped.labels(turn.persona_id, platform_of(turn.place)).inc()

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
