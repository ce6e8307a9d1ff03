"""What a persona answers now, and the one shape of everything that can answer.

Extension needs no plugin system: a limit, a moderation step, a tracer takes an `Answer` and gives an `Answer` back,
and `bots/app.py` stacks them in one expression.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from bots.curtain import Curtain
from memory import Scope, Turn
from personas import Persona, Utterance, persona_speaker, spelled
from serving import Delta


@dataclass(frozen=True, slots=True)
class Cue:
    """`turn` is begun and stands in the journal; `history` is what was said before it, oldest first.

    `so_far` is what the persona had already said of this reply, where it goes on with one. A higher `priority` is
    served first where there is a queue. `in_sight` are the ids of what the prompt will show of the history: the rest
    may come to mind.
    """

    turn: Turn
    persona: Persona
    history: tuple[Utterance, ...] = ()
    so_far: str = ""
    curtain: Curtain = field(default_factory=Curtain)
    priority: int = 0
    in_sight: frozenset[str] = frozenset()

    @property
    def fan_id(self) -> str:
        """Who is answered: whoever spoke last."""
        return self.turn.heard[-1].speaker_id

    @property
    def scope(self) -> Scope:
        return Scope(self.turn.persona_id, self.fan_id, self.turn.place)


Answer = Callable[[Cue], AsyncGenerator[Delta | Turn, None]]
"""Yields the reply's deltas and, last, the finished turn."""


def reply_of(turn: Turn, persona: Persona) -> Utterance | None:
    """What the persona said in a turn, as an utterance of hers; None if she said nothing."""
    if not turn.said:
        return None
    me = persona_speaker(persona.id)
    return Utterance(f"{turn.id}:said", me, persona.name, turn.place, turn.said, turn.began_at)


def spoken_in(turn: Turn, persona: Persona) -> tuple[Utterance, ...]:
    """All that was said in a turn, by everyone, in order."""
    reply = reply_of(turn, persona)
    return (*turn.heard, reply) if reply else turn.heard


def in_sight(before: Sequence[Turn], history: Sequence[Utterance], persona: Persona) -> frozenset[str]:
    """The ids of what the next prompt shows of a history: what the last one showed, and what was said in that turn.

    A prompt's history begins later and later. Where it begins later than the last one's, the lines between are neither
    shown nor recalled, for this one turn.
    """
    window = before[-1].trace.get("window") if before else None
    shown = window.get("history") if isinstance(window, dict) else None
    if not isinstance(shown, int):
        return frozenset(said.id for said in history)
    since = len(spoken_in(before[-1], persona))
    return frozenset(said.id for said in history[max(0, len(history) - shown - since) :])


def greeting_in(turn: Turn, persona: Persona) -> Utterance | None:
    """What the persona opened a conversation with, before its first turn; None if she has no greeting."""
    if not persona.greeting:
        return None
    me = persona_speaker(persona.id)
    words = spelled(persona, user=turn.heard[-1].speaker_name).greeting
    return Utterance(f"{turn.place}/greeting", me, persona.name, turn.place, words, turn.began_at)
