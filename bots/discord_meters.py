"""What operators watch of Discord: connections, requests by what came of them, and how soon words stand there.

Names and labels are a promise to dashboards, as those of `bots/meters.py`; no guild, channel or person is a label.
"""

from collections.abc import Callable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.2, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60)
Outcome = Literal["done", "429", "refused", "failed", "lost"]
Connection = Literal["new", "resumed", "cut", "rebuilt"]
OUTCOMES: tuple[Outcome, ...] = ("done", "429", "refused", "failed", "lost")
CONNECTIONS: tuple[Connection, ...] = ("new", "resumed", "cut", "rebuilt")


class DiscordMeters:
    """One process's figures; all its clients share them, also those that come after another's end."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter("greenroom_discord_events", "Events heard from the gateway.", registry=registry)
        self._connections = Counter(
            "greenroom_discord_connections", "What became of gateway connections.", ("what",), registry=registry
        )
        self._requests = Counter(
            "greenroom_discord_requests", "Requests to Discord by outcome.", ("outcome",), registry=registry
        )
        self._given_up = Counter(
            "greenroom_discord_lines_given_up", "Lines that no try could answer.", registry=registry
        )
        self._well = Gauge("greenroom_discord_accounts_ready", "Accounts whose gateway answers.", registry=registry)
        self._first_words = Histogram(
            "greenroom_discord_first_words_seconds",
            "From a line to the first words that stand in the channel.",
            buckets=SECONDS,
            registry=registry,
        )
        for what in CONNECTIONS:
            self._connections.labels(what)
        for outcome in OUTCOMES:
            self._requests.labels(outcome)

    def watch(self, well: Callable[[], int]) -> None:
        """Counts the accounts whose gateway answers, whenever somebody asks for the figures."""
        self._well.set_function(well)

    def heard(self) -> None:
        """An event came."""
        self._events.inc()

    def connection(self, what: Connection) -> None:
        """A session began or was resumed, a connection was cut, a client was built anew."""
        self._connections.labels(what).inc()

    def request(self, outcome: Outcome) -> None:
        """A request was answered, or its answer was lost."""
        self._requests.labels(outcome).inc()

    def gave_up(self) -> None:
        """A line stays without a reply until somebody looks into its channel again."""
        self._given_up.inc()

    def first_words(self, seconds: float) -> None:
        """A reply's first words stand there."""
        self._first_words.observe(seconds)


def outcome_of(status: int) -> Outcome:
    """What an HTTP status says about a request."""
    if status == 429:
        return "429"
    if status >= 500:
        return "failed"
    return "refused" if status >= 400 else "done"
