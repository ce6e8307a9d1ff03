"""An answer as OpenAI gives one, in pieces or whole; a client's own stop string ends the reply either way."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any

from bots.api_talk import Asked, chunk_json, finish_of, last_usage, outcome_of, until
from bots.performance import Performance, TurnFailed
from memory import Turn
from serving import Delta

EYE = 0.15  # seconds; what comes faster than an eye tells apart goes out together


async def streamed(
    performance: Performance, asked: Asked, *, created: int, leave: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    """The answer in pieces; its end, and each of the client's stop strings, is where it is to `leave`."""
    try:
        async with aclosing(performance.follow(every=EYE)) as steps:
            sent, begun = 0, False
            text = ""
            async for step in steps:
                if isinstance(step, Turn) and not begun:
                    begun = True
                    yield event(chunk_json(step, {"role": "assistant", "content": ""}, created=created))
                elif isinstance(step, Delta):
                    text += step.text
                    whole, stopped = until(text, asked.stops)
                    sure = len(whole) if stopped else len(whole) - longest_hold(whole, asked.stops)
                    if sure > sent and performance.turn:
                        yield event(chunk_json(performance.turn, {"content": whole[sent:sure]}, created=created))
                        sent = sure
                    if stopped:
                        leave()
                elif isinstance(step, Turn):
                    whole, stopped = until(text, asked.stops)
                    if whole[sent:]:
                        yield event(chunk_json(step, {"content": whole[sent:]}, created=created))
                    ending = chunk_json(step, {}, created=created, finish=finish_of(step))
                    yield event({**ending, "greenroom": {"outcome": outcome_of(step, stopped=stopped)}})
                    if (asked.stream_options or {}).get("include_usage"):
                        yield event(last_usage(step, created=created))
        yield b"data: [DONE]\n\n"
    except TurnFailed:
        yield event({"error": {"message": "The reply was interrupted.", "type": "server_error", "code": None}})
    finally:
        leave()


async def finished(performance: Performance, asked: Asked, *, leave: Callable[[], None]) -> Turn:
    """The finished turn; the first of the client's stop strings is where it is to `leave`. Raises `TurnFailed`."""
    text = ""
    async with aclosing(performance.follow()) as steps:
        async for step in steps:
            if isinstance(step, Delta):
                text += step.text
                if until(text, asked.stops)[1]:
                    leave()
            elif isinstance(step, Turn) and step.said is not None:
                return step
    raise TurnFailed(f"The turn {performance.id} was not answered.")


async def first_words(performance: Performance, at_a_loss: str) -> None:
    """Returns when there is something to hear, and it is not just what is said where no engine answers."""
    await performance.heard()
    if performance.said.startswith(at_a_loss):
        with suppress(TurnFailed):  # whoever follows is told of it
            await performance.ended()


def longest_hold(text: str, stops: tuple[str, ...]) -> int:
    """How many of the last characters might be the beginning of a stop string."""
    holds = [n for stop in stops for n in range(1, min(len(stop), len(text) + 1)) if text.endswith(stop[:n])]
    return max(holds, default=0)


def event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
