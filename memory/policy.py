"""What a persona's author lets her remember (`memory:` in her YAML), held to wherever something is kept or recalled.

A topic of `skip` is found by its words, their stems and their kin ("health" finds "ill" and "medicine"), addresses and
numbers by their shape; nothing is encoded, so the answer is the same every time and an author can see why. What is not
covered: a topic that is spoken of in other words altogether ("insulin"); name those as well. The journal has the line
as long as the talk itself: skipped is what a persona remembers, not what was said to her a minute ago.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from memory.languages import terms
from memory.lexical import Kin
from memory.record import Record
from personas import Remembers

KINDRED = 0.32  # how close a word must be to a topic's, 0 to 1: "medicine" is .33 from "health", "wealth" .2
ADDRESSES = frozenset(terms("address addresses phone telephone contact email mail"))
ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+"
    r"|\+?\d[\d ()/-]{6,}\d"
    r"|\b\d+[a-z]?,? (?:\w+ ){1,3}(?:street|st|road|rd|avenue|ave|lane|drive|square|court|place)\b"
    r"|[一-鿿]{1,8}(?:路|街|巷|弄)\s*\d+\s*号|\d+\s*丁目|\d+番地|〒\s*\d",
    re.IGNORECASE,
)
Topic = tuple[frozenset[str], ...]
Policies = Callable[[str], "Policy"]


@dataclass(frozen=True, slots=True)
class Policy:
    """One persona's rules, ready to be applied; `topics` have the words that give each of them away."""

    rules: Remembers = field(default_factory=Remembers)
    topics: tuple[Topic, ...] = ()

    @classmethod
    def of(cls, rules: Remembers, kin: Kin) -> "Policy":
        """`kin` gives words of nearly the same meaning."""
        return cls(rules, tuple(topics(rules.skip, kin)))

    def keeps(self, record: Record, now: datetime) -> bool:
        """Whether a record is of a kind that is kept, young enough, and about nothing to be skipped."""
        since = self.since(now)
        old = since is not None and record.at < since
        return record.kind in self.rules.kinds and not old and not self.skips(record.text)

    def since(self, now: datetime) -> datetime | None:
        """What was said before is forgotten; None: nothing is."""
        return None if self.rules.days is None else now - timedelta(days=self.rules.days)

    def skips(self, text: str) -> bool:
        """Whether a text speaks of what is never written down."""
        if not self.topics:
            return False
        said = set(terms(text))
        return any(gives_away(topic, said, text) for topic in self.topics)


class PolicyBook:
    """Every persona's policy by her id, made anew only when her rules changed: `Policies`.

    `rules` gives what her file says now.
    """

    def __init__(self, rules: Callable[[str], Remembers], kin: Kin) -> None:
        self._rules = rules
        self._kin = kin
        self._made: dict[str, Policy] = {}

    def __call__(self, persona_id: str) -> Policy:
        rules, made = self._rules(persona_id), self._made.get(persona_id)
        if made is None or made.rules != rules:
            made = self._made[persona_id] = Policy.of(rules, self._kin)
        return made


def topics(skip: Sequence[str], kin: Kin) -> Iterator[Topic]:
    """For each topic its terms, each with its kin."""
    for topic in skip:
        if words := terms(topic):
            yield tuple(frozenset({word, *near(word, kin)}) for word in words)


def near(word: str, kin: Kin) -> Iterator[str]:
    """The words close enough to be meant."""
    return (other for other, closeness in kin.get(word, ()) if closeness >= KINDRED)


def gives_away(topic: Topic, said: set[str], text: str) -> bool:
    """Whether every word of a topic is said, in one form or another."""
    if any(words & ADDRESSES for words in topic) and ADDRESS.search(text):
        return True
    return all(words & said for words in topic)
