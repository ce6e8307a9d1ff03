"""A whole house that vanishes with the test: the real hall and journal, a scripted engine, a plain memory."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

from bots.crowd import orderly
from bots.cue import Answer, Cue
from bots.engines import Engines
from bots.hall import Hall
from bots.house import House
from bots.lore import LoreAt
from bots.meters import Meters
from bots.mood import WordMood
from bots.settings import BotsSettings
from bots.turn import Stage, take_turn
from memory import Scope, Turn, UnknownMemory
from memory.testing import journal_in_ram
from personas import Cast, LoreNote, Persona, Place, Recollection, Utterance
from serving import Admission, Engine
from serving.testing import HashingEncoder, ScriptedEngine

SCRIPTED = "scripted"
MIKA = Persona(id="mika", name="Mika", who="Mika is a singer.", at_a_loss="Eep, my monitor went silent!")


class PlainMemory:
    """Remembers everything by scope and recalls what shares a word with what was heard.

    `failure` is raised by every call while it is set.
    """

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.kept: dict[tuple[str, str], dict[str, Recollection]] = {}

    async def remember(self, scope: Scope, utterances: Sequence[Utterance]) -> None:
        self._of(scope).update(
            {said.id: Recollection(said.id, said.text, said.speaker_name, said.at, 0.0) for said in utterances}
        )

    async def recall(
        self,
        scope: Scope,
        heard: Sequence[Utterance],
        *,
        limit: int,
        now: datetime | None = None,
        besides: Collection[str] = (),
    ) -> tuple[Recollection, ...]:
        asked = {word for said in heard for word in said.text.casefold().split()}
        kept = [memory for memory in self._of(scope).values() if memory.id not in besides]
        scored = [(len(asked & set(memory.text.casefold().split())), memory) for memory in kept]
        likely = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])[:limit]
        return tuple(Recollection(r.id, r.text, r.speaker_name, r.at, float(score)) for score, r in likely)

    async def show(self, scope: Scope) -> tuple[Recollection, ...]:
        return tuple(self._of(scope).values())

    async def correct(self, scope: Scope, memory_id: str, text: str) -> None:
        old = self._known(scope, memory_id)
        self._of(scope)[memory_id] = Recollection(old.id, text, old.speaker_name, old.at, 0.0)

    async def forget(self, scope: Scope, memory_id: str) -> None:
        self._known(scope, memory_id)
        del self._of(scope)[memory_id]

    async def sync(self, scope: Scope) -> None:
        """There is no index to follow the journal."""

    def _of(self, scope: Scope) -> dict[str, Recollection]:
        if self.failure:
            raise self.failure
        return self.kept.setdefault((scope.persona_id, scope.fan_id), {})

    def _known(self, scope: Scope, memory_id: str) -> Recollection:
        if memory_id not in self._of(scope):
            raise UnknownMemory("There is no such memory.")
        return self._of(scope)[memory_id]


class PlainCast:
    """A cast of the personas it is given."""

    def __init__(self, *personas: Persona) -> None:
        self._personas = {persona.id: persona for persona in personas}
        self.errors: tuple[Exception, ...] = ()
        self._shipped = Cast(())

    def get(self, persona_id: str) -> Persona:
        return self._personas[persona_id] if persona_id in self._personas else self._shipped.get(persona_id)

    def all(self) -> tuple[Persona, ...]:
        return tuple(self._personas.values())

    def file(self, persona_id: str) -> Path:
        return self._shipped.file(persona_id)


def awaited(lore: Callable[[Cue], tuple[LoreNote, ...]]) -> LoreAt:
    """What comes to mind at a cue, whatever the window."""

    async def notes(cue: Cue, _: int | None) -> tuple[LoreNote, ...]:
        return lore(cue)

    return notes


@asynccontextmanager
async def house_in_ram(
    engine: Engine | None = None,
    *,
    cast: Any = None,
    memory: Any = None,
    journal: Any = None,
    lore: Callable[[Cue], tuple[LoreNote, ...]] = lambda _: (),
    admission: Admission | None = None,
    meters: Meters | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    """`async with house_in_ram(ScriptedEngine("Hi.")) as house`; whatever isn't given is made."""
    chosen = BotsSettings(engine=SCRIPTED, **settings)
    cast = cast or PlainCast(MIKA)
    memory = memory or PlainMemory()
    async with (
        journal_in_ram() as in_ram,
        Engines(
            {SCRIPTED: engine or ScriptedEngine()},
            admissions={SCRIPTED: admission} if admission else None,
            override=SCRIPTED,
        ) as engines,
    ):
        journal = journal or in_ram
        stage = Stage(journal, memory, engines.opened, awaited(lore), WordMood(), patience=chosen.patience)
        meters = meters or Meters()
        seated = orderly(
            partial(take_turn, on=stage),
            admission=engines.admission,
            finish=journal.finish,
            priorities=chosen.priority,
        )
        answer: Answer = meters.measured(seated)
        async with Hall(
            journal=journal,
            persona=cast.get,
            answer=answer,
            now=lambda: datetime.now(UTC),
            new_id=lambda: token_hex(8),
            remembers_turns=chosen.remembers_turns,
            closing_patience=0.1,
        ) as hall:
            yield House(chosen, cast, journal, memory, engines, stage.mood, stage, hall, HashingEncoder(), meters)


def said(text: str, *, place: str = "web:t", fan: str = "web:kim", name: str = "Kim", key: str = "") -> Utterance:
    """Something a fan says; without a key its id comes from its text, so saying it again is a second delivery."""
    return Utterance(key or f"web:{text}", fan, name, Place(place), text, datetime.now(UTC))


async def answer_to(house: House, text: str, **how: str) -> Turn:
    """Says something to Mika and waits for the finished turn."""
    return await (await house.hall.hear(said(text, **how), persona_id="mika")).ended()
