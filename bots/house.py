"""Everything that was made for one life of the program, in one hand; `bots/app.py` makes it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bots.engines import UNDERSTUDY, Engines
from bots.hall import Hall
from bots.meters import Meters
from bots.rooms import MoodReader
from bots.settings import BotsSettings
from bots.turn import Stage
from personas import Persona, PersonaError
from serving import ServingError


@dataclass(frozen=True, slots=True)
class House:
    """What the bots are given; `journal` and `memory` are the memory room's own."""

    settings: BotsSettings
    cast: Any
    journal: Any
    memory: Any
    engines: Engines
    mood: MoodReader
    stage: Stage
    hall: Hall
    encoder: Any = None
    meters: Meters = field(default_factory=Meters)

    def persona(self, persona_id: str) -> Persona | None:
        """The persona of an id, or None."""
        try:
            found: Persona = self.cast.get(persona_id)
        except PersonaError:
            return None
        return found

    @property
    def first(self) -> Persona | None:
        """Who opens the door: whom the settings name, else the first of the cast; None in an empty house."""
        everybody = self.cast.all()
        return self.persona(self.settings.persona) or (everybody[0] if everybody else None)

    def opened_by(self) -> Persona | None:
        """`first` when the house opens: raises `PersonaUnknown` for a name that an operator gave and nobody has."""
        if "persona" in self.settings.model_fields_set:
            self.cast.get(self.settings.persona)
        return self.first

    def folder(self, persona_id: str) -> Path | None:
        """Where a persona's pictures lie."""
        try:
            file: Path = self.cast.file(persona_id)
        except PersonaError:
            return None
        return file.parent

    def playing(self, persona: Persona) -> tuple[str, bool]:
        """The name of the model that plays a persona, and whether it is the understudy."""
        name = self.engines.name_for(persona)
        try:
            return self.engines.of(persona).model, name == UNDERSTUDY
        except ServingError:
            return name, name == UNDERSTUDY
