"""How often somebody may ask: so many times a minute, in bursts up to that many."""

import time
from collections import OrderedDict
from collections.abc import Callable

MOST_KNOWN = 10_000


class Rate:
    """A bucket for each name, which fills up again evenly. `wait` says how many seconds are left until the next."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str, *, per_minute: int) -> float:
        """Takes one; 0 if there was one, else the seconds until there will be, and nothing is taken."""
        now = self._now()
        left, at = self._buckets.get(name, (float(per_minute), now))
        left = min(float(per_minute), left + (now - at) * per_minute / 60)
        enough = left >= 1
        self._buckets[name] = (left - 1 if enough else left, now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > MOST_KNOWN:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (1 - left) * 60 / per_minute
