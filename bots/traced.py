"""A span for each turn, with its steps in seconds, for operators who collect traces."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractContextManager, aclosing
from typing import Protocol

from bots.cue import Answer, Cue
from memory import Turn
from personas import platform_of
from serving import Delta

Attributes = Mapping[str, str | int | float]


class Span(Protocol):
    """A span that is open, as far as a turn needs it."""

    def set_attributes(self, attributes: Attributes, /) -> None: ...


Spanning = Callable[[str, Attributes], AbstractContextManager[Span]]


def traced(answer: Answer, spanning: Spanning) -> Answer:
    """The same answer, in a span of its own; what engines do meanwhile hangs below it."""

    async def telling(cue: Cue) -> AsyncGenerator[Delta | Turn, None]:
        with spanning("turn", {"greenroom.persona": cue.persona.id, "greenroom.turn": cue.turn.id}) as span:
            async with aclosing(answer(cue)) as steps:
                async for step in steps:
                    if isinstance(step, Turn):
                        span.set_attributes(facts_of(step))
                    yield step

    return telling


def facts_of(turn: Turn) -> dict[str, str | int | float]:
    """What the canonical log line says too: names and numbers, never words, and no place in private."""
    return {
        "greenroom.platform": platform_of(turn.place),
        "greenroom.outcome": turn.outcome,
        "greenroom.finish": str(turn.trace.get("finish", "")),
        "greenroom.model": turn.model,
        "greenroom.lora": turn.lora or "",
        "greenroom.recalled": len(turn.recalled),
        **{f"greenroom.seconds.{step}": seconds for step, seconds in turn.timings.items()},
    }
