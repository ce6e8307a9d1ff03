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
                shutil.rmtree(other) if other.is_dir() else other.unlink()

    def folder(self, made_by: str) -> Path:
        """Where an encoder's index lies."""
        return self._indexes / hashed(made_by)[:8]
