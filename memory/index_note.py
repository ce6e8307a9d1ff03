"""Which encoder's index answers in a data folder, and where the indexes lie; one file says so, written in one step."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memory.chroma_rows import hashed

INDEXES = "memories"
NOTE = "memories.json"


@dataclass(frozen=True, slots=True)
class Noted:
    """`made_by` names encoder and recipe; `encoder` is what the settings said, so that it can be made again."""

    made_by: str
    encoder: Mapping[str, Any] = field(default_factory=dict)


class IndexNote:
    """The note of one data folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NOTE
        self._indexes = folder / INDEXES

    def read(self) -> Noted | None:
        """What answers; None for a new house, or where the note can't be read: the index is made anew then."""
        try:
            written = json.loads(self._file.read_text())
            return Noted(str(written["made_by"]), dict(written["encoder"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, noted: Noted) -> None:
        """From now on this index answers; others are removed, with every word in them."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".part")
        draft.write_text(json.dumps({"made_by": noted.made_by, "encoder": dict(noted.encoder)}))
        draft.replace(self._file)
        answering = self.folder(noted.made_by).name
        for other in self._indexes.iterdir() if self._indexes.is_dir() else ():
            if other.name != answering:
                remove(other)

    def clear(self) -> None:
        """No index here answers, since a server does: all of them go, with every word in them."""
        if self._indexes.exists():
            remove(self._indexes)

    def forget(self, persona_id: str | None, fan_id: str) -> None:
        """Remove a fan from every index here, whichever answers; one that is open is its store's to close first."""
        persona = "*" if persona_id is None else hashed(persona_id)
        for theirs in self._indexes.glob(f"*/{persona}/{hashed(fan_id)}*"):
            remove(theirs)

    def folder(self, made_by: str) -> Path:
        """Where an encoder's index lies."""
        return self._indexes / hashed(made_by)[:8]


def remove(path: Path) -> None:
    """A folder with all that is in it, or a file."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()
