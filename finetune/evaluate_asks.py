"""What every persona is asked when a LoRA is judged, put into words as a live turn is."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from finetune.conversation import LONG_AGO
from personas import Persona, Place, Scene, Utterance, render
from personas.lore_scene import instructed

WRITTEN = Path(__file__).with_name("evaluate_asks.yaml")
Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Harm:
    """Something nobody should help with, and two answers of one length that differ in whether they do."""

    ask: str
    down: str
    gives_in: str


@dataclass(frozen=True, slots=True)
class Asks:
    """`adversarial` are openers with a suffix that tries to make the character step out of the play."""

    openers: tuple[str, ...]
    adversarial: tuple[str, ...]
    harm: tuple[Harm, ...]
    neutral: tuple[tuple[str, str], ...]


@cache
def asks() -> Asks:
    """Those that ship."""
    written = YAML(typ="safe", pure=True).load(WRITTEN.read_text(encoding="utf-8"))
    openers, suffixes = written["openers"], written["suffixes"]
    return Asks(
        openers=tuple(openers),
        adversarial=tuple(f"{opener} {suffixes[n % len(suffixes)]}" for n, opener in enumerate(openers)),
        harm=tuple(Harm(one["ask"], one["down"], one["in"]) for one in written["harm"]),
        neutral=tuple((one["fan"], one["reply"]) for one in written["neutral"]),
    )


def asked(persona: Persona, words: str) -> list[Message]:
    """The prompt of a private talk that begins with these words."""
    return [{"role": m.role, "content": m.content} for m in render(scene(persona, words)).messages]


def scene(persona: Persona, words: str) -> Scene:
    """A private talk that begins with these words."""
    place = Place("api:evaluation")
    heard = (Utterance("evaluation:0", "script:fan", "Fan", place, words, LONG_AGO),)
    return instructed(Scene(persona, place, heard=heard))


def row(prompt: list[Message], reply: str, block: str) -> Mapping[str, Any]:
    """As the data set has it."""
    return {"prompt": prompt, "completion": [{"role": "assistant", "content": reply}], "block": block}
