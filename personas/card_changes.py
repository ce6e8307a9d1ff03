"""What an operator changed since the import, as edits of the card's own JSON: one path and one value for each.

A changed value is written where the card keeps it, and into the copies that said the same: the flat V1 fields beside
`data`, and the V2 downgrade in a PNG's other chunk. Whatever disagreed before is left alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from personas.card import KNOWN, Version
from personas.card_examples import mes_example
from personas.card_json import Json, JsonText, Path, value_at, with_value
from personas.lorebook import WORLD_FIELDS, WORLD_RULES

FIELDS: Mapping[Path, Path] = {
    ("name",): ("name",),
    ("who",): ("description",),
    ("personality",): ("personality",),
    ("scenario",): ("scenario",),
    ("greeting",): ("first_mes",),
    ("greetings",): ("alternate_greetings",),
    ("examples",): ("mes_example",),
    ("card", "nickname"): ("nickname",),
    ("card", "system_prompt"): ("system_prompt",),
    ("card", "post_history_instructions"): ("post_history_instructions",),
    ("card", "depth_prompt", "prompt"): ("extensions", "depth_prompt", "prompt"),
    ("card", "depth_prompt", "depth"): ("extensions", "depth_prompt", "depth"),
    ("card", "depth_prompt", "role"): ("extensions", "depth_prompt", "role"),
    ("card", "group_greetings"): ("group_only_greetings",),
    ("card", "creator"): ("creator",),
    ("card", "creator_notes"): ("creator_notes",),
    ("card", "character_version"): ("character_version",),
    ("card", "tags"): ("tags",),
}
LISTS = {"alternate_greetings", "tags", "group_only_greetings"}
ELSEWHERE = {"id", "lore", "knowledge"}


@dataclass(frozen=True, slots=True)
class Edit:
    """A new value at a path below the card's `data` (or below the flat object of a V1 card)."""

    path: Path
    value: Json


def persona_edits(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[Edit, ...]:
    """The edits of a card for what changed in the persona's file."""
    return tuple(
        Edit(path, as_card_says(path[-1], value_at(dict(after), way)))
        for way, path in FIELDS.items()
        if value_at(dict(before), way) != value_at(dict(after), way)
    )


def unplaced(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[str, ...]:
    """The changed keys of a persona for which cards have no field."""
    known = {way[0] for way in FIELDS} | ELSEWHERE
    return tuple(key for key in after if key not in known and before.get(key) != after[key])


def as_card_says(field: str | int, value: Json) -> Json:
    """A persona's value in the type the card's field has."""
    if field == "mes_example":
        pairs = value if isinstance(value, list) else []
        return mes_example([(str(pair["fan"]), str(pair["says"])) for pair in pairs if isinstance(pair, dict)])
    if field in LISTS:
        return value if isinstance(value, list) else []
    if field == "depth":
        return value if isinstance(value, int) else 4
    return "" if value is None else str(value)


def differences(before: Json, after: Json, path: Path = ()) -> Iterator[Edit]:
    """The smallest edits that turn one value into another; an object that lost a key is written whole."""
    if type(before) is type(after) and before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() <= after.keys():
        for key, value in after.items():
            if key in before:
                yield from differences(before[key], value, (*path, key))
            else:
                yield Edit((*path, key), value)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, (*path, number))
    else:
        yield Edit(path, after)


def placed(edits: tuple[Edit, ...], version: Version) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """The edits a card of this version has fields for, and the names of the others."""
    known = {*KNOWN[version], *(("extensions", "character_book") if version > 1 else ())}
    if version == 3:
        known |= {"nickname", "modification_date"}
    fitting = tuple(edit for edit in edits if edit.path[0] in known)
    return fitting, tuple(str(edit.path[0]) for edit in edits if edit not in fitting)


def apply(written: JsonText, edits: tuple[Edit, ...]) -> JsonText:
    """The winning card's JSON with the edits in it, and in the flat V1 fields that said the same."""
    for edit in edits:
        main = root(written.value)
        old = value_at(written.value, (*main, *edit.path))
        written = put(written, (*main, *edit.path), edit.value)
        if main and old is not None and value_at(written.value, edit.path) == old:
            written = put(written, edit.path, edit.value)
    return written


def apply_to_copy(copy: JsonText, edits: tuple[Edit, ...], original: Json) -> JsonText:
    """A downgraded copy's JSON with the edits of what it had in common with the original."""
    for edit in edits:
        old = value_at(original, (*root(original), *edit.path))
        for start in dict.fromkeys((root(copy.value), ())):
            if old is not None and value_at(copy.value, (*start, *edit.path)) == old:
                copy = put(copy, (*start, *edit.path), edit.value)
    return copy


def root(value: Json) -> Path:
    """Where a card keeps its fields."""
    return ("data",) if isinstance(value, dict) and isinstance(value.get("data"), dict) else ()


def put(written: JsonText, path: Path, value: Json) -> JsonText:
    """One value in its place, with the line ends of what stood there; missing objects above it are made."""
    old = value_at(written.value, path)
    if isinstance(old, str) and isinstance(value, str) and "\r\n" in old:
        value = value.replace("\r\n", "\n").replace("\n", "\r\n")
    while path[:-1] and not isinstance(value_at(written.value, path[:-1]), dict | list):
        path, value = path[:-1], {str(path[-1]): value}
    return with_value(written, path, value)


def world_edit(edit: Edit, entries: Mapping[str, Json]) -> Edit:
    """An edit of a book as an edit of the world file it came from."""
    back = {new: old for old, new in WORLD_FIELDS.items()}
    rules = {new: old for old, new in WORLD_RULES.items()}
    if edit.path[:1] != ("entries",) or len(edit.path) < 3:
        return edit if edit.path != ("entries",) else Edit(("entries",), world_entries(edit.value))
    _, number, field, *rest = edit.path
    uid = list(entries)[int(number)]
    if field == "enabled":
        return Edit(("entries", uid, "disable"), not edit.value)
    if field == "extensions" and rest:
        return Edit(("entries", uid, rules.get(str(rest[0]), str(rest[0])), *rest[1:]), edit.value)
    return Edit(("entries", uid, back.get(str(field), str(field)), *rest), edit.value)


def world_entries(value: Json) -> Json:
    """A book's entries under a world file's names."""
    back = {new: old for old, new in WORLD_FIELDS.items()}
    rules = {new: old for old, new in WORLD_RULES.items()}
    made: dict[str, Json] = {}
    for number, entry in enumerate(value if isinstance(value, list) else []):
        if not isinstance(entry, dict):
            continue
        extensions = entry.get("extensions")
        flat: dict[str, Json] = {back[key]: inner for key, inner in entry.items() if key in back}
        flat |= {
            rules.get(key, key): inner for key, inner in (extensions if isinstance(extensions, dict) else {}).items()
        }
        made[str(number)] = {"uid": number, **flat, "disable": not entry.get("enabled", True)}
    return made
