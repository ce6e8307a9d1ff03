"""What lies beside an imported persona so that an export is lossless: the file it came from, and what was made of it.

    <id>/<id>.yaml           the persona, for the operator
    <id>/<id>.lore.yaml      its lorebook, for the operator (JSON where it is too long for YAML)
    <id>/<id>.card.png       the original, byte for byte (or .json, .charx, .jpg, .webp, …)
    <id>/<id>.import.json    this: the original's SHA-256, and the values as they were when imported

An export compares the operator's values with those of the import: what is the same comes from the original.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from personas.card_errors import CardError, CardUnreadable
from personas.card_json import Json

SUFFIXES = {"png": ".png", "json": ".json", "charx": ".charx", "jpeg+charx": ".jpg", "webp": ".webp", "text": ".txt"}


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`form` is `card`, `lorebook`, or a foreign format's name; `values` and `lore` are as they read back."""

    form: str
    original: str
    sha256: str
    values: dict[str, Json]
    lore_file: str
    lore: Json

    def save(self, file: Path) -> None:
        """Writes the sidecar."""
        file.write_text(json.dumps(asdict(self), ensure_ascii=True, indent=1) + "\n", encoding="utf-8")

    def original_bytes(self, folder: Path) -> bytes:
        """The file that was imported; `CardError` if it is gone or changed."""
        file = folder / self.original
        try:
            data = file.read_bytes()
        except OSError as exc:
            raise CardError(f"The imported original {file} is gone.", "Import the card again.") from exc
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise CardError(f"The imported original {file} was changed.", "Import the card again.")
        return data


def sidecar_file(folder: Path, persona_id: str) -> Path:
    """Where the sidecar of an id lies."""
    return folder / f"{persona_id}.import.json"


def read_sidecar(file: Path) -> Sidecar | None:
    """The sidecar in a file, or None where there is none: the persona was not imported."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise CardUnreadable(f"{file} can't be read: {exc}.", "Import the card again.") from exc
    try:
        return Sidecar(**written)
    except TypeError as exc:
        raise CardUnreadable(f"{file} is no sidecar of an import.", "Import the card again.") from exc
