"""Asks an engine who of several characters should speak, where an operator wants a model to choose.

What is not covered: an engine that names nobody of them has no say; the natural order holds then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from personas import Persona
from serving import ChatMessage, Completion, Delta, Engine, Sampling, ServingError

PATIENCE = 5.0  # seconds; a fan waits meanwhile
TASK = (
    "Several characters are in a chat room. Somebody says something. Who of them would speak next? "
    "Answer with names only, at most {most}, in the order in which they would speak."
)


class Arbiter(Protocol):
    """Who speaks, in order; nobody if it can't tell."""

    async def choose(self, words: str, candidates: Sequence[Persona], *, most: int) -> tuple[str, ...]: ...


class EngineArbiter:
    """`engine` gives the engine that plays a persona; the first candidate's is asked."""

    def __init__(self, engine: Callable[[Persona], Awaitable[Engine]]) -> None:
        self._engine = engine

    async def choose(self, words: str, candidates: Sequence[Persona], *, most: int) -> tuple[str, ...]:
        """Ids of those whom the engine names, in its order."""
        about = "\n".join(f"- {one.name}: {one.who}"[:300] for one in candidates)
        prompt = (ChatMessage("system", f"{TASK.format(most=most)}\n{about}"), ChatMessage("user", words[:2000]))
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await said_by(await self._engine(candidates[0]), prompt)
        except (ServingError, TimeoutError):
            return ()
        return named_in(answer, candidates)[:most]


async def said_by(engine: Engine, prompt: Sequence[ChatMessage]) -> str:
    """A short answer, as surely as the engine gives one."""
    said = ""
    async with aclosing(engine.stream(prompt, sampling=Sampling(temperature=0.0, max_tokens=24))) as stream:
        async for step in stream:
            if isinstance(step, Delta):
                said += step.text
            elif isinstance(step, Completion):
                break
    return said


def named_in(answer: str, candidates: Sequence[Persona]) -> tuple[str, ...]:
    """Whom an answer names, the first one first."""
    folded = answer.casefold()
    places = {one.id: folded.find(one.name.casefold()) for one in candidates}
    return tuple(sorted((one for one, place in places.items() if place >= 0), key=lambda one: places[one]))
