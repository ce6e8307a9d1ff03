"""Reads a conversation from a file: lines of `Name: words`, a JSON list, or SillyTavern's JSON lines."""

import json
from pathlib import Path

from personas.card_errors import CardUnreadable
from personas.lore_moment import Said

LARGEST = 8 * 1024 * 1024


def read_transcript(file: Path, own: str) -> tuple[Said, ...]:
    """What was said, oldest first; `own` is the persona's name. Raises `CardUnreadable` or `OSError`."""
    with file.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise CardUnreadable(f"{file} is larger than {LARGEST >> 20} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise CardUnreadable(f"{file} is not UTF-8.") from exc
    start = text.lstrip()[:1]
    if start == "[":
        return tuple(said(row, own) for row in rows(text, file))
    if start == "{":
        listed = "[" + ",".join(line for line in text.splitlines() if line.strip()) + "]"
        return tuple(said(row, own) for row in rows(listed, file) if "mes" in row or "text" in row or "content" in row)
    return tuple(spoken(text, own))


def rows(text: str, file: Path) -> list[dict[str, object]]:
    """The messages of a JSON list."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise CardUnreadable(f"{file} is not JSON: {exc}.") from exc
    return [row for row in value if isinstance(row, dict)]


def said(row: dict[str, object], own: str) -> Said:
    """One message, whichever program's names its keys have."""
    name = str(row.get("name") or row.get("speaker") or row.get("role") or "")
    words = str(row.get("mes") or row.get("text") or row.get("content") or "")
    mine = row.get("is_user") is False if "is_user" in row else name.casefold() in {own.casefold(), "assistant"}
    return Said(name, words, own=mine)


def spoken(text: str, own: str) -> list[Said]:
    """Lines of `Name: words`; a line without a name goes on with the one before."""
    found: list[Said] = []
    for line in text.splitlines():
        name, colon, words = line.partition(":")
        if colon and name.strip() and len(name) <= 40 and not name.startswith((" ", "\t")):
            found.append(Said(name.strip(), words.strip(), own=name.strip().casefold() == own.casefold()))
        elif found and line.strip():
            last = found.pop()
            found.append(Said(last.name, f"{last.text}\n{line.strip()}", own=last.own))
    return found
