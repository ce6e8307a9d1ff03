"""Thinks of many fans in one go, for `greenroom memory reflect`; with the understudy, only of promises."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import asdict
from functools import partial

from memory.opening import Opened
from memory.playing import Cast, Playing
from memory.settings import MemorySettings
from memory.thinking import Thinking
from serving import Engine, EngineRefused
from serving.making import make_engines
from serving.settings import ServingSettings

UNDERSTUDY = "understudy"


async def think_of_all(
    opened: Opened, pairs: Iterable[tuple[str, str]], *, cast: Cast, engine: str
) -> list[dict[str, object]]:
    """What was concluded of each (persona id, fan id). Raises the first `ServingError`; what was done stays done."""
    rows: list[dict[str, object]] = []
    async with AsyncExitStack() as closing:
        engines = make_engines(ServingSettings.read().for_work)
        for one in engines.values():
            closing.push_async_callback(one.aclose)
        reflection = MemorySettings.read().reflection
        choose = partial(engine_for, engines, Playing(cast), engine or reflection.engine)
        thinking = Thinking(opened, engine_for=choose, settings=reflection)
        for persona_id, fan_id in pairs:
            done = await thinking.of(persona_id, fan_id)
            rows.append({"persona": persona_id, "fan": fan_id, **asdict(done)})
    return rows


def engine_for(engines: dict[str, Engine], playing: Playing, instead: str, persona_id: str) -> Engine | None:
    """`instead`, or the engine the persona plays on; None for the understudy, which only promises can be left to."""
    persona = playing.member(persona_id)
    name = instead or (UNDERSTUDY if persona is None else persona.plays.engine)
    if name == UNDERSTUDY:
        return None
    if name not in engines:
        raise EngineRefused(
            f"There is no engine '{name}', only {', '.join(sorted(engines))}. Name one in greenroom.yaml."
        )
    return engines[name]
