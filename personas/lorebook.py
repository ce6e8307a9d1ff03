"""A lorebook: what a persona knows when it comes up. One shape for V2 and V3 books, and for SillyTavern's world files.

`book_of` mends a book from a card, `book_of_world` turns a world file into the same form, `lorebook_of` makes the typed
value the engine runs. SillyTavern's own rules stand under each entry's `extensions`; what greenroom does not know there
stays there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from personas.card_json import Json
from personas.lore_rules import Rules, rules_of
from personas.lorebook_repair import Repairs, as_number, as_text, as_texts, as_truth

SPEC = "lorebook_v3"
TEXTS = ("name", "comment")
TRUTHS = {"enabled": True, "use_regex": False, "constant": False, "selective": False}
# SillyTavern's names in a world file, and where the same thing stands in a card
WORLD_FIELDS = {
    "uid": "id",
    "key": "keys",
    "keysecondary": "secondary_keys",
    "comment": "comment",
    "content": "content",
    "constant": "constant",
    "selective": "selective",
    "order": "insertion_order",
}
WORLD_RULES = {
    "position": "position",
    "depth": "depth",
    "role": "role",
    "selectiveLogic": "selectiveLogic",
    "probability": "probability",
    "useProbability": "useProbability",
    "group": "group",
    "groupOverride": "group_override",
    "groupWeight": "group_weight",
    "useGroupScoring": "use_group_scoring",
    "excludeRecursion": "exclude_recursion",
    "preventRecursion": "prevent_recursion",
    "delayUntilRecursion": "delay_until_recursion",
    "scanDepth": "scan_depth",
    "matchWholeWords": "match_whole_words",
    "caseSensitive": "case_sensitive",
    "sticky": "sticky",
    "cooldown": "cooldown",
    "delay": "delay",
    "automationId": "automation_id",
    "vectorized": "vectorized",
    "displayIndex": "display_index",
    "outletName": "outlet_name",
    "triggers": "triggers",
    "ignoreBudget": "ignore_budget",
    "matchPersonaDescription": "match_persona_description",
    "matchCharacterDescription": "match_character_description",
    "matchCharacterPersonality": "match_character_personality",
    "matchCharacterDepthPrompt": "match_character_depth_prompt",
    "matchScenario": "match_scenario",
    "matchCreatorNotes": "match_creator_notes",
}


@dataclass(frozen=True, slots=True)
class LoreEntry:
    """One thing to know, and when. `key` is unique in a conversation; What is None is left to the engine."""

    key: str
    name: str
    keys: tuple[str, ...]
    secondary_keys: tuple[str, ...]
    content: str
    enabled: bool = True
    order: float = 0
    use_regex: bool | None = None
    constant: bool = False
    selective: bool = False
    case_sensitive: bool | None = None
    priority: float | None = None
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, slots=True)
class Lorebook:
    """Entries, and how far to look for their keys. `scan_depth` counts messages, `token_budget` tokens."""

    name: str
    entries: tuple[LoreEntry, ...]
    scan_depth: int | None = None
    token_budget: int | None = None
    recursive: bool | None = None


def is_world(value: Json) -> bool:
    """Whether an object is a SillyTavern world file: entries by their uid, with `key` and `content`."""
    if not isinstance(value, dict):
        return False
    entries = value.get("entries")
    if not isinstance(entries, dict):
        return False
    return all(isinstance(entry, dict) and ("key" in entry or "content" in entry) for entry in entries.values())


def is_book(value: Json) -> bool:
    """Whether an object is a lorebook on its own: with its specification's name, or bare."""
    if not isinstance(value, dict):
        return False
    return value.get("spec") == SPEC or (isinstance(value.get("entries"), list) and "data" not in value)


def book_of_any(value: Json, repairs: Repairs) -> dict[str, Json] | None:
    """The book in an object of either form, or None."""
    if is_world(value) and isinstance(value, dict):
        return book_of_world(value, repairs)
    if not is_book(value) or not isinstance(value, dict):
        return None
    data = value.get("data") if value.get("spec") == SPEC else value
    return book_of(data, repairs) if isinstance(data, dict) else None


def book_of(raw: Mapping[str, Json], repairs: Repairs) -> dict[str, Json]:
    """A book with every known field in its right type and the unknown ones as they were."""
    book = dict(raw)
    if isinstance(book.get("entries"), dict):
        return book_of_world(raw, repairs)
    if not isinstance(book.get("extensions"), dict):
        repairs.note("the lorebook had no `extensions`")
        book["extensions"] = {}
    for name in ("name", "description"):
        if book.get(name) is not None:
            book[name] = as_text(book[name], f"character_book.{name}", repairs)
    for name in ("scan_depth", "token_budget"):
        if book.get(name) is not None:
            book[name] = as_number(book[name], f"character_book.{name}", repairs, default=None)
    if book.get("recursive_scanning") is not None:
        book["recursive_scanning"] = as_truth(book["recursive_scanning"], "recursive_scanning", repairs, default=False)
    entries = book.get("entries")
    if not isinstance(entries, list):
        repairs.note("the lorebook had no list of `entries`")
        entries = []
    whole = [entry for entry in entries if isinstance(entry, dict)]
    if len(whole) < len(entries):
        repairs.note("a lorebook entry was no object; it is left out")
    book["entries"] = [entry_of(entry, repairs) for entry in whole]
    return book


