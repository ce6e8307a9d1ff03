"""What was heard and what was then said: the unit of the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from personas import Place, Recollection, Utterance

Outcome = Literal["answered", "cut_short", "at_a_loss", "unanswered"]


@dataclass(frozen=True, slots=True)
class Turn:
    """`after` is the turn before it (None: the first), so that branches share what they have in common.

    `said` is None while no reply is finished. `recalled` and `lore` are what the persona had in mind, `timings`
    seconds by step, `trace` whatever else explains the reply; together with `prompt_hash` they let an operator see
    why it came out so.
    """

    id: str
    after: str | None
    persona_id: str
    persona_version: str
    place: Place
    heard: tuple[Utterance, ...]
    began_at: datetime
    said: str | None = None
    outcome: Outcome = "unanswered"
    recalled: tuple[Recollection, ...] = ()
    lore: tuple[str, ...] = ()
    model: str = ""
    lora: str | None = None
    prompt_hash: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)
    trace: Mapping[str, object] = field(default_factory=dict)
