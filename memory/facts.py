"""What a model concluded from a fan's words, held to those words: nothing is kept that the fan did not say.

A model answers in JSON and is not trusted: the shape is checked strictly, every statement must name the lines it rests
on, those must be the fan's own, and most of what a statement says must stand in them. A newer statement takes the
place of an older one that fills the same slot ("job", "home"), if the model says so or their vectors agree.

What is not covered: irony, and a fan who says what isn't so. Statements are checked word by word, so a model that
translates or paraphrases freely loses its statement: forgetting is better than inventing.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memory.errors import MemoryTrouble
from memory.languages import terms
from memory.lexical import Kin
from memory.record import Kind, Record

GROUNDED = 0.6  # the share of a statement's terms that must stand in its sources
CONTRADICTS = 0.55  # the cosine above which two statements of one slot speak of the same thing
ONE_AT_A_TIME = frozenset({"name", "age", "job", "employer", "home", "school", "partner", "pronouns", "birthday"})


class Unreadable(MemoryTrouble):
    """A model's answer was not the JSON it was asked for."""


class Statement(BaseModel):
    """One fact as a model states it; `lines` are the numbers of the fan's lines it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: str = Field(min_length=3, max_length=240)
    slot: str = Field(pattern=r"^[a-z][a-z_ -]{0,30}$", description="What it says something about: job, pet, home …")
    lines: list[int] = Field(min_length=1, max_length=12)
    replaces: list[str] = Field([], max_length=8, description="Ids of known facts that it makes untrue.")


class Conclusions(BaseModel):
    """All that a model concluded from one stretch of talk; a silent stretch has no facts and an empty summary."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    facts: list[Statement] = Field(max_length=24)
    summary: str = Field(max_length=400)


def conclusions_in(completion: str) -> Conclusions:
    """The one JSON object of a completion, fenced or bare; raises `Unreadable` for anything else."""
    fenced = re.search(r"```(?:json)?\s*(\{.*\})\s*```", completion, re.DOTALL)
    try:
        return Conclusions.model_validate(json.loads(fenced[1] if fenced else completion))
    except (json.JSONDecodeError, ValidationError, RecursionError) as exc:
        raise Unreadable("The model's conclusions were not the JSON it was asked for.") from exc


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one fan's talk that is over: all lines in order, and of these the fan's own."""

    lines: tuple[Record, ...]
    fan: str

    @property
    def own(self) -> tuple[Record, ...]:
        """The fan's lines; line 1 is the first of them."""
        return tuple(line for line in self.lines if line.speaker_id == self.fan)

    def without(self, unwanted: Callable[[str], bool]) -> "Stretch":
        """The stretch without lines that shall not be read."""
        return Stretch(tuple(line for line in self.lines if not unwanted(line.text)), self.fan)

    @property
    def key(self) -> str:
        """Changes with every word in it, so that an edited stretch is one that was never seen."""
        return digest(*(part for line in self.lines for part in (line.id, line.text)))


def facts_from(stretch: Stretch, conclusions: Conclusions, kin: Kin) -> list[Record]:
    """The statements that hold to the fan's words, as records without vectors, in the model's order."""
    return [
        fact
        for statement in conclusions.facts
        if (sources := cited(stretch.own, statement.lines)) and grounded(statement.text, sources, kin)
        for fact in [as_statement("fact", statement.text, sources, slot=statement.slot)]
    ]


def episode_from(stretch: Stretch, conclusions: Conclusions, kin: Kin) -> list[Record]:
    """The summary as a record, if it holds to what the fan said; else none."""
    if not conclusions.summary.strip() or not grounded(conclusions.summary, stretch.own, kin):
        return []
    return [as_statement("episode", conclusions.summary, stretch.own)]


def cited(own: Sequence[Record], numbers: Iterable[int]) -> tuple[Record, ...]:
    """The fan's lines of these numbers; none at all, if one of them does not exist."""
    wanted = sorted(set(numbers))
    return tuple(own[n - 1] for n in wanted) if all(1 <= n <= len(own) for n in wanted) else ()


def grounded(text: str, sources: Iterable[Record], kin: Kin) -> bool:
    """Whether most of a text's terms stand in its sources, or words kindred to them; numbers must stand there all."""
    said = {term for source in sources for term in terms(source.text)}
    near = said | {other for term in said for other, _ in kin.get(term, ())}
    stated = [term for term in dict.fromkeys(terms(text)) if term not in {"fan", "user"}]
    if not stated or any(term.isdigit() and term not in said for term in stated):
        return False
    return sum(term in near for term in stated) / len(stated) >= GROUNDED


def as_statement(kind: Kind, text: str, sources: Sequence[Record], *, slot: str = "") -> Record:
    """A statement about its sources' speaker, heard by their audience, holding since it was last said.

    The same statement from the same sources has the same id, so that writing it twice changes nothing.
    """
    last = sources[-1]
    ids = tuple(source.id for source in sources)
    name = f"{kind}:{slot or '-'}:{digest(*ids, *terms(text))}"
    return replace(last, id=name, text=text.strip(), kind=kind, sources=ids, vector=None, valid_from=last.at)


def by_hand(statement: Record) -> bool:
    """Whether a fan or an operator put it so: its name is not the one that these words would have been given."""
    *_, name = statement.id.split(":")
    return name != digest(*statement.sources, *terms(statement.text))


def slot_of(fact: Record) -> str:
    """What a fact says something about, as its id keeps it; "-" where nobody said."""
    return fact.id.split(":")[1] if fact.kind == "fact" and fact.id.count(":") == 2 else "-"


def superseding(new: Sequence[Record], old: Sequence[Record], verdicts: Mapping[str, Sequence[str]]) -> list[Record]:
    """The older facts that no longer hold, each closed by the newer one: `valid_to` and `superseded_by` are set.

    `verdicts` maps a new id to the old ids the model says it replaces. Both sides need vectors.
    """
    closed = {}
    for fact in sorted(new, key=lambda one: one.at):
        for before in old:
            if before.superseded_by is None and replaces(fact, before, verdicts.get(fact.id, ())):
                closed[before.id] = replace(before, valid_to=fact.at, superseded_by=fact.id)
    return list(closed.values())


def replaces(fact: Record, before: Record, verdict: Sequence[str]) -> bool:
    """Whether a newer fact makes an older one untrue: same audience and slot, said later, and told so or alike."""
    if fact.id == before.id or before.at >= fact.at or before.audience != fact.audience:
        return False
    if slot_of(fact) != slot_of(before) or slot_of(fact) == "-":
        return False
    if before.id in verdict:
        return True
    return slot_of(fact) in ONE_AT_A_TIME and cosine(fact.vector, before.vector) > CONTRADICTS


def cosine(one: NDArray[np.float32] | None, other: NDArray[np.float32] | None) -> float:
    """Of unit vectors; -1 where one is missing."""
    return -1.0 if one is None or other is None else float(one @ other)


def digest(*parts: str) -> str:
    """Sixteen hexadecimal digits that stand for these parts in this order."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
