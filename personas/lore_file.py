"""Lorebooks as files beside a persona: YAML that an operator writes, or the JSON that other programs exchange.

    name: Ravenholm
    entries:
      - keys: [raven, "/black (bird|wing)s?/i"]
        content: The ravens of the keep carry letters, and read them first.

Every field of the V3 lorebook may stand here; those left out have the specification's defaults.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from personas.card_errors import CardMissing
from personas.card_json import Json, read_json
from personas.card_yaml import clean, yaml_text
from personas.container import LARGEST_CARD
from personas.errors import PersonaError
from personas.half_letters import all_joined
from personas.lorebook import SPEC, Lorebook, book_of_any, lorebook_of
from personas.lorebook_repair import Repairs
from personas.yaml_text import parse, read_document, with_words

HEAD = ("A lorebook: what is known when a key comes up. `greenroom persona why` shows which entry fired, and why.",)
LONGEST_YAML = 200_000
MOST_VALUES = 8_000


def read_lore(file: Path) -> tuple[Json, Lorebook, tuple[str, ...]]:
    """The written value, the book, and what had to be mended. Raises `PersonaError`, `CardError` or `OSError`."""
    repairs = Repairs()
    written, meant = written_in(file)
    book = book_of_any(meant, repairs)
    if book is None:
        raise CardMissing(f"{file} holds no lorebook.", "A lorebook is `entries:`, a list of `keys` and `content`.")
    named = tuple(repair for repair in repairs.named() if "`id`" not in repair and "`extensions`" not in repair)
    return written, lorebook_of(book, name=file.stem.removesuffix(".lore")), named


def written_in(file: Path) -> tuple[Json, Json]:
    """The value as it is written, and as it is meant: with whole letters only, and numbers that are their own text."""
    if file.suffix == ".json":
        written = read_json(bytes_of(file)).value
        return written, all_joined(written)
    document = read_document(file)
    return document.value, with_words(document.value, document.spots)


def bytes_of(file: Path) -> bytes:
    """The file's bytes, at most as many as a card may have."""
    with file.open("rb") as stream:
        return stream.read(LARGEST_CARD)


def write_lore(book: Mapping[str, Json], folder: Path, stem: str) -> Path:
    """Writes a mended book where an operator can change it: as YAML if it is short and survives it, else as JSON."""
    value = clean(dict(book))
    assert isinstance(value, dict)
    text = as_yaml(value, folder / f"{stem}.lore.yaml")
    file = folder / f"{stem}.lore.{'yaml' if text else 'json'}"
    file.write_text(text or as_json(value), encoding="utf-8")
    return file


def as_yaml(value: Mapping[str, Json], file: Path) -> str:
    """The book as YAML that reads back as the same value, or nothing where there is no such YAML."""
    if count(dict(value)) > MOST_VALUES or len(as_json(value)) > LONGEST_YAML:
        return ""
    for quoted in (False, True):
        text = yaml_text(value, HEAD, quoted=quoted)
        try:
            if parse(text, file).value == value:
                return text
        except PersonaError:
            continue
    return ""


def as_json(value: Mapping[str, Json]) -> str:
    """The book as other programs read it."""
    return json.dumps({"spec": SPEC, "data": value}, ensure_ascii=False, indent=1) + "\n"


def count(value: Json) -> int:
    """How many values a value is made of."""
    if isinstance(value, dict):
        return 1 + sum(count(inner) for inner in value.values())
    return 1 + sum(count(inner) for inner in value) if isinstance(value, list) else 1
