"""One lore entry made ready to be looked for: its decorators read, its keys prepared, its rules put together.

Where a decorator and one of SillyTavern's extensions say the same thing, the decorator, which an author wrote into this
very entry's text, counts. Keys in slashes are patterns unless `use_regex` is false; anything else is plain text, even
under `use_regex: true`, because SillyTavern writes that on every entry it converts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from personas.decorators import Decorated, read_decorators
from personas.lore_rules import AND_ALL, AND_ANY, NOT_ALL, NOT_ANY
from personas.lore_text import Clock, Key, ScanText, key_of
from personas.lorebook import Lorebook, LoreEntry
from personas.macros import Setting, expand


@dataclass(frozen=True, slots=True)
class Ready:
    """An entry with everything about it that doesn't change from turn to turn."""

    book: Lorebook
    entry: LoreEntry
    decorated: Decorated
    keys: tuple[Key, ...]
    secondary: tuple[Key, ...]
    additional: tuple[tuple[Key, ...], ...]
    exclude: tuple[Key, ...]
    exclude_all: tuple[Key, ...]
    whole_words: bool
    case_sensitive: bool
    probability: float
    scan_depth: int | None
    scan_tokens: int | None  # the depth in tokens instead
    feeds: bool | None
    searches: bool
    free: bool  # nothing but its keys can keep it from firing
    wakes: frozenset[str]  # plain keys, case-folded, of which one must be said
    always: bool  # something else than plain keys may wake it

    @property
    def all_keys(self) -> Iterator[Key]:
        """Every key in it, whatever for."""
        return chain(self.keys, self.secondary, *self.additional, self.exclude, self.exclude_all)

    @property
    def priority(self) -> float:
        """What is dropped first is lowest: the decorator's, the entry's, or the order it stands in."""
        decorated = self.decorated.number("priority")
        if decorated is not None:
            return decorated
        return self.entry.order if self.entry.priority is None else self.entry.priority

    @property
    def label(self) -> str:
        """The entry as an operator knows it."""
        return self.entry.name


def ready(book: Lorebook, entry: LoreEntry, setting: Setting, *, instruct: bool = False) -> Ready:
    """An entry made ready; keys may hold macros, as `{{char}}`."""
    decorated = read_decorators(entry.content, instruct=instruct)
    rules = entry.rules
    patterned = entry.use_regex is not False
    keys = tuple(prepared(key, setting, patterned) for key in entry.keys)
    regexes = entry.use_regex is True and any(key.slashed for key in keys)
    probability = decorated.settings.get("probability", rules.probability)
    whole = decorated_choice(decorated, "match_full_word", "match_partial_word", rules.whole_words)
    exclude = () if regexes else decorated.words("exclude_keys")
    return Ready(
        book=book,
        entry=entry,
        decorated=decorated,
        keys=keys,
        secondary=tuple(prepared(key, setting, patterned) for key in entry.secondary_keys),
        additional=tuple(tuple(prepared(k, setting, patterned) for k in group) for group in decorated.additional_keys),
        exclude=tuple(prepared(key, setting, patterned) for key in exclude),
        exclude_all=tuple(prepared(key, setting, patterned) for key in decorated.words("exclude_keys_all")),
        whole_words=bool(whole),
        case_sensitive=bool(entry.case_sensitive),
        probability=float(probability) if isinstance(probability, int | float) else 100,
        scan_tokens=decorated.number("instruct_scan_depth"),
        scan_depth=first(decorated.number("scan_depth"), rules.scan_depth, book.scan_depth),
        feeds=decorated_choice(decorated, "recursive", "unrecursive", False if rules.prevent_recursion else None),
        free=entry.enabled and not decorated.settings and not timed(entry),
        searches="no_recursive_search" not in decorated and not rules.exclude_recursion,
        wakes=frozenset(key.folded for key in keys),
        always=entry.constant or "activate" in decorated or any(key.slashed for key in keys),
    )


def timed(entry: LoreEntry) -> bool:
    """Whether the time, or the kind of generation, decides with the keys."""
    rules = entry.rules
    return bool(rules.triggers or rules.sticky or rules.cooldown or rules.delay)


def prepared(text: str, setting: Setting, patterned: bool) -> Key:
    """A key with its macros filled in; a plain one where patterns are switched off."""
    text = expand(text, setting) if "{{" in text else text
    return key_of(text, patterned=patterned)


def decorated_choice(decorated: Decorated, yes: str, no: str, otherwise: bool | None) -> bool | None:
    """True or false by which of two decorators stands there."""
    if yes in decorated or no in decorated:
        return yes in decorated
    return otherwise


def first(*values: int | None) -> int | None:
    """The first value that is there."""
    return next((value for value in values if value is not None), None)


def woken_by(one: Ready, text: ScanText, clock: Clock) -> tuple[bool, str]:
    """Whether a text wakes an entry, and by which key, or why it doesn't."""

    def found(key: Key) -> bool:
        return text.holds(key, clock=clock, case_sensitive=one.case_sensitive, whole_words=one.whole_words)

    woke = "it is constant"
    if not one.entry.constant:
        key = None if silent(one, text) else next(filter(found, one.keys), None)
        if key is None:
            return False, "none of its keys was said" if one.keys else "it has no keys"
        if one.entry.selective and one.secondary and (reason := against(one, list(map(found, one.secondary)))):
            return False, reason
        woke = f"'{key.text}' was said"
    for group in one.additional:
        if not any(map(found, group)):
            return False, f"none of its additional keys was said ({', '.join(key.text for key in group)})"
    if blocked := next(filter(found, one.exclude), None):
        return False, f"an excluded key was said ({blocked.text})"
    if one.exclude_all and all(map(found, one.exclude_all)):
        return False, "all of its excluded keys were said"
    return True, woke


def silent(one: Ready, text: ScanText) -> bool:
    """Whether nothing in a text can wake an entry: seen at once for nearly all entries of a book."""
    return not one.always and one.wakes.isdisjoint(text.found)


def against(one: Ready, said: list[bool]) -> str:
    """Why the secondary keys are against it; nothing if they aren't."""
    names = ", ".join(key.text for key in one.secondary)
    return {
        AND_ANY: "" if any(said) else f"none of its secondary keys was said ({names})",
        NOT_ALL: f"all of its secondary keys were said ({names})" if all(said) else "",
        NOT_ANY: f"a secondary key that must not be said was said ({names})" if any(said) else "",
        AND_ALL: "" if all(said) else f"not all of its secondary keys were said ({names})",
    }.get(one.entry.rules.logic, "")


def hits(one: Ready, text: ScanText, clock: Clock) -> int:
    """How many of its keys were said, for groups that are scored."""
    keys = (*one.keys, *(one.secondary if one.entry.selective and one.entry.rules.logic in (AND_ANY, AND_ALL) else ()))
    return sum(
        text.holds(key, clock=clock, case_sensitive=one.case_sensitive, whole_words=one.whole_words) for key in keys
    )
