"""The training text, generated from seeds and never stored: document number n is the same on every machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from finetune.understudy.drills import drill
from finetune.understudy.scenes import Rehearsal, rehearsal
from personas import render
from serving import ChatMessage

EARLY_DRILLS, LATE_DRILLS = 0.5, 0.1


@dataclass(frozen=True, slots=True)
class Document:
    """Messages, the last one the persona's answer; every assistant's message is to be learnt."""

    messages: tuple[ChatMessage, ...]
    drill: bool = False


def document(seed: int, index: int, *, drills: float) -> Document:
    """Document `index` of the corpus `seed`; `drills` is the share of copy drills at this point of training."""
    rng = Random(f"understudy/{seed}/{index}")
    is_drill = rng.random() < drills
    drawn = drill(rng) if is_drill else rehearsal(rng)
    return Document(laid_out(drawn), is_drill)


def laid_out(drawn: Rehearsal) -> tuple[ChatMessage, ...]:
    """The scene as every engine is given it, and the answer."""
    return (*render(drawn.scene).messages, ChatMessage("assistant", drawn.reply))


def drill_share(progress: float) -> float:
    """Many drills, short as they are, until a fifth of the way, few after a half; linear between."""
    fall = min(1.0, max(0.0, (progress - 0.2) / 0.3))
    return EARLY_DRILLS + (LATE_DRILLS - EARLY_DRILLS) * fall


def documents(seed: int, count: int, *, drills: float = 0.2) -> Iterator[Document]:
    return (document(seed, index, drills=drills) for index in range(count))
