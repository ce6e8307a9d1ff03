"""What an operator changed since the import, as edits of the card's own JSON: one path and one value for each.

A changed value is written where the card keeps it, and into the copies that said the same: the flat V1 fields beside
`data`, and the V2 downgrade in a PNG's other chunk. Whatever disagreed before is left alone.
"""

from collections.abc import Iterator, Mapping

from personas.card import KNOWN, Version
from personas.card_edit import Edit, edits
from personas.card_examples import exchanged
from personas.card_json import Json, JsonText, Path, value_at, with_value

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
ELSEWHERE = {"id", "lore"}


def persona_edits(
    before: Mapping[str, Json], after: Mapping[str, Json], written: Mapping[str, Json]
) -> tuple[Edit, ...]:
    """The edits of a card for what changed in the persona's file; `written` are the card's fields as they stand."""
    return tuple(
        edit
        for way, path in FIELDS.items()
        for edit in field_edits(
            path, value_at(dict(before), way), value_at(dict(after), way), value_at(dict(written), path), before
        )
    )


def field_edits(path: Path, before: Json, after: Json, written: Json, persona: Mapping[str, Json]) -> Iterator[Edit]:
    """The edits of one field."""
    if before == after:
        return
    if path[-1] in LISTS and isinstance(before, list) and isinstance(after, list):
        yield from edits(before, after, written, path)
    elif path[-1] == "mes_example":
        text = written if isinstance(written, str) else ""
        yield Edit(path, exchanged(text, pairs(before), pairs(after), str(persona.get("name") or "")))
    else:
        yield Edit(path, as_card_says(path[-1], after))


def pairs(value: Json) -> list[tuple[str, str]]:
    """A persona's examples as pairs of texts."""
    found = value if isinstance(value, list) else []
    return [(str(pair["fan"]), str(pair["says"])) for pair in found if isinstance(pair, dict)]


def unplaced(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[str, ...]:
    """The changed keys of a persona for which cards have no field."""
    known = {way[0] for way in FIELDS} | ELSEWHERE
    return tuple(key for key in after if key not in known and before.get(key) != after[key])


def as_card_says(field: str | int, value: Json) -> Json:
    """A persona's value in the type the card's field has."""
    if field in LISTS:
        return [str(item) for item in value] if isinstance(value, list) else []
    if field == "depth":
        return value if isinstance(value, int) else 4
    return "" if value is None else str(value)


def placed(wanted: tuple[Edit, ...], version: Version) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """The edits a card of this version has fields for, and the names of the others."""
    known = {*KNOWN[version], *(("extensions", "character_book") if version > 1 else ())}
    if version == 3:
        known |= {"nickname", "modification_date"}
    fitting = tuple(edit for edit in wanted if edit.path[0] in known)
    return fitting, tuple(str(edit.path[0]) for edit in wanted if edit not in fitting)


def apply(written: JsonText, wanted: tuple[Edit, ...]) -> JsonText:
    """The winning card's JSON with the edits in it, and in the flat V1 fields that said the same."""
    for edit in wanted:
        main = root(written.value)
        old = value_at(written.value, (*main, *edit.path))
        written = put(written, (*main, *edit.path), edit.value)
        if main and old is not None and value_at(written.value, edit.path) == old:
            written = put(written, edit.path, edit.value)
    return written


def apply_to_copy(copy: JsonText, wanted: tuple[Edit, ...], original: Json) -> JsonText:
    """A downgraded copy's JSON with the edits of what it had in common with the original."""
    for edit in wanted:
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
