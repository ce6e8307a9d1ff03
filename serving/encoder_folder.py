"""What stands in a folder with an encoder: how its states become one vector, and how many tokens it reads.

What is not covered: models whose vectors go through layers of their own after pooling (`2_Dense`); those can be
reached through a server.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from serving.errors import EngineMissing

Pooling = Literal["mean", "cls", "lasttoken"]
Purpose = Literal["encoder", "reranker"]
NOTE = "encoder.json"
PREPARED = 2  # grows whenever the export is made in another way
POOLINGS: dict[str, Pooling] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True, slots=True)
class Note:
    """What stands beside an exported model: how its states become one vector, and how many tokens it reads."""

    pooling: Pooling = "mean"
    longest: int = 256
    prepared: int = PREPARED


def note_of(source: Path) -> Note:
    """How a sentence-transformers folder says its vectors are made; mean pooling where it says nothing."""
    if (source / "2_Dense").is_dir():
        raise EngineMissing(f"{source.name} has layers after its pooling, which are not exported. Use a server for it.")
    pooling = json_in(source / "1_Pooling" / "config.json")
    named = pooling.get("pooling_mode")
    modes = [mode for key, mode in POOLINGS.items() if pooling.get(key) or named == mode]
    if pooling and not modes:
        raise EngineMissing(f"{source.name} pools in a way that is not known here. Use a server for it.")
    longest = json_in(source / "sentence_bert_config.json").get("max_seq_length") or 256
    return Note(modes[0] if modes else "mean", min(int(longest), 512))


def read_note(folder: Path) -> Note:
    """What stands beside an exported model."""
    written = json_in(folder / NOTE)
    return Note(written.get("pooling", "mean"), int(written.get("longest", 256)), int(written.get("prepared", 1)))


def json_in(file: Path) -> dict[str, Any]:
    """A JSON object; empty if there is no such file."""
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise EngineMissing(f"{file} is no JSON ({exc}). Fetch the model again.") from exc
    return found if isinstance(found, dict) else {}
