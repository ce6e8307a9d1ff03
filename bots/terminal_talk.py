"""One fan's conversation with one persona in the terminal; each evening is a new one, and memory knows the others."""

from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from bots.gate import words_of
from bots.house import House
from bots.performance import Performance
from memory import Scope, Turn
from personas import Persona, Place, Utterance


class Talk:
    """`fan` is whatever the command line says; it becomes part of the fan's id and of the place."""

    def __init__(self, house: House, persona: Persona, *, fan: str, called: str = "", evening: str = "") -> None:
        self.house = house
        self.persona = persona
        self.fan_id = f"terminal:{fan}"
        self.called = called or fan
        self.place = Place(f"terminal:{fan}/{evening or token_hex(6)}")

    def with_persona(self, persona: Persona) -> "Talk":
        """The same fan on the same evening with somebody else."""
        fan, _, evening = self.place.removeprefix("terminal:").rpartition("/")
        return Talk(self.house, persona, fan=fan, called=self.called, evening=evening)

    @property
    def scope(self) -> Scope:
        return Scope(self.persona.id, self.fan_id, self.place)

    async def say(self, typed: str) -> Performance:
        """Says something. Raises `NothingSaid` and `TooMuchSaid`."""
        words = words_of(typed, limit=self.house.settings.longest_message)
        said = Utterance(f"terminal:{token_hex(12)}", self.fan_id, self.called, self.place, words, datetime.now(UTC))
        return await self.house.hall.hear(said, persona_id=self.persona.id)

    async def last(self) -> Turn | None:
        """The turn that was answered last, if any."""
        turns = await self.house.journal.path(self.place, self.persona.id, limit=1)
        return turns[-1] if turns else None


def answer_json(turn: Turn) -> dict[str, Any]:
    """The stable machine face of an answer."""
    return {
        "reply": turn.said,
        "persona": turn.persona_id,
        "model": turn.model,
        "timings": dict(turn.timings),
        "recalled": [
            {"text": recollection.text, "score": recollection.score, "at": recollection.at.isoformat()}
            for recollection in turn.recalled
        ],
        "turn": turn.id,
        "outcome": turn.outcome,
        "mood": turn.trace.get("mood", "neutral"),
        "lora": turn.lora,
        "tokens": {"prompt": turn.prompt_tokens, "completion": turn.completion_tokens},
    }
