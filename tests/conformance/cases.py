"""What a case of the conformance table needs: a register of cases, and lore activated on a few lines."""

from collections.abc import Callable, Sequence
from typing import Any

from personas.lore_activation import Lore
from personas.lore_moment import Activation, Moment, Said
from personas.lorebook import book_of, lorebook_of
from personas.lorebook_repair import Repairs

CASES: dict[str, list[Callable[[], None]]] = {}
TALK = ("Kim: Is there a lake?", "Mika: There is a boat.", "Kim: I see the lake.")


def shows(*rules: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Marks a function as the case of some rules."""

    def mark(case: Callable[[], None]) -> Callable[[], None]:
        for rule in rules:
            CASES.setdefault(rule, []).append(case)
        return case

    return mark


def entry(content: str = "Lore.", *keys: str, **changes: Any) -> dict[str, Any]:
    """An entry that the last line of TALK wakes, unless it says otherwise."""
    extensions = changes.pop("ext", {})
    return {
        "keys": list(keys) or ["lake"],
        "content": content,
        "enabled": True,
        "insertion_order": 100,
        "extensions": extensions,
        "id": 0,
        **changes,
    }


def lore(*entries: dict[str, Any], instruct: bool = False, **book: Any) -> Lore:
    mended = book_of({"extensions": {}, "entries": list(entries), **book}, Repairs())
    return Lore([lorebook_of(mended, name="b")], instruct=instruct)


def said(*lines: str) -> tuple[Said, ...]:
    """Lines of `Name: words`; Mika is the persona."""
    parts = [line.split(": ", 1) for line in lines]
    return tuple(Said(name, words, own=name == "Mika") for name, words in parts)


def wake(*entries: dict[str, Any], talk: Sequence[str] = TALK, instruct: bool = False, **options: Any) -> Activation:
    book = {key: options.pop(key) for key in ("scan_depth", "token_budget", "recursive_scanning") if key in options}
    return lore(*entries, instruct=instruct, **book).activate(Moment(said(*talk), **options))


def texts(activation: Activation) -> list[str]:
    return [note.text for note in activation.notes]


def fires(content: dict[str, Any], talk: Sequence[str] = TALK, **options: Any) -> bool:
    return wake(content, talk=talk, **options).verdicts[0].fired