def entry_of(raw: Mapping[str, Json], repairs: Repairs) -> dict[str, Json]:
    """An entry with every known field in its right type."""
    entry = dict(raw)
    entry["keys"] = as_texts(entry.get("keys", []), "keys", repairs, commas=True)
    if entry.get("secondary_keys") is not None:
        entry["secondary_keys"] = as_texts(entry["secondary_keys"], "secondary_keys", repairs, commas=True)
    entry["content"] = as_text(entry.get("content", ""), "content", repairs)
    for name in TEXTS:
        if entry.get(name) is not None:
            entry[name] = as_text(entry[name], name, repairs)
    for name, default in TRUTHS.items():
        if name in entry or name == "enabled":
            entry[name] = as_truth(entry.get(name, default), name, repairs, default=default)
    if entry.get("case_sensitive") is not None:
        entry["case_sensitive"] = as_truth(entry["case_sensitive"], "case_sensitive", repairs, default=False)
    entry["insertion_order"] = as_number(entry.get("insertion_order", 100), "insertion_order", repairs, default=100)
    if entry.get("priority") is not None:
        entry["priority"] = as_number(entry["priority"], "priority", repairs, default=None)
    if "id" not in entry:
        repairs.note("an entry had no `id`")
    extensions = entry.get("extensions")
    if not isinstance(extensions, dict):
        repairs.note("an entry had no `extensions`")
        entry["extensions"] = {}
    elif extensions.get("probability", 100) is None:
        repairs.note("an entry's `probability` was null; it counts as 100")
    return entry


def book_of_world(raw: Mapping[str, Json], repairs: Repairs) -> dict[str, Json]:
    """A world file in the form of a card's book; what has no place there goes under `extensions`."""
    return book_of(unworldly(raw), repairs)


def unworldly(raw: Mapping[str, Json]) -> dict[str, Json]:
    """A world file under a book's names, before anything is mended."""
    entries = raw["entries"]
    assert isinstance(entries, dict)
    made: list[Json] = [entry_of_world(entry) for entry in entries.values() if isinstance(entry, dict)]
    return {"name": raw.get("name") or "", "extensions": {}, "entries": made}


def entry_of_world(raw: Mapping[str, Json]) -> dict[str, Json]:
    """One entry of a world file in the form of a card's entry."""
    entry: dict[str, Json] = {new: raw[old] for old, new in WORLD_FIELDS.items() if old in raw}
    entry["enabled"] = not raw.get("disable", False)
    entry["use_regex"] = True
    entry["position"] = "before_char" if raw.get("position") == 0 else "after_char"
    known = {*WORLD_FIELDS, *WORLD_RULES, "disable"}
    entry["extensions"] = {
        **{name: value for name, value in raw.items() if name not in known},
        **{new: raw[old] for old, new in WORLD_RULES.items() if old in raw},
    }
    return entry


def lorebook_of(book: Mapping[str, Json], *, name: str = "") -> Lorebook:
    """The typed value of a mended book."""
    said = str(book.get("name") or name)
    entries = book["entries"]
    assert isinstance(entries, list)
    return Lorebook(
        said,
        tuple(
            typed(entry, f"{name or said}#{number}") for number, entry in enumerate(entries) if isinstance(entry, dict)
        ),
        scan_depth=whole(book.get("scan_depth")),
        token_budget=whole(book.get("token_budget")),
        recursive=None if book.get("recursive_scanning") is None else bool(book["recursive_scanning"]),
    )


def typed(entry: Mapping[str, Json], key: str) -> LoreEntry:
    """One mended entry as the engine reads it."""
    extensions = entry["extensions"]
    assert isinstance(extensions, dict)
    sensitive = entry.get("case_sensitive")
    if sensitive is None:
        sensitive = extensions.get("case_sensitive")
    priority = entry.get("priority")
    return LoreEntry(
        key=key,
        name=str(entry.get("comment") or entry.get("name") or ", ".join(words(entry["keys"])[:3]) or key),
        keys=words(entry["keys"]),
        secondary_keys=words(entry.get("secondary_keys")),
        content=str(entry["content"]),
        enabled=bool(entry["enabled"]),
        order=float(str(entry["insertion_order"])),
        use_regex=bool(entry["use_regex"]) if "use_regex" in entry else None,
        constant=bool(entry.get("constant")),
        selective=bool(entry.get("selective")),
        case_sensitive=None if sensitive is None else bool(sensitive),
        priority=None if priority is None else float(str(priority)),
        rules=rules_of(extensions, entry.get("position")),
    )


def words(value: Json) -> tuple[str, ...]:
    """The texts of a list that are not blank."""
    return tuple(str(item) for item in value if str(item).strip()) if isinstance(value, list) else ()


def whole(value: Json) -> int | None:
    """A whole number, or None."""
    return int(value) if isinstance(value, int | float) else None
