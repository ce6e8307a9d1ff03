"""The registers a persona can speak in: hand-written lines for every act, and the shape put around plain ones."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

from finetune.understudy.person import CHOICE, lowered, sentence
from finetune.understudy.written import HERE, lines, read

CONTRACTIONS = {
    "I'm": "I am", "I'd": "I would", "I've": "I have", "I'll": "I shall", "it's": "it is", "It's": "It is",
    "don't": "do not", "Don't": "Do not", "can't": "cannot", "that's": "that is", "That's": "That is",
    "you're": "you are", "You're": "You are", "you've": "you have", "You've": "You have", "isn't": "is not",
    "didn't": "did not", "won't": "will not", "wouldn't": "would not", "they're": "they are", "you'll": "you will",
    "What's": "What is", "what's": "what is", "haven't": "have not", "doesn't": "does not", "we're": "we are",
}  # fmt: skip
SHAPE_LESS = ("crisis",)


def formal(text: str) -> str:
    """Without contractions."""
    return re.sub(r"[A-Za-z]+'[a-z]+", lambda m: CONTRACTIONS.get(m[0], m[0]), text)


def loud(text: str) -> str:
    return re.sub(r"\.(?=\s|$)", "!", text)


def hushed(text: str) -> str:
    return text.replace(". ", "... ", 1) if text.count(". ") else text


def short(text: str) -> str:
    """The first sentence."""
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


SHAPES: dict[str, Callable[[str], str]] = {
    "formal": formal,
    "dramatic": loud,
    "upbeat": loud,
    "quiet": hushed,
    "terse": short,
}


@dataclass(frozen=True)
class Voice:
    """One register: the tone words that call for it, and its lines by act."""

    name: str
    tones: tuple[str, ...]
    acts: dict[str, tuple[str, ...]]

    def say(self, act: str, rng: Random, **slots: str) -> str:
        """One of the voice's own lines for an act."""
        slots |= {f"{key}_cap": sentence(text, "") for key, text in slots.items()}
        slots |= {f"{key}_low": lowered(text) for key, text in slots.items() if not key.endswith("_cap")}
        said = rng.choice(self.acts[act]).format(**slots)
        return said[:1].upper() + said[1:] if said.startswith(("a ", "an ", "the ")) else said

    def shaped(self, plain: str, rng: Random) -> str:
        """A plain line as this voice would put it: an opener or a closer now and then, and its own shape."""
        text = SHAPES.get(self.name, str)(plain)
        if rng.random() < 0.5 and self.name != "terse":
            opener = rng.choice(self.acts["openers"])
            text = f"{opener} {lowered(text) if opener.endswith(',') else text}"
        elif rng.random() < 0.3:
            text = f"{text} {rng.choice(self.acts['closers'])}"
        return text


@cache
def voices() -> tuple[Voice, ...]:
    """Every register, in the order of their names."""
    return tuple(voice(path.stem) for path in sorted((HERE / "voices").glob("*.yaml")))


@cache
def voice(name: str) -> Voice:
    written = read(f"voices/{name}.yaml")
    acts = {act: lines(block) for act, block in written.items() if act != "tones"}
    return Voice(name, tuple(written["tones"]), acts)


def chosen(template: str, rng: Random) -> str:
    """The template with one side taken of each `{this|or that}`."""
    return CHOICE.sub(lambda m: rng.choice(m[1].split("|")), template)
