"""Puts values from the wild into the types the card specifications ask for, and names every repair it made."""

from collections import Counter
from dataclasses import dataclass, field

from personas.card_json import Json, finite

MOST_NAMED = 200


@dataclass(slots=True)
class Repairs:
    """Collects what was mended, in sentences; the same repair in many entries is counted, not repeated."""

    _found: Counter[str] = field(default_factory=Counter)

    def note(self, what: str) -> None:
        """One repair."""
        if what in self._found or len(self._found) < MOST_NAMED:
            self._found[what] += 1

    def named(self) -> tuple[str, ...]:
        """The repairs in the order they were first made."""
        return tuple(what if times == 1 else f"{what} ({times} times)" for what, times in self._found.items())


def as_text(value: Json, name: str, repairs: Repairs) -> str:
    """A text; numbers are written out, a list's texts joined by lines."""
    if isinstance(value, str):
        return value
    repairs.note(f"`{name}` was {kind(value)} instead of text")
    if value is None or isinstance(value, dict):
        return ""
    return "\n".join(str(item) for item in value) if isinstance(value, list) else str(value)


def as_texts(value: Json, name: str, repairs: Repairs, *, commas: bool = False) -> list[Json]:
    """A list of texts; one text becomes a list, split at commas where people write keys so."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return list(value)
    repairs.note(f"`{name}` was {kind(value)} instead of a list of texts")
    if isinstance(value, list):
        return [str(item) for item in value if isinstance(item, str | int | float)]
    if isinstance(value, str):
        parts = value.split(",") if commas and not value.startswith("/") else [value]
        return [part.strip() if commas else part for part in parts if part.strip()]
    return []


def as_number(value: Json, name: str, repairs: Repairs, *, default: float | None = 0) -> float | int | None:
    """A finite number; a text is read as one."""
    if finite(value):
        return +value  # without the text it was written as
    large = isinstance(value, int | float) and not isinstance(value, bool)
    repairs.note(f"`{name}` was " + ("too large a number" if large else f"{kind(value)} instead of a number"))
    try:
        number = float(str(value))
    except ValueError:
        return default
    if not finite(number):
        return default
    return int(number) if number.is_integer() else number


def as_truth(value: Json, name: str, repairs: Repairs, *, default: bool) -> bool:
    """True or false; 0, 1 and the words are read as them."""
    if isinstance(value, bool):
        return value
    repairs.note(f"`{name}` was {kind(value)} instead of true or false")
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower(), default)
    return bool(value) if isinstance(value, int | float) else default


def kind(value: Json) -> str:
    """What a JSON value is called among people."""
    if value is None:
        return "null"
    if value == "":
        return "empty text"
    names = {str: "text", bool: "true or false", int | float: "a number", list: "a list", dict: "an object"}
    return next(name for kind, name in names.items() if isinstance(value, kind))
