"""What memory asks of the cast: a persona's name, what her author lets her remember, and where her documents lie."""

from pathlib import Path
from typing import Protocol

from memory.lexical_kin import EnglishKin
from memory.policy import PolicyBook
from personas import Persona, PersonaUnknown, Remembers


class Cast(Protocol):
    """The personas there are: `personas.Cast`, or one made up for a test."""

    def get(self, persona_id: str, /) -> Persona:
        """Raises `PersonaUnknown`."""
        ...

    def file(self, persona_id: str, /) -> Path:
        """Her YAML file."""
        ...


class Playing:
    """A cast in which nobody is unknown: who left it keeps her id for a name, and the usual rules."""

    def __init__(self, cast: Cast | None = None) -> None:
        self._cast = cast
        self.policies = PolicyBook(self._rules, EnglishKin())

    def member(self, persona_id: str) -> Persona | None:
        """The persona; None for one who is not in the cast."""
        if self._cast is None:
            return None
        try:
            return self._cast.get(persona_id)
        except PersonaUnknown:
            return None

    def called(self, persona_id: str) -> str:
        """Her name."""
        persona = self.member(persona_id)
        return persona_id if persona is None else persona.name

    def folder(self, persona_id: str) -> Path:
        """Where her documents lie; only for who is in the cast."""
        assert self._cast is not None
        return self._cast.file(persona_id).parent

    def _rules(self, persona_id: str) -> Remembers:
        persona = self.member(persona_id)
        return Remembers() if persona is None else persona.memory
