"""Fills in the macros of a persona's own texts: `{{char}}`, `{{user}}`, `{{time}}` as an operator or a card's author
wrote them. What fans say, memories and documents never come here.

For one fan, one place and one hour the texts come out the same in every turn, chance included, so that the prefix cache
holds; in a public place `{{user}}` is nobody in particular, for the same reason and because a nickname has no business
in the system message there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from personas.labels import LONGEST_NAME, plain
from personas.macros import Setting, expand
from personas.persona import Persona

SOMEBODY, YOU = "the fan", "you"
NEVER = {"id", "lore", "knowledge", "look", "plays", "presence", "memory"}  # names of things, not texts


def spelled(persona: Persona, *, user: str = SOMEBODY, seed: str = "", now: datetime | None = None) -> Persona:
    """The persona with every macro in her texts filled in; the very same one if there are none."""
    written = persona.model_dump_json()
    if "{{" not in written and "<" not in written:
        return persona
    setting = Setting(
        char=(persona.card.nickname if persona.card else "") or persona.name,
        user=plain(user)[:LONGEST_NAME] or YOU,
        texts=own_texts(persona),
        now=now.replace(minute=0, second=0, microsecond=0) if now else None,
        seed=f"{persona.id}\x1f{seed}",
    )
    changed = {name: filled(getattr(persona, name), setting) for name in Persona.model_fields.keys() - NEVER}
    return persona.model_copy(update=changed)


def own_texts(persona: Persona) -> Mapping[str, str]:
    """The persona's texts that macros may put in, by the macros' names."""
    shown = (f"{{{{user}}}}: {one.fan}\n{{{{char}}}}: {one.says}" for one in persona.examples)
    return {
        "description": persona.who,
        "personality": persona.personality,
        "scenario": persona.scenario,
        "persona": "",  # who the fan is, which nobody wrote down
        "charprompt": persona.card.system_prompt if persona.card else "",
        "mesexamples": "\n".join(shown),
    }


def filled(value: Any, setting: Setting) -> Any:
    """A value with every text in it filled in."""
    if isinstance(value, str):
        return expand(value, setting)
    if isinstance(value, tuple):
        return tuple(filled(item, setting) for item in value)
    if isinstance(value, dict):
        return {key: filled(item, setting) for key, item in value.items()}
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={name: filled(getattr(value, name), setting) for name in type(value).model_fields}
        )
    return value
