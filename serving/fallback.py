"""Several engines behind one: the next is asked when one fails before its first word, and never after."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from serving.asking import ask_in_order
from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Engine, Window
from serving.errors import ServingError
from serving.stand_in import StandIn


class FallbackEngine:
    """Asks its engines in order. A reply that has begun is never begun again by another: a fan would hear it twice.

    Before the first word every failure passes on to the next engine, which reads what fits its window and wears the
    LoRA if it can (serving/stand_in.py). When all have failed, the first one's failure is raised: it is the one that
    was to answer. `passed_on` hears of each failure that another engine is asked to mend.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        *,
        passed_on: Callable[[Engine, ServingError], None] = lambda *_: None,
    ) -> None:
        if not engines:
            raise ValueError("A fallback chain needs at least one engine.")
        self._engines = tuple(engines)
        self._asked: dict[Engine, Engine] = {engines[0]: engines[0]} | {
            StandIn(engine): engine for engine in engines[1:]
        }
        self._passed_on = passed_on
        self.first_is_ready = False
        """Whether the first was, when it was last asked; until then its window is a guess."""

    @property
    def first(self) -> Engine:
        """The one that usually answers, for work that no other may do in its place."""
        return self._engines[0]

    @property
    def model(self) -> str:
        """The first engine's; a Completion names the one that spoke."""
        return self._engines[0].model

    @property
    def window(self) -> Window:
        """The first engine's: prompts are fitted for the one that usually answers."""
        return self._engines[0].window

    async def ready(self) -> None:
        """Returns when the first of them is ready that can be; raises the first one's reason if none can."""
        failures: list[ServingError] = []
        for engine in self._engines:
            try:
                await engine.ready()
            except ServingError as exc:
                failures.append(exc)
            else:
                break
        self.first_is_ready = not failures
        if len(failures) == len(self._engines):
            raise failures[0]

    def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        return ask_in_order(
            self._asked,
            prompt,
            sampling=sampling,
            lora=lora,
            passed_on=lambda engine, exc: self._passed_on(self._asked[engine], exc),
            to_tell=lambda failures: failures[0],
        )

    async def aclose(self) -> None:
        async with asyncio.TaskGroup() as closing:
            for engine in self._engines:
                closing.create_task(engine.aclose())
