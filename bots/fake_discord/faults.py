"""What can be made to go wrong: answers that fail, and answers that are lost after the work was done."""

import random
import re
from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """`times` requests whose `METHOD /path` the pattern finds answer with `status`; `lose` does the work first and
    then cuts the connection, so that the client can't know; `late` does the work first and answers so all the same."""

    pattern: re.Pattern[str]
    status: int
    times: int
    retry_after: float = 0.0
    everywhere: bool = False
    lose: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Weather:
    """Bad luck by chance, for requests whose `METHOD /path` the pattern finds; shares are from 0 to 1."""

    chance: random.Random
    pattern: re.Pattern[str]
    lost: float
    refused: float

    def strikes(self, request: str) -> Fault | None:
        if not self.pattern.search(request):
            return None
        luck = self.chance.random()
        if luck < self.lost:
            return Fault(self.pattern, 200, 0, lose=True)
        if luck < self.lost + self.refused:
            return Fault(self.pattern, self.chance.choice((429, 502)), 0, retry_after=0.2)
        return None


class Faults:
    """The faults that wait to happen, first come first served, and the weather."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self.lost = 0
        self.weather: Weather | None = None

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def next_for(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if any; it is used up by that."""
        request = f"{method} {path}"
        for fault in self._waiting:
            if fault.times > 0 and fault.pattern.search(request):
                fault.times -= 1
                return fault
        return self.weather.strikes(request) if self.weather else None
