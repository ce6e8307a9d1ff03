"""Everything that is wrong with a lorebook's file, where it stands: `greenroom persona check` tells it.

A conversation is more patient: it takes what can be read. What is not covered: keys that only other programs know are
no mistakes, so a slip is found where a key of the specification is near and missing.
"""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from personas.card_errors import CardError
from personas.card_json import Json, read_json
from personas.errors import Finding, PersonaError
from personas.lore_file import bytes_of
from personas.lore_text import key_of
from personas.lorebook import SPEC, is_book, is_world
from personas.yaml_text import Document, Spot, Way, nearest_spot, read_document

BOOK = {"name", "description", "scan_depth", "token_budget", "recursive_scanning", "extensions", "entries"}
ENTRY = {
    *("keys", "secondary_keys", "content", "extensions", "enabled", "insertion_order", "use_regex", "constant"),
    *("selective", "case_sensitive", "priority", "position", "name", "comment", "id"),
}
WORLDS_KEYS = ("key", "keysecondary")


def lore_findings(file: Path) -> tuple[Finding, ...]:
    """What is wrong with a lorebook's file."""
    try:
        document = lore_document(file)
    except PersonaError as exc:
        return exc.findings
    except CardError as exc:
        return (Finding(file, 0, 0, "", exc.what, exc.cure),)
    except OSError as exc:
        return (Finding(file, 0, 0, "", f"The lorebook can't be opened: {exc.strerror}."),)
    return (*document.findings, *in_book(document.value, document.spots))


def lore_document(file: Path) -> Document:
    """The file's values; those of JSON have no places of their own."""
    if file.suffix != ".json":
        return read_document(file)
    return Document(read_json(bytes_of(file)).value, {(): Spot(file, 0, 0, "")})


def in_book(value: Json, spots: Mapping[Way, Spot]) -> Iterator[Finding]:
    """What is wrong in a lorebook, or in a world file."""
    above: Way = ("data",) if isinstance(value, dict) and value.get("spec") == SPEC else ()
    book = value.get("data") if above and isinstance(value, dict) else value
    entries = book.get("entries") if isinstance(book, dict) else None
    if is_world(book) and isinstance(entries, dict):
        for uid, entry in entries.items():
            yield from bad_patterns(entry, (*above, "entries", uid), spots, WORLDS_KEYS)
    elif is_book(value) and isinstance(book, dict) and isinstance(entries, list):
        yield from slips(book, above, spots, BOOK)
        for number, entry in enumerate(entries):
            yield from in_entry(entry, (*above, "entries", number), spots)
    else:
        yield spots[()].finding((), "This is no lorebook.", "It is `entries:`, a list of `keys` and `content`.")


def in_entry(entry: Json, way: Way, spots: Mapping[Way, Spot]) -> Iterator[Finding]:
    """What is wrong in one entry."""
    if not isinstance(entry, dict):
        yield nearest_spot(way, spots).finding(way, "This entry is left out.", "Write its `keys` and `content`.")
        return
    slipped = tuple(slips(entry, way, spots, ENTRY))
    yield from slipped
    if "content" not in entry and not slipped:
        yield nearest_spot(way, spots).finding(way, "This entry has no `content`.", "Write what is known.")
    if entry.get("use_regex") is not False:
        yield from bad_patterns(entry, way, spots, ("keys", "secondary_keys"))


def slips(value: Mapping[str, Json], way: Way, spots: Mapping[Way, Spot], known: Collection[str]) -> Iterator[Finding]:
    """Keys that nobody knows, near to one that is missing."""
    missing = sorted(set(known) - value.keys())
    for key in value.keys() - known:
        if near := get_close_matches(key.lower(), missing, n=1, cutoff=0.75):
            here = (*way, key)
            yield nearest_spot(here, spots).finding(here, f"'{key}' is not a key here.", f"Did you mean '{near[0]}'?")


def bad_patterns(entry: Json, way: Way, spots: Mapping[Way, Spot], fields: Collection[str]) -> Iterator[Finding]:
    """Patterns that can't be looked for."""
    for field in fields:
        keys = entry.get(field) if isinstance(entry, dict) else None
        for number, key in enumerate(keys if isinstance(keys, list) else ()):
            here = (*way, field, number)
            if isinstance(key, str) and (read := key_of(key)).slashed and read.pattern is None:
                sentence = f"The pattern {key[:80]} is not valid, or too large: nothing ever matches it."
                yield nearest_spot(here, spots).finding(here, sentence, "Mend it, or take the slashes away.")
