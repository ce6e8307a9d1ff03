"""Once a talk is over a persona thinks of it, once, and nobody waits for that."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bots.cue import Cue
from bots.night import Night, tomorrow
from bots.testing import MIKA
from memory import Turn
from memory.index_note import IndexNote, Noted
from memory.journal import Journal
from memory.knowledge import Library
from memory.lore_vectors import LoreVectors
from memory.memory import Memory
from memory.opening import Opened
from memory.playing import Playing
from memory.recollecting import Recollecting
from memory.scope import Scope
from memory.settings import ReflectionSettings
from memory.testing import StoreInRam, journal_in_ram, memory_in_ram
from memory.thinking import Thinking
from personas import Place, Recollection, Utterance
from serving import Delta, EngineAway
from serving.testing import HashingEncoder, ScriptedEngine
from tests.eventually import eventually

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ATONCE = timedelta()


@dataclass(frozen=True)
class Thought:
    left: int = 0
    tokens: int = 0
    facts: int = 0


class Mind:
    """Notes of whom it is told to think; fails or leaves something over if it is told to."""

    def __init__(self, *, failures: int = 0, left: int = 0) -> None:
        self.of: list[tuple[str, str]] = []
        self.failures, self.left = failures, left

    async def think(self, persona_id: str, fan_id: str) -> Thought:
        self.of.append((persona_id, fan_id))
        if self.failures:
            self.failures -= 1
            raise EngineAway("asleep")
        return Thought(left=self.left)


async def nobody() -> list[tuple[str, str, datetime]]:
    return []


@asynccontextmanager
async def night_over(mind: Mind, *, silence: timedelta = ATONCE, **more: object) -> AsyncIterator[Night]:
    settings = {"now": lambda: datetime.now(UTC), "slow_start": ATONCE, "again_after": ATONCE, **more}
    async with Night(mind.think, nobody, silence=silence, **settings) as night:  # type: ignore[arg-type]
        yield night


def turn_of(*fans: str) -> Turn:
    heard = tuple(Utterance(f"u{fan}", fan, fan, Place("web:t"), "hi", NOW) for fan in fans)
    return Turn("t", None, "mika", MIKA.version, Place("web:t"), heard, NOW)


async def test_everybody_heard_in_a_turn_is_thought_of_after_the_silence() -> None:
    mind = Mind()
    async with night_over(mind, silence=timedelta(milliseconds=50)) as night:
        night.notice(turn_of("web:kim", "web:lee", "persona:mika"))

        before = list(mind.of)
        await eventually(lambda: len(mind.of) == 2)

    assert before == []
    assert sorted(mind.of) == [("mika", "web:kim"), ("mika", "web:lee")]


async def test_who_speaks_again_is_left_in_peace() -> None:
    mind = Mind()
    async with night_over(mind, silence=timedelta(hours=1)) as night:
        night.notice(turn_of("web:kim"))
        await asyncio.sleep(0.05)

        night.notice(turn_of("web:kim"))
        await asyncio.sleep(0.05)

    assert mind.of == []


async def test_what_fails_is_tried_again() -> None:
    mind = Mind(failures=2)
    async with night_over(mind) as night:
        night.notice(turn_of("web:kim"))

        await eventually(lambda: len(mind.of) == 3)
        await asyncio.sleep(0.05)

    assert len(mind.of) == 3


async def test_what_todays_budget_does_not_pay_for_waits_for_tomorrow() -> None:
    mind = Mind(left=1)
    async with night_over(mind) as night:
        night.notice(turn_of("web:kim"))

        await eventually(lambda: len(mind.of) == 1)
        await asyncio.sleep(0.05)

    assert len(mind.of) == 1
    assert tomorrow(NOW) == datetime(2026, 5, 5, 0, 1, tzinfo=UTC)


async def test_whom_a_crash_left_is_thought_of_after_the_next_start() -> None:
    mind = Mind()

    async def restless() -> list[tuple[str, str, datetime]]:
        return [("mika", "web:kim", NOW)]

    night = Night(mind.think, restless, silence=ATONCE, now=lambda: NOW + timedelta(hours=1), slow_start=ATONCE)
    async with night:
        await eventually(lambda: mind.of == [("mika", "web:kim")])


async def test_the_answer_is_given_as_it_was() -> None:
    done = replace(turn_of("web:kim"), said="Hi.")

    async def answer(cue: Cue) -> AsyncGenerator[Delta | Turn, None]:
        yield Delta("Hi.")
        yield done

    async with night_over(Mind()) as night:
        steps = [step async for step in night.noticing(answer)(Cue(turn_of("web:kim"), MIKA))]

    assert steps == [Delta("Hi."), done]


async def told(journal: Journal, text: str) -> None:
    said = Utterance("u1", "web:kim", "Kim", Place("web:t"), text, datetime.now(UTC) - timedelta(hours=2))
    await journal.hear(said, persona_id="mika")


def opened_with(journal: Journal, memory: Memory) -> Opened:
    encoder, playing = HashingEncoder(), Playing()
    library = Library(
        StoreInRam(), encoder, persona=playing.member, folder=playing.folder, blank=Recollecting(encoder).blank
    )
    lore, note, noted = LoreVectors(None, encoder), IndexNote(Path("nowhere")), Noted(encoder.name, {})
    return Opened(journal, memory, StoreInRam(), library, lore, playing.policies, encoder, note, noted)


async def test_a_night_leaves_facts_that_come_to_mind() -> None:
    engine = ScriptedEngine(
        '{"facts": [{"text": "I bake bread.", "slot": "job", "lines": [1], "replaces": []}], "summary": ""}'
    )
    async with journal_in_ram() as journal, memory_in_ram(journal) as memory:
        await told(journal, "I bake bread.")
        settings = ReflectionSettings(silence_minutes=1)
        thinking = Thinking(opened_with(journal, memory), engine_for=lambda _: engine, settings=settings)

        night = Night(thinking.of, journal.restless, silence=ATONCE, now=lambda: datetime.now(UTC), slow_start=ATONCE)
        async with night:
            await eventually(lambda: engine.finished == 1)
            shown: tuple[Recollection, ...] = ()
            while len(shown) < 2:
                shown = await memory.show(Scope("mika", "web:kim", Place("web:t")))

    assert {one.kind for one in shown} == {"utterance", "fact"}


async def test_without_a_budget_no_engine_is_asked() -> None:
    engine = ScriptedEngine()
    async with journal_in_ram() as journal, memory_in_ram(journal) as memory:
        await told(journal, "I bake bread.")
        settings = ReflectionSettings(silence_minutes=1, tokens_a_day=0)
        thinking = Thinking(opened_with(journal, memory), engine_for=lambda _: engine, settings=settings)

        done = await thinking.of("mika", "web:kim")

    assert (done.stretches, engine.prompts) == (1, [])
