"""Finds a conversation's lore state again by going through its turns, and remembers where it has been.

What lasts from turn to turn (sticky, cooldown, "once") hangs on the messages alone, so a state is kept under the hash
of the messages before it: the next turn goes on from there, and an edited or regenerated message, whose hash is
another, undoes what it had woken by itself.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from personas.lore_activation import Lore
from personas.lore_moment import Moment, Said
from personas.lore_state import LoreState

KEPT = 2048  # conversations' turns

MomentAt = Callable[[Sequence[Said]], Moment]
"""All that decides what comes to mind after these messages, but the state."""


@dataclass(slots=True)
class Replay:
    """The states of one persona's books after the turns that were gone through lately."""

    lore: Lore
    moment_at: MomentAt
    _states: "OrderedDict[bytes, LoreState]" = field(default_factory=OrderedDict)

    def state(self, said: Sequence[Said]) -> LoreState:
        """The state before the last of these messages is answered."""
        if not self.lore.remembers:
            return LoreState()
        turns = list(answered(said))
        known = next((number for number, (_, mark) in reversed(list(enumerate(turns))) if mark in self._states), None)
        state = LoreState() if known is None else self._states[turns[known][1]]
        for end, mark in turns[0 if known is None else known + 1 :]:
            state = self.lore.activate(replace(self.moment_at(said[:end]), state=state)).state
            self._keep(mark, state)
        return state

    def _keep(self, mark: bytes, state: LoreState) -> None:
        self._states[mark] = state
        self._states.move_to_end(mark)
        while len(self._states) > KEPT:
            self._states.popitem(last=False)


def answered(said: Sequence[Said]) -> Iterator[tuple[int, bytes]]:
    """For each turn before the last message: how many messages it answered, and the hash of all of them."""
    mark = b""
    for end, one in enumerate(said[:-1], start=1):
        words = f"{one.own}\x1f{one.name}\x1f{one.text}".encode("utf-8", "surrogatepass")
        mark = blake2b(mark + words, digest_size=16).digest()
        if not one.own and said[end].own:
            yield end, mark
