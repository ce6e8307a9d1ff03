"""SillyTavern's rules for one lore entry, read from its `extensions` with that program's defaults.

What stands there in a wrong type counts as not there. `automation_id` and `display_index` are kept for export and mean
nothing here: there are no scripts to run and no list to arrange.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from personas.card_json import Json, finite
from personas.scene import LorePosition

Role: TypeAlias = Literal["system", "user", "assistant"]
POSITIONS: tuple[LorePosition, ...] = (
    "before_char",
    "after_char",
    "note_top",
    "note_bottom",
    "depth",
    "examples_top",
    "examples_bottom",
    "outlet",
)
ROLES: tuple[Role, ...] = ("system", "user", "assistant")
AND_ANY, NOT_ALL, NOT_ANY, AND_ALL = range(4)
SOURCES = (
    "persona_description",
    "character_description",
    "character_personality",
    "character_depth_prompt",
    "scenario",
    "creator_notes",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """One entry's rules; the numbers of messages are 0 where a rule is off."""

    position: LorePosition | None = None
    depth: int = 4
    role: Role = "system"
    logic: int = AND_ANY
    probability: float = 100
    groups: tuple[str, ...] = ()
    group_override: bool = False
    group_weight: float = 100
    group_scoring: bool = False
    exclude_recursion: bool = False
    prevent_recursion: bool = False
    delay_until_recursion: int = 0
    scan_depth: int | None = None
    whole_words: bool | None = None
    sticky: int = 0
    cooldown: int = 0
    delay: int = 0
    ignore_budget: bool = False
    outlet: str = ""
    triggers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    vectorized: bool = False


def rules_of(extensions: Mapping[str, Json], position: Json) -> Rules:
    """The rules in an entry's `extensions`; its own `position` counts where they name none."""
    given = number(extensions.get("position"), None)
    named: LorePosition | None = POSITIONS[int(given)] if given is not None and 0 <= given < len(POSITIONS) else None
    if named is None and position in ("before_char", "after_char"):
        named = "before_char" if position == "before_char" else "after_char"
    role = int(number(extensions.get("role"), 0) or 0)
    certain = extensions.get("useProbability") is False
    return Rules(
        position=named,
        depth=int(number(extensions.get("depth"), 4) or 0),
        role=ROLES[role] if 0 <= role < len(ROLES) else "system",
        logic=int(number(extensions.get("selectiveLogic"), 0) or 0),
        probability=100 if certain else percentage(extensions.get("probability")),
        groups=groups(extensions.get("group")),
        group_override=extensions.get("group_override") is True,
        group_weight=max(0.0, number(extensions.get("group_weight"), 100) or 0),
        group_scoring=extensions.get("use_group_scoring") is True,
        exclude_recursion=extensions.get("exclude_recursion") is True,
        prevent_recursion=extensions.get("prevent_recursion") is True,
        delay_until_recursion=int(number(extensions.get("delay_until_recursion"), 0, truth=True) or 0),
        scan_depth=depth_or_none(extensions.get("scan_depth")),
        whole_words=truth_or_none(extensions.get("match_whole_words")),
        sticky=messages(extensions.get("sticky")),
        cooldown=messages(extensions.get("cooldown")),
        delay=messages(extensions.get("delay")),
        ignore_budget=extensions.get("ignore_budget") is True,
        outlet=str(extensions.get("outlet_name") or ""),
        triggers=tuple(str(kind) for kind in as_list(extensions.get("triggers"))),
        sources=tuple(source for source in SOURCES if extensions.get(f"match_{source}") is True),
        vectorized=extensions.get("vectorized") is True,
    )


def number(value: Json, default: float | None, *, truth: bool = False) -> float | None:
    """A finite number, or the default; true counts as 1 where that is meant."""
    if isinstance(value, bool):
        return float(value) if truth else default
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return default
    return float(value) if finite(value) else default


def percentage(value: Json) -> float:
    """A probability from 0 to 100; one that is missing or null is certain."""
    return min(100.0, max(0.0, number(value, 100) or 0))


def messages(value: Json) -> int:
    """A count of messages, never below 0."""
    return max(0, int(number(value, 0) or 0))


def depth_or_none(value: Json) -> int | None:
    """A scan depth, or None for the book's."""
    found = number(value, None)
    return None if found is None else max(0, int(found))


def truth_or_none(value: Json) -> bool | None:
    """True, false, or None for the engine's choice."""
    return value if isinstance(value, bool) else None


def groups(value: Json) -> tuple[str, ...]:
    """The labels of a comma-separated list."""
    return tuple(label.strip() for label in value.split(",") if label.strip()) if isinstance(value, str) else ()


def as_list(value: Json) -> list[Json]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else []
