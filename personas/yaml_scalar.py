"""What a single YAML value means, and numbers that know how they were written: `pin: 0042` is 42 only where a number
is wanted.
"""

from math import isfinite
from typing import Self, TypeAlias

Scalar: TypeAlias = "str | int | float | bool | None"


class WrittenInt(int):
    """A whole number whose text is what stands in the file: `0042`, `0x1F`, `1_000`."""

    written: str

    def __new__(cls, number: int, written: str) -> Self:
        made = super().__new__(cls, number)
        made.written = written
        return made

    def __str__(self) -> str:
        return self.written


class WrittenFloat(float):
    """The same of a number with a fraction: `1.80`."""

    written: str

    def __new__(cls, number: float, written: str) -> Self:
        made = super().__new__(cls, number)
        made.written = written
        return made

    def __str__(self) -> str:
        return self.written


def scalar(kind: str, text: str) -> Scalar:
    """A scalar's value by its YAML 1.2 kind; ValueError for a number that isn't finite, or far too large."""
    digits = text.replace("_", "")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind not in {"int", "float"}:
        return text
    based = digits.lstrip("+-")[:2] in {"0x", "0o", "0b"}
    number = float(digits) if kind == "float" else int(digits, 0 if based else 10)
    try:
        fits = isfinite(number)
    except OverflowError:
        fits = False
    if not fits:
        raise ValueError(text)
    return number


def as_written(number: Scalar, written: str) -> Scalar:
    """A number that says its text as written; anything else, and one without such a text, as it is."""
    if not written or isinstance(number, bool) or not isinstance(number, int | float):
        return number
    return WrittenInt(number, written) if isinstance(number, int) else WrittenFloat(number, written)
