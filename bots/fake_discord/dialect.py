"""How a server that is no Discord words things: what it leaves out, says otherwise, or says with another status."""

import json
import re
from collections.abc import Callable

from aiohttp import web

from bots.fake_discord.wire import Json

Change = Callable[[Json], Json]
Answering = Callable[[web.Response], web.Response]


class Dialect:
    """Changes events by their kind, and answers by `METHOD /path`; what nobody changed is as Discord says it."""

    def __init__(self) -> None:
        self._events: dict[str, Change] = {}
        self._answers: list[tuple[re.Pattern[str], Answering]] = []

    def tells(self, kind: str, change: Change) -> None:
        """From now on events of this kind are told so."""
        self._events[kind] = change

    def answers(self, pattern: str, change: Answering) -> None:
        """From now on requests whose `METHOD /path` the pattern finds are answered so."""
        self._answers.append((re.compile(pattern), change))

    def event(self, kind: str, data: Json) -> Json:
        return self._events[kind](data) if kind in self._events else data

    def answer(self, request: str, response: web.Response) -> web.Response:
        for pattern, change in self._answers:
            response = change(response) if pattern.search(request) else response
        return response


def without(*keys: str) -> Change:
    """Leaves these keys out, at any depth."""

    def change(data: Json) -> Json:
        return {key: deeper(value) for key, value in data.items() if key not in keys}

    def deeper(value: object) -> object:
        if isinstance(value, list):
            return [deeper(one) for one in value]
        return change(value) if isinstance(value, dict) else value

    return change


def worded(change: Change) -> Answering:
    """An answer whose JSON, or each object of its list, is changed."""

    def answering(response: web.Response) -> web.Response:
        if response.body:
            told = json.loads(bytes(response.body))  # type: ignore[arg-type]  # never a stream
            response.body = json.dumps(
                [change(one) for one in told] if isinstance(told, list) else change(told)
            ).encode()
        return response

    return answering
