"""Looks at a model's folder before torch is imported, so that a wrong one is told at once and not seconds later."""

import json
from pathlib import Path

from serving.errors import EngineMissing

REMEDY = "Name another in greenroom.yaml under serving, or fetch it again."


def checked(folder: str) -> None:
    """A path that isn't there, or holds no model, is told before transformers goes looking on the hub for it."""
    path = Path(folder).expanduser()
    if not path.exists() and (path.is_absolute() or folder.count("/") != 1):
        raise EngineMissing(f"There is no model folder {folder}. {REMEDY}")
    if path.exists() and not (path / "config.json").is_file():
        raise EngineMissing(f"{folder} holds no model: it has no config.json. {REMEDY}")
    if path.exists():
        try:
            json.loads((path / "config.json").read_text(encoding="utf-8"))
        except ValueError as exc:
            raise EngineMissing(f"{folder}/config.json can't be read: {exc}. {REMEDY}") from exc
