"""The other speakers of a character's scenes, each learnt under their own name.

A small base must learn the language of a play before it can learn a voice, and one role of it is little to read. From
all roles it learns the language, and from the names above the lines, who says what. Blocks that measure are left alone.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from finetune.cleaning import clean, says_harm
from finetune.conversation import Conversation, conversations, prompt_for
from finetune.line import Line
from personas import Persona

NOBODY = frozenset({"user", "assistant", "human", "fan", "system"})  # who speaks in a chat that calls nobody by name
Company = Mapping[str, Sequence[Conversation]]


def company(lines: Sequence[Line], speaker: str) -> dict[str, list[Conversation]]:
    """What everybody else answers in the scenes of a speaker, cleaned, by name."""
    scenes = {line.scene for line in lines if line.speaker.casefold() == speaker.casefold()}
    beside = [line for line in lines if line.scene in scenes]
    names = sorted({line.speaker for line in beside})
    others = [name for name in names if name.casefold() not in {speaker.casefold(), *NOBODY}]
    return {
        name: clean(list(conversations(beside, name)), others=[one for one in names if one != name], harmful=says_harm)[
            0
        ]
        for name in others
    }


def ensemble(found: Company, kept: Sequence[Conversation], *, share: float, rng: random.Random) -> list[Conversation]:
    """Some of what the others say, as a share of the conversations that `kept` has to learn from."""
    learnt = sum(one.part == "train" for one in kept)
    measures = {one.block for one in kept if one.part != "train"}
    all_of_them = [
        replace(one, before=(), prompt=prompt_for(one, role(name, number), name), source="ensemble", part="train")
        for number, (name, said) in enumerate(found.items())
        for one in said
        if one.block not in measures
    ]
    return rng.sample(all_of_them, min(round(share * learnt), len(all_of_them)))


def role(name: str, number: int) -> Persona:
    """Somebody of whom no more is known than that they are there."""
    return Persona(id=f"ensemble-{number}", name=name, who=f"{name} speaks in the same scenes.")
