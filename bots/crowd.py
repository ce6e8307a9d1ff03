"""Keeps order when many want an answer at once: each engine has so many places, and they are given fairly.

Whoever finds no room, or has spent the day's tokens, is told at once and in character; the turn's trace says when to
ask again. Who leaves while waiting makes room.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from time import perf_counter
from typing import Literal

from bots.cue import Answer, Cue
from bots.curtain import CurtainFell
from bots.in_earnest import at_a_loss
from memory import Turn
from personas import Persona
from serving import Admission, Delta, EngineBusy

BUSY = "busy"  # how a turn finished for which there was no place; in its trace beside `retry_after`, in seconds
Finish = Callable[[Turn], Awaitable[bool]]


def orderly(
    answer: Answer,
    *,
    admission: Callable[[Persona], Admission],
    finish: Finish,
    priorities: Mapping[str, int] | None = None,
) -> Answer:
    """The same answer, given to as many cues at a time as the persona's engine has places for.

    `finish` writes down a turn that got none. `priorities` ranks fans by how their ids begin; higher goes first.
    """
    ranks = priorities or {}

    async def seated(cue: Cue) -> AsyncGenerator[Delta | Turn, None]:
        rank, began = rank_of(cue.fan_id, ranks), perf_counter()
        async with AsyncExitStack() as seat:
            entering = admission(cue.persona).enter(fan=cue.fan_id, persona=cue.persona.id, priority=rank)
            try:
                spend = await cue.curtain.until(seat.enter_async_context(entering))
            except (EngineBusy, CurtainFell) as exc:
                turn, words = turned_away(cue, exc)
                await finish(turn)
                if words:
                    yield Delta(words)
                yield turn
                return
            steps = await seat.enter_async_context(aclosing(answer(waited(cue, rank, perf_counter() - began))))
            async for step in steps:
                if isinstance(step, Turn):
                    spend(cost_of(step))
                yield step

    return seated


def cost_of(turn: Turn) -> int:
    """Tokens to be charged: none where no engine answered."""
    return 0 if turn.outcome == "at_a_loss" else turn.prompt_tokens + turn.completion_tokens


def rank_of(fan_id: str, ranks: Mapping[str, int]) -> int:
    """The number of the longest beginning that fits; 0 if none does."""
    return max(((len(start), rank) for start, rank in ranks.items() if fan_id.startswith(start)), default=(0, 0))[1]


def waited(cue: Cue, rank: int, seconds: float) -> Cue:
    """The cue with its rank, and with how long it stood in line for an engine."""
    turn = replace(cue.turn, trace={**cue.turn.trace, "queued": round(seconds, 6)})
    return replace(cue, turn=turn, priority=rank)


def turned_away(cue: Cue, why: EngineBusy | CurtainFell) -> tuple[Turn, str]:
    """The finished turn of a fan for whom there was no place, or who did not wait for one, and what is said to them."""
    trace: dict[str, object] = {**cue.turn.trace, "finish": "stopped"}
    words = ""
    if isinstance(why, EngineBusy):
        trace |= {"finish": BUSY, "failure": str(why), "family": type(why).__name__, "retry_after": why.retry_after}
        words = f"… {at_a_loss(cue)}" if cue.so_far else at_a_loss(cue)
    outcome: Literal["at_a_loss", "cut_short"] = "at_a_loss" if words and not cue.so_far else "cut_short"
    return replace(cue.turn, said=cue.so_far + words, outcome=outcome, trace=trace), words
