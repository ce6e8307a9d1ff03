"""Trims what woke to each book's budget of tokens: the least important goes first."""

from collections.abc import Callable, Mapping, Sequence

from personas.lore_entry import Ready


def trimmed(
    fired: Sequence[Ready], texts: Mapping[str, str], budget: int | None, count: Callable[[str], int]
) -> set[str]:
    """The keys of what stays. Books with the same name share nothing; an entry may be exempt (`ignore_budget`)."""
    kept: set[str] = set()
    for book in {id(one.book): one.book for one in fired}.values():
        entries = [one for one in fired if one.book is book]
        kept |= within(entries, texts, book.token_budget or budget, count)
    return kept


def within(
    entries: Sequence[Ready], texts: Mapping[str, str], budget: int | None, count: Callable[[str], int]
) -> set[str]:
    """The keys of one book's entries that fit its budget."""
    keys = {one.entry.key for one in entries}
    if budget is None:
        return keys
    tokens = {one.entry.key: count(texts[one.entry.key]) for one in entries if texts[one.entry.key].strip()}
    spent = sum(tokens.get(one.entry.key, 0) for one in entries if not one.entry.rules.ignore_budget)
    for one in sorted(entries, key=dispensable):
        if spent <= budget:
            break
        if one.entry.key in tokens and not one.entry.rules.ignore_budget:
            spent -= tokens[one.entry.key]
            keys.discard(one.entry.key)
    return keys


def dispensable(one: Ready) -> tuple[bool, float]:
    """What goes first is smallest."""
    return "ignore_on_max_context" not in one.decorated, one.priority
