"""The same card in another version: V3 for programs of today, V2 for those of yesterday.

What only V3 has waits under `extensions.greenroom` of a V2 card, and comes back out of it. A V2 reader would show
decorators as text, so a downgrade goes without them and says so in its notes.
"""

from collections.abc import Mapping

from personas.card import KNOWN, TEXTS, Card
from personas.card_json import Json
from personas.decorators import undecorated

V3_ONLY = (
    "assets",
    "nickname",
    "creator_notes_multilingual",
    "source",
    "group_only_greetings",
    "creation_date",
    "modification_date",
)
OURS = "greenroom"
DOWNGRADED = "This is a downgrade of a V3 card for older programs; open the card in one that reads V3."


def v3_of(card: Card, *, now: int) -> dict[str, Json]:
    """The card as V3; `now` in Unix seconds becomes its modification date."""
    data = whole_data(card, 3)
    extensions = data["extensions"]
    assert isinstance(extensions, dict)
    waiting = extensions.get(OURS)
    if isinstance(waiting, dict) and isinstance(waiting.get("v3"), dict):
        data |= {key: value for key, value in as_object(waiting["v3"]).items() if key in V3_ONLY}
        data["extensions"] = {key: value for key, value in extensions.items() if key != OURS}
    data.setdefault("group_only_greetings", [])
    data["modification_date"] = now
    book = data.get("character_book")
    if isinstance(book, dict):
        entries = book.get("entries")
        assert isinstance(entries, list)
        upgraded: list[Json] = [{"use_regex": False, **as_object(entry)} for entry in entries]
        data["character_book"] = {**book, "entries": upgraded}
    return {**beside(card), "spec": "chara_card_v3", "spec_version": "3.0", "data": data}


def v2_of(card: Card, *, backfill: bool = False) -> dict[str, Json]:
    """The card as V2; a backfill is the copy beside a V3 card, which keeps what V2 has no field for."""
    data = whole_data(card, 2)
    modern = {key: data.pop(key) for key in V3_ONLY if key in data}
    if modern and not backfill:
        data["extensions"] = {**as_object(data["extensions"]), OURS: {"v3": modern}}
    if backfill:
        data["creator_notes"] = f"{DOWNGRADED}\n\n{data['creator_notes']}".strip()
    book = data.get("character_book")
    if isinstance(book, dict):
        entries = book.get("entries")
        assert isinstance(entries, list)
        plain: list[Json] = [without_decorators(as_object(entry)) for entry in entries]
        data["character_book"] = {**book, "entries": plain}
    return {**beside(card), "spec": "chara_card_v2", "spec_version": "2.0", "data": data}


def whole_data(card: Card, version: int) -> dict[str, Json]:
    """The card's fields with every one that a version requires; what stood flat beside them in V1 stays there."""
    outside = beside(card) if card.version == 1 else {}  # of the others, `data` is whole by itself
    data = {key: value for key, value in card.fields.items() if key not in outside}
    for name in KNOWN[version]:
        data.setdefault(name, "" if name in TEXTS else [])
    data.setdefault("extensions", {})
    return data


def beside(card: Card) -> dict[str, Json]:
    """The keys of a V1 card that no version knows, and those that stand beside `data`."""
    if card.version == 1:
        known = {*KNOWN[3], *V3_ONLY, "character_book", "extensions", "spec", "spec_version", "data"}
        return {key: value for key, value in card.raw.items() if key not in known}
    outside = {key: value for key, value in card.raw.items() if key not in {"spec", "spec_version", "data"}}
    return {key: card.fields.get(key, value) if key in KNOWN[1] else value for key, value in outside.items()}


def without_decorators(entry: Mapping[str, Json]) -> dict[str, Json]:
    """An entry whose content is only what is inserted."""
    return {**entry, "content": undecorated(str(entry.get("content") or ""))}


def as_object(value: Json) -> dict[str, Json]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}
