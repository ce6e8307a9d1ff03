"""Decorators of V3 lore entries: lines at the beginning of an entry's content that say when and where it goes in.

    @@depth 4
    @@@role system          a fallback: it counts where the line above it does not
    The ravens are listening.

Source: kwaroran/character-card-spec-v3, "Decorators"; RisuAI's own where they are cheap to run. A line with an unknown
name or a bad value is ignored, and so is the second of a name that may not repeat; then its fallbacks are tried from
the top down. What is not covered: RisuAI's `inject_…` (one entry rewriting another) is read, and ignored.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

LINE = re.compile(r"@@(?P<fallback>@?)(?P<name>[A-Za-z_]+)(?:[ \t]+(?P<value>.*))?")
Setting: TypeAlias = int | float | str | bool | tuple[str, ...]
REPEATABLE = {"additional_keys"}
INSTRUCT_ONLY = {"instruct_depth", "reverse_instruct_depth", "instruct_scan_depth"}
PLACES = ("after_desc", "before_desc", "personality", "scenario")


@dataclass(frozen=True, slots=True)
class Decorated:
    """What is inserted, the decorators that count, and the lines that don't."""

    text: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    additional_keys: tuple[tuple[str, ...], ...] = ()
    ignored: tuple[str, ...] = ()

    def number(self, name: str) -> int | None:
        """A decorator's number, or None where it does not stand."""
        value = self.settings.get(name)
        return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def words(self, name: str) -> tuple[str, ...]:
        """A decorator's list, or an empty one."""
        value = self.settings.get(name)
        return value if isinstance(value, tuple) else ()

    def word(self, name: str) -> str:
        """A decorator's text, or nothing."""
        value = self.settings.get(name)
        return value if isinstance(value, str) else ""

    def __contains__(self, name: str) -> bool:
        return name in self.settings


def whole(least: int | None = None) -> Callable[[str], Setting | None]:
    """Reads a whole number, from `least` up."""

    def read(value: str) -> Setting | None:
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", value):
            return None
        number = int(value)
        return number if least is None or number >= least else None

    return read


def flag(value: str) -> Setting | None:
    """A decorator without a value; one that stands there does no harm, unless it says no."""
    return None if value.lower() == "false" else True


def listed(value: str) -> Setting | None:
    """A list of texts between commas; a comma inside one is `\\,`."""
    parts = tuple(part.replace("\\,", ",").strip() for part in re.split(r"(?<!\\),", value))
    return tuple(part for part in parts if part) or None


def one_of(*allowed: str) -> Callable[[str], Setting | None]:
    """Reads one of some words."""
    return lambda value: value if value in allowed else None


def text(value: str) -> Setting | None:
    """Any text."""
    return value or None


def percentage(value: str) -> Setting | None:
    """A number from 0 to 100, with or without a sign for it."""
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%?", value)
    return float(found[1]) if found and float(found[1]) <= 100 else None


UNDERSTOOD: Mapping[str, Callable[[str], Setting | None]] = {
    "activate_only_after": whole(0),
    "activate_only_every": whole(1),
    "keep_activate_after_match": flag,
    "dont_activate_after_match": flag,
    "depth": whole(),
    "instruct_depth": whole(),
    "reverse_depth": whole(),
    "reverse_instruct_depth": whole(),
    "role": one_of("assistant", "system", "user"),
    "scan_depth": whole(0),
    "instruct_scan_depth": whole(0),
    "is_greeting": whole(0),
    "position": one_of(*PLACES),
    "ignore_on_max_context": flag,
    "additional_keys": listed,
    "exclude_keys": listed,
    "is_user_icon": text,
    "activate": flag,
    "dont_activate": flag,
    "disable_ui_prompt": one_of("system_prompt", "post_history_instructions"),
    # RisuAI's
    "end": flag,
    "probability": percentage,
    "priority": whole(),
    "exclude_keys_all": listed,
    "match_full_word": flag,
    "match_partial_word": flag,
    "recursive": flag,
    "unrecursive": flag,
    "no_recursive_search": flag,
}


def read_decorators(content: str, *, instruct: bool = False) -> Decorated:
    """The decorators at a content's beginning and the text after them.

    `instruct` is for prompts that are one text instead of messages: there depth in tokens counts, and in chats it is
    ignored, so that its fallback does.
    """
    if "@@" not in content[:4096]:
        return Decorated(content)
    chains, rest = split(content)
    settings: dict[str, Setting] = {}
    additional: list[tuple[str, ...]] = []
    ignored: list[str] = []
    for chain in chains:
        for name, value in chain:
            setting = understood(name, value, settings, instruct)
            if setting is None:
                ignored.append(f"@@{name} {value}".rstrip())
                continue
            settings[name] = setting
            if name == "additional_keys" and isinstance(setting, tuple):
                additional.append(setting)
            break
    return Decorated(rest, settings, tuple(additional), tuple(ignored))


def understood(name: str, value: str, settings: Mapping[str, Setting], instruct: bool) -> Setting | None:
    """A decorator's setting, or None where the line is to be ignored."""
    if name not in UNDERSTOOD or (name in INSTRUCT_ONLY and not instruct):
        return None
    if name in settings and name not in REPEATABLE:
        return None
    return UNDERSTOOD[name](value)


def split(content: str) -> tuple[list[list[tuple[str, str]]], str]:
    """The chains of decorators, each with its fallbacks, and what comes after them."""
    chains: list[list[tuple[str, str]]] = []
    at = 0
    for line, end in lines(content):
        found = LINE.fullmatch(line.rstrip(" \t\r"))
        if found is None and line.strip():
            break
        at = end
        if found is None:
            continue
        step = (found["name"].lower(), found["value"] or "")
        if not found["fallback"]:
            chains.append([step])
        elif chains:
            chains[-1].append(step)
    return chains, content[at:] if chains else content


def lines(content: str) -> Iterator[tuple[str, int]]:
    """Every line with the place where the next one begins."""
    at = 0
    for line in content.splitlines(keepends=True):
        at += len(line)
        yield line.rstrip("\r\n"), at


def undecorated(content: str) -> str:
    """The content without decorators."""
    return read_decorators(content).text
