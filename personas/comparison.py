"""What is different between two versions of a persona, key by key."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from personas.persona import Persona
from personas.prompt import about
from personas.yaml_text import Way, dotted


@dataclass(frozen=True, slots=True)
class Difference:
    """One key's value before and after; None where the key was not there."""

    key: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.key}: {shown(self.before)} → {shown(self.after)}"


def differences(before: Persona, after: Persona) -> tuple[Difference, ...]:
    """Every value that is another now, in the order of the schema."""
    return tuple(walk(before.model_dump(mode="json"), after.model_dump(mode="json"), ()))


def changes_the_prompt(before: Persona, after: Persona) -> bool:
    """Whether a model reads other words now; if not, running prefix caches stay warm."""
    return about(before) != about(after)


def walk(before: Any, after: Any, way: Way) -> Iterator[Difference]:
    """The differences below one key."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from walk(before.get(key), after.get(key), (*way, key))
    elif isinstance(before, list) and isinstance(after, list):
        for number in range(max(len(before), len(after))):
            yield from walk(item(before, number), item(after, number), (*way, number))
    else:
        yield Difference(dotted(way), before, after)


def item(values: list[Any], number: int) -> Any:
    """The item, or None behind the end."""
    return values[number] if number < len(values) else None


def shown(value: object) -> str:
    """A value on one line."""
    return "nothing" if value in (None, "", [], {}) else json.dumps(value, ensure_ascii=False)
