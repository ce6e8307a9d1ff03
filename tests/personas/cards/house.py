"""A folder of personas for one test: files go in, cards come out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.card import Imported
from personas.card_export import Exported, Form, export
from personas.card_import import import_file
from personas.container import container_of

NOW = 1_700_000_000


@dataclass
class House:
    folder: Path

    def take_in(self, data: bytes | dict[str, Any], name: str = "card.png") -> Imported:
        file = self.folder / name
        file.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return import_file(file, self.folder / "cast")

    def file(self, persona_id: str) -> Path:
        return self.folder / "cast" / persona_id / f"{persona_id}.yaml"

    def lore(self, persona_id: str) -> Path:
        return next(self.file(persona_id).parent.glob("*.lore.*"))

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def export(self, persona_id: str, form: Form = "same", now: Callable[[], float] = lambda: NOW) -> Exported:
        return export(self.file(persona_id), form=form, now=now)


def cards_in(data: bytes) -> dict[str, Any]:
    """The JSON of every card text in a file."""
    return {keyword: json.loads(text.decode("utf-8-sig")) for keyword, text in container_of(data).texts.items()}


def leaves(value: Any, way: str = "") -> dict[str, Any]:
    """Every value that is no list and no object, by its path."""
    if isinstance(value, dict):
        return {k: v for key, inner in value.items() for k, v in leaves(inner, f"{way}.{key}").items()} or {way: {}}
    if isinstance(value, list):
        return {k: v for n, inner in enumerate(value) for k, v in leaves(inner, f"{way}[{n}]").items()} or {way: []}
    return {way: value}


def changed(before: Any, after: Any) -> set[str]:
    """The paths at which two values differ."""
    old, new = leaves(before), leaves(after)
    return {way for way in old.keys() | new.keys() if old.get(way, ...) != new.get(way, ...)}
