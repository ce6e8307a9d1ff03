"""Finds a model of the hub, or a folder of one's own, as ONNX: as it lies there, or exported once and kept.

What is not covered: models whose vectors go through layers of their own after pooling (`2_Dense`), and families other
than BERT's (BERT, RoBERTa, XLM-R: nearly all small encoders); those can be reached through a server.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from serving.errors import EngineAway, EngineMissing

Pooling = Literal["mean", "cls", "lasttoken"]
Purpose = Literal["encoder", "reranker"]
NOTE = "encoder.json"
PREPARED = 2  # grows whenever the export is made in another way
WANTED = ("*.json", "*.txt", "*.model", "*.safetensors", "1_Pooling/*", "2_Dense/*")
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


def found(model: str) -> Path:
    """The folder of a model's files; one on the hub is fetched, or taken from the cache if the hub is away."""
    if Path(model).is_dir():
        return Path(model)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as exc:
        raise EngineMissing("Fetching a model needs huggingface_hub: pip install huggingface_hub") from exc
    try:
        return Path(snapshot_download(model, allow_patterns=list(WANTED)))
    except HFValidationError as exc:
        raise EngineMissing(f"There is no folder {model}, and it is no name on the hub.") from exc
    except LocalEntryNotFoundError as exc:
        raise EngineAway(f"{model} is not on this machine, and the hub can't be reached.") from exc
    except (HfHubHTTPError, OSError) as exc:
        raise EngineMissing(f"{model} can't be fetched from the hub: {exc}") from exc


def prepared(
    model: str, shelf: Path, *, purpose: Purpose, export: Callable[[Path, Path, Purpose], None] | None = None
) -> Path:
    """A folder with the model as ONNX; one on `shelf` that was exported before is used again."""
    source = found(model)
    if (source / NOTE).is_file():
        return source
    target = shelf / f"{source.resolve().name}-{digest(source, purpose)}"
    if not (target / NOTE).is_file():
        (export or exported)(source, target, purpose)
    return target


def exported(source: Path, target: Path, purpose: Purpose) -> None:
    """Torch is needed for this, once."""
    try:
        from serving.encoder_export import export
    except ImportError as exc:
        raise EngineMissing("Preparing an encoder needs torch, once: pip install 'greenroom[local]'") from exc
    export(source, target, purpose=purpose)


def digest(source: Path, purpose: Purpose) -> str:
    """Changes with what the model is: its settings, and the size of each of its files."""
    files = sorted(file for file in source.rglob("*") if file.suffix in {".json", ".safetensors", ".bin"})
    parts = [f"{file.relative_to(source)} {file.stat().st_size}" for file in files]
    return hashlib.sha256("\n".join([purpose, str(PREPARED), *parts]).encode()).hexdigest()[:8]


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
