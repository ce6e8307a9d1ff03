"""Seconds by step, because a slow reply must be explainable afterwards."""

from collections.abc import Callable
from time import perf_counter


class Stopwatch:
    """Each `lap` takes the time since the one before; `mark` takes the time since the start."""

    def __init__(self, now: Callable[[], float] = perf_counter) -> None:
        self._now = now
        self._began = self._last = now()
        self._timings: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """Ends a step; a step that comes twice is added up."""
        now = self._now()
        self._timings[step] = self._timings.get(step, 0.0) + now - self._last
        self._last = now

    def mark(self, moment: str) -> None:
        """Notes when something first happened; later calls for the same moment change nothing."""
        self._timings.setdefault(moment, self._now() - self._began)

    def read(self) -> dict[str, float]:
        """All laps and marks so far, with the `total`, in seconds."""
        rounded = {step: round(seconds, 6) for step, seconds in self._timings.items()}
        return rounded | {"total": round(self._now() - self._began, 6)}
