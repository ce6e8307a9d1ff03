"""How many requests wait in one conversation of the API, where replies are given one after another."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bots.api_refusal import too_full
from bots.house import House
from personas import Persona, Place


class Lines:
    """Who is on the way into a line counts, too: a hundred requests that come at once find it empty."""

    def __init__(self) -> None:
        self._coming: Counter[Place] = Counter()

    @contextmanager
    def joined(self, house: House, place: Place, persona: Persona) -> Iterator[None]:
        """While a request gets in line. Raises `Refused` where as many wait already as one fan may have waiting."""
        admission = house.engines.admission(persona)
        ahead = len(house.hall.performances(place)) + self._coming[place]
        if ahead > admission.waiting_per_fan:
            raise too_full(persona.at_a_loss, admission.seconds_behind(ahead), "EngineBusy")
        self._coming[place] += 1
        try:
            yield
        finally:
            self._coming[place] -= 1
            if not self._coming[place]:
                del self._coming[place]
