"""Inclusion groups: of the entries that share a label, one comes in.

As SillyTavern has it: one that fired before, or is sticky, keeps the label; where scoring is asked for, only those with
the most keys said stay; an override wins by its order; otherwise the weights decide by chance.
"""

from collections.abc import Callable, Iterable, Sequence

from personas.lore_entry import Ready
from personas.lore_state import LoreState


def winners(
    woken: Sequence[Ready],
    fired: Iterable[Ready],
    state: LoreState,
    score: Callable[[Ready], int],
    chance: Callable[[str], float],
) -> tuple[list[Ready], dict[str, str]]:
    """Who stays of those that woke, and why each of the others goes."""
    lost: dict[str, str] = {}
    labels = dict.fromkeys(label for one in woken for label in one.entry.rules.groups)
    taken = {label for one in fired for label in one.entry.rules.groups}
    for label in labels:
        group = [one for one in woken if label in one.entry.rules.groups and one.entry.key not in lost]
        winner = None if label in taken else chosen(group, label, state, score, chance)
        lost |= {one.entry.key: f"its group '{label}' had another winner" for one in group if one is not winner}
    return [one for one in woken if one.entry.key not in lost], lost


def chosen(
    group: Sequence[Ready],
    label: str,
    state: LoreState,
    score: Callable[[Ready], int],
    chance: Callable[[str], float],
) -> Ready | None:
    """The one that comes in."""
    if len(group) < 2:
        return next(iter(group), None)
    sticky = [one for one in group if one.entry.key in state.sticky]
    group = sticky or scored(group, score)
    overriding = [one for one in group if one.entry.rules.group_override]
    if overriding:
        return max(overriding, key=lambda one: one.entry.order)
    return by_weight(group, chance(f"group {label}"))


def scored(group: Sequence[Ready], score: Callable[[Ready], int]) -> list[Ready]:
    """Those with the most keys said, if any of the group asks for scores."""
    if not any(one.entry.rules.group_scoring for one in group):
        return list(group)
    scores = [score(one) for one in group]
    most = max(scores)
    return [one for one, found in zip(group, scores, strict=True) if found == most or not one.entry.rules.group_scoring]


def by_weight(group: Sequence[Ready], chance: float) -> Ready:
    """The one on whose share of the weights the chance, from 0 to 1, falls."""
    left = chance * sum(one.entry.rules.group_weight for one in group)
    for one in group:
        left -= one.entry.rules.group_weight
        if left < 0:
            return one
    return group[-1]
