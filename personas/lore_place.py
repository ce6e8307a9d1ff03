"""Where a lore entry goes in: around the character, in the notes, or some messages up from the newest."""

from collections.abc import Callable

from personas.lore_entry import Ready
from personas.lore_rules import Role
from personas.scene import LoreNote, LorePosition

PLACES: dict[str, LorePosition] = {
    "after_desc": "after_char",
    "before_desc": "before_char",
    "personality": "personality",
    "scenario": "scenario",
}
ROLES: dict[str, Role] = {"assistant": "assistant", "system": "system", "user": "user"}


def place(one: Ready, text: str, *, total: int, depth_of: Callable[[int], int]) -> LoreNote:
    """The entry as a note; `total` messages were said, `depth_of` says how many of them make so many tokens."""
    position, depth = where(one, total, depth_of)
    return LoreNote(
        id=one.entry.key,
        text=text,
        position=position,
        depth=depth,
        role=ROLES.get(one.decorated.word("role"), one.entry.rules.role),
        order=one.entry.order,
        priority=one.priority - (1e9 if "ignore_on_max_context" in one.decorated else 0),
    )


def where(one: Ready, total: int, depth_of: Callable[[int], int]) -> tuple[LorePosition, int]:
    """The position, and for one among the messages how far up from the newest (0: after it, at most before all)."""
    decorated = one.decorated
    if word := decorated.word("position"):
        return PLACES[word], 0
    depths: dict[str, Callable[[int], int]] = {
        "depth": lambda number: number,
        "instruct_depth": depth_of,
        "reverse_depth": lambda number: total - number,
        "reverse_instruct_depth": lambda number: total - depth_of(number),
    }
    for name, depth in depths.items():
        if (number := decorated.number(name)) is not None:
            return "depth", min(max(depth(number), 0), total)
    if "end" in decorated:
        return "depth", 0
    rules = one.entry.rules
    if rules.position == "depth":
        return "depth", min(max(rules.depth, 0), total)
    return rules.position or "notes", 0
