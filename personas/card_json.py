"""Reads a card's JSON, and changes single values in its text so that the rest of the formatting stays as it was.

An edit finds the value's place by skipping over everything else with the json module's own scanner, and cuts the new
value in. What is not covered: of a key that stands twice in one object the last one is read, and the last one edited.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from personas.card_errors import CardTooBig, CardUnreadable

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Path: TypeAlias = tuple[str | int, ...]
MOST_VALUES = 1_000_000
DEEPEST = 100
BLANK = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class JsonText:
    """JSON as it was written: what stands before it (a byte order mark), its text, its encoding, and its value."""

    text: str
    value: Json
    encoding: str = "utf-8"
    mark: bytes = b""

    def bytes(self) -> bytes:
        """The text as it stands in a file."""
        return self.mark + self.text.encode(self.encoding, "surrogatepass")


def finite(value: Json) -> TypeGuard[int | float]:
    """Whether a value is a number that a machine's floating point numbers reach; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def read_json(data: bytes) -> JsonText:
    """The JSON in some bytes. Raises `CardUnreadable`, or `CardTooBig` for a maze of values, or a deep one."""
    if sum(data.count(sign) for sign in (b",", b"[", b"{")) > MOST_VALUES:
        raise CardTooBig(f"The JSON has over {MOST_VALUES:,} values.")
    mark, encoding = marked(data)
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as exc:
        raise CardUnreadable(f"The card's text is not {encoding.upper()}: byte {exc.start}.") from exc
    try:
        value: Json = json.loads(text.rstrip("\0"), strict=False, parse_constant=lambda _: None)
    except RecursionError as exc:
        raise CardUnreadable("The card's JSON is nested without end.") from exc
    except json.JSONDecodeError as exc:
        raise CardUnreadable(f"The card's text is not JSON: {exc}.") from exc
    except ValueError as exc:  # Python reads whole numbers up to 4,300 digits
        raise CardUnreadable("The card's JSON has a number of thousands of digits.") from exc
    if is_deep(value):
        raise CardTooBig(f"The JSON is nested deeper than {DEEPEST} levels.")
    return JsonText(text, value, encoding, mark)


def is_deep(value: Json) -> bool:
    """Whether lists and objects stand in each other deeper than anybody writes them."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def marked(data: bytes) -> tuple[bytes, str]:
    """The byte order mark, and the encoding it tells of."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return mark, encoding
    return b"", "utf-8"


def value_at(value: Json, path: Path) -> Json:
    """The value at a path, or None where there is none."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def with_value(written: JsonText, path: Path, value: Json) -> JsonText:
    """The JSON with another value at a path; a key that isn't there yet is put last in its object."""
    text = written.text
    start, end, depth = span(text, path[:-1])
    inner = member(text, start, path[-1])
    if inner is None:
        text = inserted(text, (start, end), str(path[-1]), dumped(text, value, depth + 1))
    else:
        text = text[: inner[0]] + dumped(text, value, depth + 1) + text[inner[1] :]
    return JsonText(text, json.loads(text.rstrip("\0"), strict=False), written.encoding, written.mark)


def span(text: str, path: Path) -> tuple[int, int, int]:
    """Where the value at a path begins and ends, and how deep it stands."""
    at = skip(text, 0)
    for step in path:
        found = member(text, at, step)
        if found is None:
            raise KeyError(path)
        at = found[0]
    return at, DECODER.raw_decode(text, at)[1], len(path)


def member(text: str, at: int, wanted: str | int) -> tuple[int, int] | None:
    """Where a member of the object or array at `at` begins and ends; of several of one name, the last."""
    found, number = None, 0
    keyed = text[at] == "{"
    at = skip(text, at + 1)
    while text[at] not in "}]":
        key: str | int = number
        if keyed:
            key, at = DECODER.raw_decode(text, at)
            at = skip(text, skip(text, at) + 1)
        end = DECODER.raw_decode(text, at)[1]
        if key == wanted:
            found = (at, end)
        at = skip(text, end)
        if text[at] == ",":
            at = skip(text, at + 1)
        number += 1
    return found


def skip(text: str, at: int) -> int:
    """The next place that is no blank."""
    match = BLANK.match(text, at)
    assert match
    return match.end()


def inserted(text: str, place: tuple[int, int], key: str, value: str) -> str:
    """The text with a further member in the object at a place, set like the one before it."""
    start, end = place
    first = skip(text, start + 1)
    name = json.dumps(key) + (": " if colon_gap(text) else ":")
    if text[first] == "}":
        return text[: start + 1] + name + value + text[end - 1 :]
    last = end - 1
    while text[last - 1] in " \t\r\n":
        last -= 1
    return text[:last] + "," + text[start + 1 : first] + name + value + text[last:]


def dumped(text: str, value: Json, depth: int) -> str:
    """A value in the style of a text: its indentation, its gaps, and its way with letters beyond ASCII."""
    unit = re.match(r"\s*[{\[]\r?\n([ \t]+)", text)
    indent = unit[1] if unit else None
    ascii_only = text.isascii() and bool(re.search(r"\\u[0-9a-fA-F]{4}", text))
    gaps = (", " if indent is None and colon_gap(text) else ",", ": " if colon_gap(text) else ":")
    made = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=gaps)
    return made.replace("\n", "\n" + indent * depth) if indent else made


def colon_gap(text: str) -> bool:
    """Whether a blank stands after the first colon."""
    return bool(re.match(r"\s*[{\[]\s*\"[^\"]*\"\s*:\s", text))
