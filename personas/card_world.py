"""SillyTavern's world files, written back: a book's edits under the names that a world file has for the same things."""

from collections.abc import Mapping

from personas.card_edit import Edit
from personas.card_json import Json
from personas.lorebook import WORLD_FIELDS, WORLD_RULES, entry_of_world

FIELDS = {new: old for old, new in WORLD_FIELDS.items()}
RULES = {new: old for old, new in WORLD_RULES.items()}


def world_edit(edit: Edit, entries: Mapping[str, Json]) -> Edit:
    """An edit of a book as an edit of the world file it came from."""
    if edit.path[:1] != ("entries",):
        return edit
    if len(edit.path) == 1:
        return Edit(edit.path, world_entries(edit.value, entries))
    uid = [uid for uid, entry in entries.items() if isinstance(entry, dict)][int(edit.path[1])]
    if len(edit.path) == 2:
        return Edit(("entries", uid), world_entry(edit.value, uid))
    field, *rest = edit.path[2:]
    if field == "enabled":
        return Edit(("entries", uid, "disable"), not edit.value)
    if field == "position":
        return Edit(("entries", uid, "position"), 0 if edit.value == "before_char" else 1)
    if field == "extensions" and rest:
        return Edit(("entries", uid, RULES.get(str(rest[0]), str(rest[0])), *rest[1:]), edit.value)
    return Edit(("entries", uid, FIELDS.get(str(field), str(field)), *rest), edit.value)


def world_entries(value: Json, entries: Mapping[str, Json]) -> Json:
    """A book's entries as a world file has them; those that nobody changed keep their uid and their form."""
    left = {uid: entry_of_world(entry) for uid, entry in entries.items() if isinstance(entry, dict)}
    made: dict[str, Json] = {}
    for entry in value if isinstance(value, list) else []:
        uid = next((uid for uid, old in left.items() if old == entry), "")
        if uid:
            del left[uid]
            made[uid] = entries[uid]
        else:
            uid = free_uid({*entries, *made})
            made[uid] = world_entry(entry, uid)
    return made


def free_uid(taken: set[str]) -> str:
    """The first number that no entry has."""
    return next(str(number) for number in range(len(taken) + 1) if str(number) not in taken)


def world_entry(entry: Json, uid: str) -> Json:
    """A book's entry under a world file's names."""
    if not isinstance(entry, dict):
        return entry
    extensions = entry.get("extensions")
    flat: dict[str, Json] = {FIELDS[key]: inner for key, inner in entry.items() if key in FIELDS}
    flat |= {RULES.get(key, key): inner for key, inner in (extensions if isinstance(extensions, dict) else {}).items()}
    flat.setdefault("position", 0 if entry.get("position") == "before_char" else 1)
    return {**flat, "uid": int(uid) if uid.isdecimal() else uid, "disable": not entry.get("enabled", True)}
