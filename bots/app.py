"""The only place where things are made and wired; everything else is given what it needs.

A house is opened and closed by one `async with`. What is heavy is imported where it is made, so that the front door
answers at once and a house with a remote engine never loads torch.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import token_hex
from time import time_ns
from typing import TYPE_CHECKING, Any

import structlog

from bots.after import after
from bots.canonical import logged
from bots.crowd import orderly
from bots.cue import Answer
from bots.engines import Engines
from bots.hall import Hall
from bots.house import House
from bots.lore import lore_at
from bots.meters import Meters
from bots.mood import FeltMood, WordMood
from bots.night import Night
from bots.recovery import HERE, first_on, recover
from bots.rooms import MoodReader
from bots.scripted import SCRIPTED, make_scripted
from bots.settings import BotsSettings
from bots.traced import traced
from bots.trial_watch import watch_trials
from bots.turn import Stage, take_turn
from memory.settings import MemorySettings
from personas import SHIPPED, Cast, Changes, PersonaUnknown
from personas.archive import VERSIONS, Archive
from personas.lore_scene import Lorekeeper
from personas.watch import tell, watch
from serving import Budget, Engine, EngineMissing, Shelf, Wardrobe
from serving.making import make_admissions, make_budget, prices
from serving.making import make_engines as serving_engines
from serving.metering import MeteredEngine
from serving.metering import Meters as EngineMeters
from serving.settings import ServingSettings

if TYPE_CHECKING:
    from memory.journal import Journal
    from memory.opening import Opened
    from serving.tracing import Tracer

log = structlog.get_logger()


class DataFolder(Exception):
    """The data folder can't be used."""


@asynccontextmanager
async def open_house(
    settings: BotsSettings,
    *,
    note: Callable[[str], None] = lambda _: None,
    stays: bool = False,
    platforms: Collection[str] = HERE,
) -> AsyncIterator[House]:
    """Makes everything in the order in which it is needed; `note` hears what comes next. Closes it the other way.

    One that `stays` open brings changed persona files on stage. What a crash left open is answered on its `platforms`.
    """
    prepare(settings.data)
    async with AsyncExitStack() as closing:
        enter = closing.enter_async_context
        note("the cast")
        cast = await enter(make_cast(settings, stays=stays))
        note("the engines")
        meters = make_meters(settings, cast)
        tracer = await enter(make_tracer(settings))
        budget = make_budget(ServingSettings.read())
        engines = await enter(make_engines(settings, meters, tracer, budget))
        note("the journal and the memories")
        opened, mood = await enter(make_memory(settings, cast))
        wardrobe = await enter(make_wardrobe(opened, stays=stays))
        loaded = await enter(loading(opened))
        journal = opened.journal
        await charge(budget, journal)
        stage = Stage(
            journal,
            opened.memory,
            engines.opened,
            lore_at(Lorekeeper(cast.file), opened.lore.near),
            mood,
            patience=settings.patience,
            wears=wardrobe.wears,
        )
        turns = after(loaded, make_orderly(stage, engines, settings))
        night = await enter(make_night(cast, engines, opened))
        answer: Answer = night.noticing(logged(meters.measured(make_traced(turns, tracer))))
        hall = await enter(make_hall(opened, cast, answer, settings))
        meters.watch(lambda: hall.busy)
        ours, lately = await enter(first_on(platforms, journal)), timedelta(minutes=settings.recover_minutes)
        await recover(hall, journal, now=now(), not_older_than=lately, platforms=ours)
        yield House(settings, cast, journal, opened.memory, engines, mood, stage, hall, opened.encoder, meters)


def prepare(data: Path) -> None:
    """Makes the data folder. Raises `DataFolder` if nothing can be kept in it."""
    probe = data / ".probe"
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as exc:
        reason = (exc.strerror or "it can't be written to").lower()
        raise DataFolder(f"Nothing can be kept in {data}: {reason}. Name another folder with --data.") from exc


@asynccontextmanager
async def make_cast(settings: BotsSettings, *, stays: bool) -> AsyncIterator[Cast]:
    """The operator's own personas before the shipped cast; every version that plays is kept."""
    cast = Cast([*([settings.personas] if settings.personas else []), SHIPPED])
    archive = Archive(settings.data / VERSIONS)
    archive.keep_all(cast)
    async with reloaded(cast, archive) if stays else nullcontext():
        yield cast


@asynccontextmanager
async def reloaded(cast: Cast, archive: Archive) -> AsyncIterator[None]:
    """Follows the cast's files for as long as the house is open, and keeps every version that plays."""

    def changed(changes: Changes) -> None:
        tell(changes)
        archive.keep_all(cast)

    async with asyncio.TaskGroup() as tasks:
        over = asyncio.Event()
        tasks.create_task(watch(cast, on_change=changed, stop=over))
        try:
            yield
        finally:
            over.set()


@asynccontextmanager
async def make_wardrobe(opened: "Opened", *, stays: bool) -> AsyncIterator[Wardrobe]:
    """Which LoRA a conversation wears; while the house stays open, one on trial that goes worse is taken off."""
    from memory.trials import Trials

    shelf = Shelf(ServingSettings.read().shelf)
    async with beside(watch_trials(Trials(opened.journal, shelf))) if stays else nullcontext():
        yield Wardrobe(shelf)


