"""Finds a model of the hub, or a folder of one's own, as ONNX: as it lies there, or exported once and kept.

What is not covered: families other than BERT's (BERT, RoBERTa, XLM-R: nearly all small encoders); those can be reached
through a server.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from serving.encoder_folder import NOTE, PREPARED, Purpose
from serving.errors import EngineAway, EngineMissing

WANTED = ("*.json", "*.txt", "*.model", "*.safetensors", "1_Pooling/*", "2_Dense/*")


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


def prepared(model: str, shelf: Path, *, purpose: Purpose, export: Callable[[Path, Path, Purpose], None]) -> Path:
    """A folder with the model as ONNX; `export` makes it on `shelf`, unless it did before."""
    source = found(model)
    if (source / NOTE).is_file():
        return source
    target = shelf / f"{source.resolve().name}-{digest(source, purpose)}"
    if not (target / NOTE).is_file():
        export(source, target, purpose)
    return target


def digest(source: Path, purpose: Purpose) -> str:
    """Changes with what the model is: its settings, and the size of each of its files."""
    files = sorted(file for file in source.rglob("*") if file.suffix in {".json", ".safetensors", ".bin"})
    parts = [f"{file.relative_to(source)} {file.stat().st_size}" for file in files]
    return hashlib.sha256("\n".join([purpose, str(PREPARED), *parts]).encode()).hexdigest()[:8]
