"""Whose turn it is, when some come often and others rarely: so many names share one thing evenly.

Start-time fair queueing (Goyal, Vin and Cheng 1996) with replies of equal weight: who was served last moves back by
one, and who has not been here lately starts level with the others, without credit for the time away.
"""

MOST_KNOWN = 1024


class TurnTaking:
    """`due` is smaller for who goes earlier; `begin` says that one has been served."""

    def __init__(self) -> None:
        self._now = 0
        self._next: dict[str, int] = {}

    def due(self, name: str) -> int:
        return max(self._now, self._next.get(name, 0))

    def begin(self, name: str) -> None:
        self._now = self.due(name)
        self._next[name] = self._now + 1
        if len(self._next) > MOST_KNOWN:
            self._next = {known: due for known, due in self._next.items() if due > self._now}
