"""What tokens cost, and how many may be spent in a day: by everybody, by one persona, by one fan."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from serving.errors import EngineBusy


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in whatever money the operator counts in."""

    prompt: float = 0.0
    completion: float = 0.0

    def of(self, *, prompt_tokens: int, completion_tokens: int) -> float:
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


class BudgetSpent(EngineBusy):
    """The day's tokens are used up; `retry_after` is the time until midnight UTC."""


class Budget:
    """Limits in tokens a day (UTC), prompt and reply together; None: no limit. A reply that has begun may pass it.

    It counts in memory: whoever makes it charges it with what the day has cost already (`began`).
    """

    def __init__(
        self,
        *,
        each_fan: int | None = None,
        each_persona: int | None = None,
        everybody: int | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._limits = {"fan": each_fan, "persona": each_persona, "everybody": everybody}
        self._now = now
        self._day = now().date()
        self._spent: Counter[tuple[str, str]] = Counter()

    @property
    def limited(self) -> bool:
        """Whether anybody can be refused."""
        return any(limit is not None for limit in self._limits.values())

    @property
    def began(self) -> datetime:
        """The midnight (UTC) since which tokens count."""
        return self._now().replace(hour=0, minute=0, second=0, microsecond=0)

    def check(self, *, fan: str, persona: str) -> None:
        """Raises BudgetSpent if one of the three is used up."""
        self._turn_the_page()
        for kind, name in accounts(fan, persona):
            limit = self._limits[kind]
            if limit is not None and self._spent[kind, name] >= limit:
                whose = {"fan": "a fan", "persona": persona, "everybody": "everybody"}[kind]
                raise BudgetSpent(f"Today's {limit} tokens of {whose} are spent.", retry_after=self._until_midnight())

    def spend(self, tokens: int, *, fan: str, persona: str) -> None:
        self._turn_the_page()
        for account in accounts(fan, persona):
            self._spent[account] += tokens

    def _turn_the_page(self) -> None:
        today = self._now().date()
        if today != self._day:
            self._day = today
            self._spent.clear()

    def _until_midnight(self) -> float:
        now = self._now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (midnight - now).total_seconds()


def accounts(fan: str, persona: str) -> tuple[tuple[str, str], ...]:
    """The three accounts that a reply is charged to."""
    return (("fan", fan), ("persona", persona), ("everybody", ""))
