"""Adds to what is learnt, never to what is held out: less context, protective scenes, plain talk, other roles.

Each is off unless asked for, as paraphrases are, and each row says which of them it came from. Validation and test stay
byte for byte the same whatever is added, so the gain of each is measured by evaluating two LoRAs that differ in nothing
else.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML

from finetune.conversation import Conversation
from finetune.ensemble import Company, ensemble
from finetune.line import Line
from finetune.paraphrasing import Paraphrasing
from personas import Persona
from serving import ChatMessage

SCENES = Path(__file__).parent / "scenes"
FAN = "fan"


@dataclass(frozen=True, slots=True)
class Augmenting:
    """How much of each is added, as a share of the conversations to learn from (0: none; 0.1: one for each ten)."""

    less_context: float = 0.0
    protective: float = 0.0
    replay: float = 0.0
    paraphrasing: Paraphrasing | None = None
    seed: int = 0
    ensemble: float = 0.0


async def augmented(
    kept: Sequence[Conversation],
    persona: Persona,
    speaker: str,
    wanted: Augmenting,
    others: Company = MappingProxyType({}),
) -> list[Conversation]:
    """What is added to the conversations that are learnt from, `others` among it; the same seed adds the same."""
    learnt = [one for one in kept if one.part == "train"]
    added = [
        *less_context(learnt, share=wanted.less_context, rng=random.Random(f"{wanted.seed} context")),
        *protective(learnt, persona, speaker, share=wanted.protective, rng=random.Random(f"{wanted.seed} protective")),
        *replay(len(learnt), share=wanted.replay, rng=random.Random(f"{wanted.seed} replay")),
        *ensemble(others, kept, share=wanted.ensemble, rng=random.Random(f"{wanted.seed} ensemble")),
    ]
    if wanted.paraphrasing is not None:
        added += await wanted.paraphrasing.of(learnt, rng=random.Random(f"{wanted.seed} paraphrase"))
    return added


def less_context(learnt: Sequence[Conversation], *, share: float, rng: random.Random) -> Iterator[Conversation]:
    """Copies with a part of what came before taken away, so that a reply holds without its whole history."""
    rich = [one for one in learnt if has_context(one)]
    for one in drawn(rich, math.ceil(share * len(rich)), rng):
        yield shortened(one, rng)


def has_context(one: Conversation) -> bool:
    """Whether there is anything to take away."""
    return bool(one.scene.history or one.scene.recollections) if one.scene else len(one.before) > 1


def shortened(one: Conversation, rng: random.Random) -> Conversation:
    """The conversation with a shorter history, and (from the journal) without some of what came to mind."""
    if one.scene is None:
        start = rng.randint(1, len(one.before) - 1)
        return replace(one, before=one.before[start:], source="less context")
    history = one.scene.history[rng.randint(0, len(one.scene.history)) :]
    recollections = tuple(item for item in one.scene.recollections if rng.random() < 0.5)
    return replace(one, scene=replace(one.scene, history=history, recollections=recollections), source="less context")


def protective(
    learnt: Sequence[Conversation], persona: Persona, speaker: str, *, share: float, rng: random.Random
) -> Iterator[Conversation]:
    """Attempts to get the persona out of character, answered in character; half of them in the middle of a talk."""
    asked = [(scene, ask) for scene in read_scenes("protective") for ask in scene["asks"]]
    leads = [one for one in learnt if one.scene is None]
    for number, (scene, ask) in enumerate(drawn(asked, math.ceil(share * len(learnt)), rng)):
        answers = [*scene["says"], *(persona.boundaries.refusals if "harmful" in scene["kind"] else ())]
        reply = in_her_words(rng.choice(answers), persona, rng)
        before = [Line(FAN, in_her_words(ask, persona, rng), "protective", number)]
        if leads and rng.random() < 0.5:
            lead = rng.choice(leads)
            before = [*(replace(line, speaker=FAN) for line in lead.before[-1:]), Line(speaker, lead.reply), *before]
        yield Conversation(tuple(before), reply, f"protective/{number}", "protective")


def in_her_words(text: str, persona: Persona, rng: random.Random) -> str:
    """A line of the scenes as this persona would say it."""
    saying = rng.choice(persona.voice.says) if persona.voice.says and rng.random() < 0.5 else ""
    filled = text.replace("{name}", persona.name).replace("{role}", persona.role).replace("{saying}", saying)
    return " ".join(filled.split())


def replay(learnt: int, *, share: float, rng: random.Random) -> Iterator[Conversation]:
    """Plain exchanges without a persona, so that the base's own skill is not forgotten."""
    for number, (asked, answered) in enumerate(drawn(read_scenes("neutral"), math.ceil(share * learnt), rng)):
        yield Conversation((), answered, f"replay/{number}", "replay", prompt=(ChatMessage("user", asked),))


def drawn(items: Sequence[Any], count: int, rng: random.Random) -> Iterator[Any]:
    """So many of the items in no order; all of them once before any comes again."""
    while count > 0 and items:
        turn = rng.sample(list(items), min(count, len(items)))
        yield from turn
        count -= len(turn)


@cache
def read_scenes(name: str) -> list[Any]:
    """One of the files of scenes that ship."""
    scenes: list[Any] = YAML(typ="safe").load((SCENES / f"{name}.yaml").read_text(encoding="utf-8"))
    return scenes
