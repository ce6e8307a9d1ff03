"""Keeps every version of a persona that ever played, so that an old turn's prompt can be rebuilt from its record."""

from pathlib import Path

import structlog
from pydantic import ValidationError

from personas.cast import Cast
from personas.errors import Finding, PersonaUnreadable
from personas.persona import Persona

log = structlog.get_logger()
SHORTEST_VERSION = 4
VERSIONS = "personas"  # the archive's folder in the data folder


class Archive:
    """A folder of `<id>/<version>.json`; what is in it never changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep_all(self, cast: Cast) -> None:
        """Writes everybody down who plays now; one that can't be written is logged, and takes nobody else along."""
        for persona in cast.all():
            try:
                self.keep(persona)
            except (OSError, ValueError) as exc:
                log.warning("persona_not_kept", persona=persona.id, reason=str(exc))

    def keep(self, persona: Persona) -> None:
        """Writes the persona down, unless this version is there already."""
        file = self._folder / persona.id / f"{persona.version}.json"
        if file.exists():
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.write_text(persona.model_dump_json(indent=1), encoding="utf-8")
        draft.replace(file)

    def find(self, persona_id: str, version: str) -> Persona:
        """The persona as it was; the first few digits of the version are enough if no other begins like it."""
        folder = self._folder / persona_id
        found = (
            sorted(folder.glob(f"{version}*.json")) if version.isalnum() and len(version) >= SHORTEST_VERSION else []
        )
        if len(found) != 1:
            many = "Several versions begin" if found else "No version begins"
            known = ", ".join(sorted(file.stem for file in folder.glob("*.json"))) or "none"
            sentence = f"{many} with '{version}' in the archive of '{persona_id}'."
            raise PersonaUnreadable([Finding(folder, 0, 0, "", sentence, f"Kept are: {known}.")])
        try:
            return Persona.model_validate_json(found[0].read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError) as exc:
            sentence = "This version was written by another greenroom and can't be read by this one."
            raise PersonaUnreadable([Finding(found[0], 0, 0, "", sentence)]) from exc
