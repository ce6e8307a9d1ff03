"""What a lorebook remembers between turns of one conversation: a value, so that a rollback is keeping the old one.

Messages are counted, not time. A sticky entry stays for N messages after the one that woke it; its cooldown begins when
it ends. An effect that began at a message which is gone now (deleted, swiped, or in another branch) never happened.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from personas.lorebook import LoreEntry


@dataclass(frozen=True, slots=True)
class Span:
    """From the message count at which an effect began to the one at which it has ended."""

    began: int
    ends: int


@dataclass(frozen=True, slots=True)
class LoreState:
    """Entries by their key: kept for good, spent for good, sticky, and cooling down."""

    kept: frozenset[str] = frozenset()
    spent: frozenset[str] = frozenset()
    sticky: Mapping[str, Span] = field(default_factory=dict)
    cooling: Mapping[str, Span] = field(default_factory=dict)

    def at(self, count: int, entries: Iterable[LoreEntry]) -> "LoreState":
        """The state when so many messages were said: what has ended is over, and cooldowns follow."""
        if not self.sticky and not self.cooling:
            return self
        cooldowns = {entry.key: entry.rules.cooldown for entry in entries if entry.rules.cooldown}
        sticky = {key: span for key, span in self.sticky.items() if span.began < count}
        cooling = {key: span for key, span in self.cooling.items() if span.began < count}
        over = {key: span for key, span in sticky.items() if span.ends <= count}
        cooling |= {key: Span(span.ends, span.ends + cooldowns[key]) for key, span in over.items() if key in cooldowns}
        return replace(
            self,
            sticky={key: span for key, span in sticky.items() if key not in over},
            cooling={key: span for key, span in cooling.items() if count < span.ends},
        )

    def after(self, count: int, woken: Iterable[LoreEntry], kept: Iterable[str], spent: Iterable[str]) -> "LoreState":
        """The state once these entries came in at a message count."""
        woken = tuple(woken)
        sticky = {
            entry.key: Span(count, count + entry.rules.sticky + 1)
            for entry in woken
            if entry.rules.sticky and entry.key not in self.sticky
        }
        cooling = {
            entry.key: Span(count, count + entry.rules.cooldown + 1)
            for entry in woken
            if entry.rules.cooldown and not entry.rules.sticky
        }
        return LoreState(
            kept=self.kept.union(kept),
            spent=self.spent.union(spent),
            sticky={**self.sticky, **sticky},
            cooling={**self.cooling, **cooling},
        )
