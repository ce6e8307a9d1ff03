"""Ends a reply before a stop string, even one that arrives in pieces: nothing of it is ever shown."""

from collections.abc import Sequence


class StopStrings:
    """Holds back what might be the beginning of a stop string until it is known not to be one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """What may be shown now; after a stop string `stopped` is true and nothing follows."""
        if self.stopped:
            return ""
        self._held += text
        # The stop string that is complete first ends the text: so the cut can't depend on how the pieces fell.
        found = [(at + len(stop), at) for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            _, at = min(found)
            shown, self._held = self._held[:at], ""
            return shown
        safe = len(self._held) - self._longest_beginning()
        shown, self._held = self._held[:safe], self._held[safe:]
        return shown

    def flush(self) -> str:
        """What was held back; the text has ended, so it can't become a stop string any more."""
        shown, self._held = self._held, ""
        return shown

    def _longest_beginning(self) -> int:
        """How many of the held characters are the beginning of a stop string."""
        for length in range(min(len(self._held), max(map(len, self._stops), default=0)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0
