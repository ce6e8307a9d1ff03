"""Stops asking what does not answer, and tries again after a while."""

import time
from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row, for `pause` seconds; then one trial decides. Each failed trial doubles it.

    The circuit breaker of Nygard's "Release It!", with the half-open state as one trial at a time.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        pause: float = 2.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._first_pause = self._pause = pause
        self._longest = longest
        self._clock = clock
        self._failures = 0
        self._closed_until_trial = 0.0
        self._trial = False

    @property
    def lets_through(self) -> bool:
        """Whether to ask: closed, or open for long enough that it is time for a trial that nobody makes yet."""
        return not self.open or (self._clock() >= self._closed_until_trial and not self._trial)

    @property
    def open(self) -> bool:
        return self._failures >= self._limit

    def begin(self) -> None:
        """A request is on its way; when open, it is the trial."""
        self._trial = self.open

    def succeed(self) -> None:
        self._failures, self._pause, self._trial = 0, self._first_pause, False

    def fail(self) -> None:
        self._failures += 1
        if self.open:
            self._pause = min(2 * self._pause, self._longest) if self._trial else self._first_pause
            self._closed_until_trial = self._clock() + self._pause
        self._trial = False

    def give_up(self) -> None:
        """The request ended without telling anything, as when a fan leaves."""
        self._trial = False
