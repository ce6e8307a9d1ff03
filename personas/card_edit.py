"""What an operator changed in a value that was imported, as the smallest edits of the value as it was written.

Three values are walked together: what the import made (`before`), what it is now (`after`), and what the file says
(`written`). The import mends (a comma text becomes a list, blank greetings and entries that are no objects fall out),
so a place in `before` is not always the same place in `written`; whatever was not edited keeps the file's own form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from personas.card_json import Json, Path


@dataclass(frozen=True, slots=True)
class Edit:
    """A new value at a path below the card's `data` (or below the flat object of a V1 card)."""

    path: Path
    value: Json


def edits(before: Json, after: Json, written: Json, path: Path = ()) -> Iterator[Edit]:
    """The smallest edits that turn one value into another; an object that lost a key is written whole."""
    if same(before, after):
        return
    if (
        isinstance(before, dict)
        and isinstance(after, dict)
        and isinstance(written, dict)
        and before.keys() <= after.keys()
    ):
        for key, value in after.items():
            if key in before and key in written:
                yield from edits(before[key], value, written[key], (*path, key))
            elif key not in before or not same(before[key], value):
                yield Edit((*path, key), value)
        return
    places = kept(before, written)
    if places is not None and isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        assert isinstance(written, list)
        for place, old, new in zip(places, before, after, strict=True):
            yield from edits(old, new, written[place], (*path, place))
        return
    yield Edit(path, merged(before, after, written))


def merged(before: Json, after: Json, written: Json) -> Json:
    """The new value, with everything in it that was there before in the form it was written in."""
    if same(before, after):
        return written
    if isinstance(before, dict) and isinstance(after, dict) and isinstance(written, dict):
        return {
            key: merged(before[key], value, written[key]) if key in before and key in written else value
            for key, value in after.items()
        }
    places = kept(before, written)
    if places is None or not isinstance(before, list) or not isinstance(after, list) or not isinstance(written, list):
        return after
    left = [(old, written[place]) for old, place in zip(before, places, strict=True)]
    return [taken(item, left) for item in after]


def taken(item: Json, left: list[tuple[Json, Json]]) -> Json:
    """The written form of an item, which nobody else can then have; the item itself where it is new."""
    for number, (old, written) in enumerate(left):
        if same(old, item):
            del left[number]
            return written
    return item


def kept(before: Json, written: Json) -> Sequence[int] | None:
    """Where the items of an imported list stand in the written one; None if that can't be told."""
    if not isinstance(before, list) or not isinstance(written, list):
        return None
    if len(before) == len(written):
        return range(len(written))
    places = [
        place
        for place, item in enumerate(written)
        if (isinstance(item, dict) if any(isinstance(old, dict) for old in before) else str(item).strip())
    ]
    return places if len(places) == len(before) else None


def same(one: Json, other: Json) -> bool:
    """Whether two values are written alike; in Python 1, 1.0 and True are equal, in a card they are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other
