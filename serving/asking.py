"""Asks one engine after another until one answers; the rule that a reply which has begun is never begun again."""

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import TypeVar

from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Engine
from serving.errors import EngineAway, EngineBusy, EngineMissing, EngineRefused, PromptTooLong, ServingError

Asked = TypeVar("Asked", bound=Engine)
log = logging.getLogger(__name__)

# What the author must mend comes before what only needs waiting; every ServingError is one of these or the last.
USEFUL = (PromptTooLong, EngineRefused, EngineMissing, EngineBusy, EngineAway, ServingError)


def most_useful(failures: Sequence[ServingError]) -> ServingError:
    """Of several reasons the one to act on; among equals the first engine's."""
    return next(failure for kind in USEFUL for failure in failures if isinstance(failure, kind))


async def ask_in_order(
    engines: Iterable[Asked],
    prompt: Sequence[ChatMessage],
    *,
    sampling: Sampling,
    lora: str | None,
    passes_on: Callable[[ServingError], bool] = lambda _: True,
    passed_on: Callable[[Asked, ServingError], None] = lambda *_: None,
    to_tell: Callable[[Sequence[ServingError]], ServingError] = most_useful,
) -> AsyncGenerator[Delta | Completion, None]:
    """The first engine's reply that answers at all. `passes_on` says which failures another engine may mend.

    Raises EngineAway if an engine stops in the middle, else the failure that `to_tell` picks. `passed_on` hears of
    each failure after which another engine is asked.
    """
    failures: list[ServingError] = []
    before: Asked | None = None
    for engine in engines:
        if before is not None:
            passed_on(before, failures[-1])
        before, spoken = engine, False
        try:
            async with aclosing(engine.stream(prompt, sampling=sampling, lora=lora)) as stream:
                async for piece in stream:
                    spoken = True
                    yield piece
            return
        except ServingError as exc:
            if spoken:
                raise EngineAway(f"{engine.model} stopped in the middle of a reply: {exc}") from exc
            failures.append(exc)
            if not passes_on(exc):
                break
            log.info("%s did not answer (%s)", engine.model, exc)
    raise to_tell(failures) if failures else EngineAway("There is no engine to ask.")