@asynccontextmanager
async def loading(opened: "Opened") -> AsyncIterator[asyncio.Task[None]]:
    """The index's library is loaded in the background; turns wait for it, the opening does not."""
    async with beside(opened.store.ready()) as loaded:
        yield loaded


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Work that goes on as long as the house is open."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def make_meters(settings: BotsSettings, cast: Cast) -> Meters:
    """The instruments, with what tokens cost; personas that come later are counted from their first failure on."""
    meters = Meters(prices={} if settings.engine == SCRIPTED else prices(ServingSettings.read()))
    meters.expect(persona.id for persona in cast.all())
    return meters


@asynccontextmanager
async def make_tracer(settings: BotsSettings) -> AsyncIterator["Tracer | None"]:
    """What writes traces, where the settings say where they go."""
    if not settings.traces:
        yield None
        return
    try:
        from serving.tracing import tracing_to
    except ImportError as exc:
        raise EngineMissing(f"Traces need {exc.name}. Install it with: pip install 'greenroom[telemetry]'") from exc
    async with tracing_to(settings.traces) as tracer:
        yield tracer


def make_traced(answer: Answer, tracer: "Tracer | None") -> Answer:
    """The answer, in a span for each turn if there is somebody who wants them."""
    if tracer is None:
        return answer
    from serving.tracing import spanning

    return traced(answer, partial(spanning, tracer))


def make_engines(settings: BotsSettings, meters: Meters, tracer: "Tracer | None", budget: Budget) -> Engines:
    """Every engine that the settings name, each with those who step in for it; none of them is loaded yet."""
    watched = EngineMeters(meters.registry)
    if settings.engine == SCRIPTED:
        return Engines({SCRIPTED: MeteredEngine(make_scripted(), watched, name=SCRIPTED)}, override=SCRIPTED)
    serving = ServingSettings.read()
    return Engines(
        serving_engines(serving, meters=watched, **tracing(tracer)),
        admissions=make_admissions(serving, meters=watched, budget=budget),
        override=settings.engine,
    )


def tracing(tracer: "Tracer | None") -> dict[str, Any]:
    """What the engines are given, so that they write spans below a turn's."""
    if tracer is None:
        return {}
    from serving.tracing import TracedEngine, headers

    return {"traced": lambda engine, name: TracedEngine(engine, tracer, name=name), "headers": headers}


def make_orderly(stage: Stage, engines: Engines, settings: BotsSettings) -> Answer:
    """The turn itself, taken by as many at a time as their engine has places for."""
    return orderly(
        partial(take_turn, on=stage),
        admission=engines.admission,
        finish=stage.journal.finish,
        priorities=settings.priority,
    )


@asynccontextmanager
async def make_memory(settings: BotsSettings, cast: Cast) -> AsyncIterator["tuple[Opened, MoodReader]"]:
    """The journal, the memory that is an index of it, and who reads moods with the same encoder."""
    from memory.opening import open_memory  # chromadb takes its time
    from serving.embedding import OnnxEncoder
    from serving.emotion import EmotionReader

    serving = ServingSettings.read()
    async with open_memory(settings.data, settings=MemorySettings.read(), serving=serving, cast=cast) as opened:
        opened.library.open(persona.id for persona in cast.all())
        shipped = serving.encoder.kind == "shipped"  # feelings were learnt with its vectors
        reader = opened.encoder if shipped else await asyncio.to_thread(OnnxEncoder.default)
        mood = FeltMood(EmotionReader.shipped(reader), otherwise=WordMood())
        async with beside(opened.keep_moving()):
            yield opened, mood


async def charge(budget: Budget, journal: "Journal") -> None:
    """A restart does not begin the day anew: what it has cost so far counts."""
    from memory.journal_spending import spent_since

    if budget.limited:
        for spent in await spent_since(journal, budget.began):
            budget.spend(spent.tokens, fan=spent.fan_id, persona=spent.persona_id)


def make_hall(opened: "Opened", cast: Cast, answer: Answer, settings: BotsSettings) -> Hall:
    """Where turns are taken in order."""
    return Hall(
        journal=opened.journal,
        persona=cast.get,
        answer=answer,
        now=now,
        new_id=new_id,
        remembers_turns=settings.remembers_turns,
    )


def make_night(cast: Cast, engines: Engines, opened: "Opened") -> Night:
    """Whoever talks is thought of after a silence, with the persona's own engine where that can be trusted."""
    from memory.thinking import Thinking

    said = MemorySettings.read().reflection

    def engine_for(persona_id: str) -> Engine | None:
        try:
            return engines.trusted(cast.get(persona_id), instead=said.engine)
        except PersonaUnknown:
            return None

    thinking = Thinking(opened, engine_for=engine_for, settings=said, now=now)
    return Night(thinking.of, opened.journal.restless, silence=said.silence, now=now)


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """A turn's id: sorts by time, and can't be guessed."""
    return f"{time_ns() // 1_000_000:012x}{token_hex(10)}"


def from_flags(flags: Mapping[str, object]) -> BotsSettings:
    """The settings, with what the command line says above all; a flag that was not given is None."""
    return BotsSettings.read(**{name: value for name, value in flags.items() if value is not None})
