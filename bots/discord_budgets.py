"""How much a fan and a server may ask for: replies in an hour, tokens in a day; counted since the process started."""

import time
from collections import defaultdict, deque
from collections.abc import Callable

from bots.discord_rules import RoomRules
from memory import Turn

HOUR, DAY = 3600.0, 86400.0


class Budgets:
    """Sliding windows by name; what fell out of its window is forgotten."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._spent: dict[str, deque[tuple[float, int]]] = defaultdict(deque)

    def refusal(self, *, fan: str, guild: str, rules: RoomRules) -> str:
        """Why this fan gets no reply here now, in words; empty if they do."""
        if rules.replies_an_hour is not None and self._sum(f"replies {guild} {fan}", HOUR) >= rules.replies_an_hour:
            return f"this fan had {rules.replies_an_hour} replies within the hour"
        if rules.tokens_a_day is not None and self._sum(f"tokens {guild}", DAY) >= rules.tokens_a_day:
            return f"this server had {rules.tokens_a_day} tokens within the day"
        return ""

    def spend(self, turn: Turn, *, fan: str, guild: str) -> None:
        """Counts a reply that was given."""
        now = self._now()
        self._spent[f"replies {guild} {fan}"].append((now, 1))
        self._spent[f"tokens {guild}"].append((now, turn.prompt_tokens + turn.completion_tokens))

    def _sum(self, name: str, window: float) -> int:
        spent = self._spent[name]
        while spent and self._now() - spent[0][0] > window:
            spent.popleft()
        return sum(amount for _, amount in spent)
