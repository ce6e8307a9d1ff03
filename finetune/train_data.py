"""What a run learns from and what it is held to: rows in TRL's layout, none longer than the window.

A conversation that is too long loses its oldest turns, as a live prompt would; what the persona says is never cut,
because a reply without its end teaches the model not to stop.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from finetune.dataset import read_part, read_sheet
from finetune.errors import TrainingRefused
from finetune.recipe import Recipe
from finetune.train_preferences import Parts, read_preferences

Message: TypeAlias = dict[str, str]
Row: TypeAlias = dict[str, Any]
Count: TypeAlias = Callable[[Sequence[Message]], int]
ANSWERS = ("completion", "chosen", "rejected")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A row that fits, and its length in tokens (of the longer answer, where there are two)."""

    row: Row
    tokens: int
    shortened: bool


@dataclass(frozen=True)
class Material:
    """Rows to learn from and rows held out; `tokens` are the lengths of the former."""

    learnt: tuple[Row, ...]
    held_out: tuple[Row, ...]
    hash: str
    persona: str
    tokens: tuple[int, ...]
    shortened: int
    left_out: int

    def told(self) -> str:
        """One line for the terminal."""
        said = f"{len(self.learnt)} conversations to learn from, {len(self.held_out)} held out"
        said += f", {self.shortened} shortened to fit" if self.shortened else ""
        return said + (f", {self.left_out} left out as too long" if self.left_out else "")


def read_material(source: Path, recipe: Recipe, *, count: Count, parts: Parts | None = None) -> Material:
    """The rows a recipe asks for, each fitted to its longest conversation as `count` measures it.

    `parts` are those of the data set that was learnt before: preferences hold out the same blocks.
    """
    if recipe.objective == "sft":
        sheet = read_sheet(source)
        learnt, held_out = read_part(source, "train"), read_part(source, "validation")
        persona, digest = sheet.persona, sheet.hash
    else:
        learnt, held_out, digest = read_preferences(source, recipe.objective, parts)
        persona = ""
    fit = [fitted(row, recipe.batches.tokens, count) for row in learnt]
    fit_held_out = [fitted(row, recipe.batches.tokens, count) for row in held_out]
    refuse_too_little(kept(fit), kept(fit_held_out), recipe, source)
    return Material(
        learnt=tuple(one.row for one in kept(fit)),
        held_out=tuple(one.row for one in kept(fit_held_out)),
        hash=digest,
        persona=persona,
        tokens=tuple(one.tokens for one in kept(fit)),
        shortened=sum(one.shortened for one in kept([*fit, *fit_held_out])),
        left_out=sum(one is None for one in (*fit, *fit_held_out)),
    )


def kept(fit: Sequence[Fitted | None]) -> list[Fitted]:
    """Those that fit at all."""
    return [one for one in fit if one is not None]


def fitted(row: Row, limit: int, count: Count) -> Fitted | None:
    """The row with as many of its newest turns as fit in `limit` tokens; None if not even the last one does."""
    answers = [row[name] for name in ANSWERS if name in row]
    for prompt in shorter_and_shorter(row["prompt"]):
        tokens = max(count([*prompt, *answer]) for answer in answers)
        if tokens <= limit:
            columns = {name: row[name] for name in (*ANSWERS, "label") if name in row}
            return Fitted({"prompt": prompt, **columns}, tokens, len(prompt) < len(row["prompt"]))
    return None


def shorter_and_shorter(prompt: Sequence[Message]) -> Iterator[list[Message]]:
    """The prompt, then without its oldest turns; the system message and the last one stay, and a user begins."""
    frame = [message for message in prompt[:1] if message["role"] == "system"]
    turns = list(prompt[len(frame) :])
    yield [*frame, *turns]
    for start in range(1, len(turns)):
        if turns[start]["role"] == "user":
            yield [*frame, *turns[start:]]


def refuse_too_little(learnt: Sequence[Fitted], held_out: Sequence[Fitted], recipe: Recipe, source: Path) -> None:
    """Nothing to learn, or nothing to be held to, is said before the run."""
    if not learnt:
        raise TrainingRefused(
            f"{source} leaves nothing to learn from within {recipe.batches.tokens} tokens. "
            "Give more lines, or raise batches.tokens."
        )
    if not held_out and recipe.stopping.patience:
        raise TrainingRefused(
            f"{source} holds nothing out, so nobody could say when to stop. Give more scenes, or set "
            "stopping.patience to 0 to train to the end unseen."
        )
