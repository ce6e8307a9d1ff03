"""The durable record of what was heard and what was answered: the truth that everything else is an index of.

What is heard is written before anybody thinks about an answer (`hear`), a turn before it is generated (`begin`); a
crash in between leaves something that can be found again (`waiting`, `unanswered`). Nothing here is read without
saying whose it is: a fan, a place and persona, or a turn whose `owner` can be asked for.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import update

from memory import journal_erasure as erasure
from memory import journal_memories as memories
from memory import journal_places as places
from memory import journal_talks as talks
from memory import journal_trials as trials
from memory import journal_turns as turns
from memory.journal_alone import Alone
from memory.journal_database import Database, opened
from memory.journal_fans import JournalOfFans
from memory.journal_lessons import Lessons
from memory.journal_rows import claim_key, insert_new, utterance_row
from memory.journal_tables import CLAIMS, UTTERANCES
from memory.scope import Scope
from memory.talk import Talk, Thumb
from memory.turn import Turn
from personas import Place, Utterance
from serving import Tally

FILE = "journal.sqlite3"


def utc_now() -> datetime:
    """The present, with its zone."""
    return datetime.now(UTC)


class Journal(JournalOfFans):
    """`async with await Journal.open(url) as journal`; all its calls may raise a `JournalTrouble`."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = utc_now, learns_from: Collection[str] = ()
    ) -> None:
        self._database = database
        self._now = now
        self._alone = Alone(database)
        self.lessons = Lessons(database, learns_from=learns_from, now=now)

    @classmethod
    async def open(cls, url: str, *, now: Callable[[], datetime] = utc_now, learns_from: Collection[str] = ()) -> Self:
        """`sqlite:///folder/journal.sqlite3`, `sqlite://` (in RAM, for tests) or `postgresql://…`.

        `learns_from` names the platforms whose words the operator lets personas learn from; see `lessons`.
        """
        return cls(await opened(url), now=now, learns_from=learns_from)

    @classmethod
    async def in_folder(
        cls, folder: Path, *, now: Callable[[], datetime] = utc_now, learns_from: Collection[str] = ()
    ) -> Self:
        """The SQLite journal of a data folder, made if it isn't there."""
        return await cls.open(f"sqlite:///{folder / FILE}", now=now, learns_from=learns_from)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the database; nothing is lost without it."""
        await self._alone.aclose()
        await self._database.aclose()

    @property
    def database(self) -> Database:
        """For backups and receipts, which look beneath the tables."""
        return self._database

    def alone(self, name: str) -> AbstractAsyncContextManager[None]:
        """`async with journal.alone(name)`: nobody else with the same name goes on meanwhile, in any process."""
        return self._alone(name)

    # what is heard

    async def hear(self, utterance: Utterance, *, persona_id: str) -> bool:
        """Write down what was said to a persona, durably. False: it was delivered before, and answered or will be."""
        return await self._write_down(utterance, persona_id, addressed=True)

    async def overhear(self, utterance: Utterance, *, persona_id: str) -> bool:
        """Write down what was said beside a persona; False: it was delivered before."""
        return await self._write_down(utterance, persona_id, addressed=False)

    async def _write_down(self, said: Utterance, persona_id: str, *, addressed: bool) -> bool:
        async with self._database.write() as connection:
            await talks.only_for(connection, said.place, persona_id, said.speaker_id)
            claim = {"key": claim_key(said, persona_id), "at": self._now()}
            if not await insert_new(connection, CLAIMS, [claim]):
                return False
            row = utterance_row(said, persona_id=persona_id, fan_id=said.speaker_id, addressed=addressed)
            await insert_new(connection, UTTERANCES, [row])
            await turns.open_talk(connection, said, persona_id)
            return True

    async def overheard(
        self, place: Place, persona_id: str, *, limit: int = 20, to_others: bool = False
    ) -> tuple[Utterance, ...]:
        """What was said in a place and is in no turn yet, the newest `limit`, oldest first.

        With `to_others` without what was said to the persona herself: that waits for a turn of its own (`waiting`).
        """
        async with self._database.read() as connection:
            return await turns.overheard(connection, place, persona_id, limit, to_others=to_others)

    async def waiting(self) -> tuple[tuple[str, Utterance], ...]:
        """After a crash: (persona id, utterance) for all that was heard and never got a turn, oldest first."""
        async with self._database.read() as connection:
            return await turns.waiting(connection)

    async def rephrase(self, utterance_id: str, *, place: Place, text: str) -> tuple[Scope, ...]:
        """A message was edited on its platform. Returns the scopes whose memories must follow (`Memory.sync`)."""
        async with self._database.write() as connection:
            rows = await turns.said_under(connection, utterance_id, place)
            for row in rows:
                await memories.retract(connection, row["persona_id"], row["fan_id"], [utterance_id])
                changed = update(UTTERANCES).where(UTTERANCES.c.seq == row["seq"])
                await connection.execute(changed.values(text=text.replace("\x00", "")))
        return tuple(Scope(row["persona_id"], row["fan_id"], place) for row in rows)

    async def unsay(self, utterance_id: str, *, place: Place) -> tuple[Scope, ...]:
        """A message was deleted on its platform. Returns the scopes whose memories must follow (`Memory.sync`)."""
        async with self._database.write() as connection:
            rows = await turns.said_under(connection, utterance_id, place)
            for row in rows:
                await erasure.unsay(connection, row["persona_id"], row["fan_id"], utterance_id)
        return tuple(Scope(row["persona_id"], row["fan_id"], place) for row in rows)

    async def spoken_to(self, said: Utterance) -> tuple[str, ...] | None:
        """Ids of the personas that a line was said to; None if it was never written down."""
        async with self._database.read() as connection:
            return await places.spoken_to(connection, said.id, said.place)

    async def expire(self, where: str, *, before: datetime) -> tuple[Scope, ...]:
        """Erase what is older, in all places that begin like this. Returns the scopes that must follow (`Memory.sync`).

        It goes in portions, the oldest first, so that it may be broken off and nobody waits for it.
        """
        gone: dict[tuple[str, str], str] = {}
        while True:
            async with self._database.write() as connection:
                rows = await places.expire(connection, where, before) or await places.clear(connection, where, before)
            if not rows:
                break
            gone |= {(persona_id, fan_id): place for persona_id, fan_id, place in rows}
        if gone:
            await self._database.scrub(rewrite=False)
        return tuple(Scope(persona_id, fan_id, Place(place)) for (persona_id, fan_id), place in gone.items())

    # turns

    async def begin(self, turn: Turn) -> None:
        """Write a turn down before it is answered; it becomes the end of the branch shown."""
        async with self._database.write() as connection:
            for said in turn.heard:
                await talks.only_for(connection, turn.place, turn.persona_id, said.speaker_id)
                await turns.open_talk(connection, said, turn.persona_id)
            await turns.begin(connection, turn)

    async def finish(self, turn: Turn) -> bool:
        """Write down how a turn came out. False: it is gone, its fan was forgotten meanwhile."""
        async with self._database.write() as connection:
            return await turns.finish(connection, turn)

    async def path(
        self, place: Place, persona_id: str, *, leaf: str | None = None, before: str | None = None, limit: int = 50
    ) -> tuple[Turn, ...]:
        """The newest `limit` turns of the branch shown, oldest first; or of the one ending in `leaf`, or what came
        before the turn `before`."""
        async with self._database.read() as connection:
            return await turns.path(connection, place, persona_id, leaf=leaf, before=before, limit=limit)

    async def turn(self, turn_id: str) -> Turn:
        """One turn; `UnknownTurn` if there is none. Ask for its `owner` before showing it to anybody."""
        async with self._database.read() as connection:
            return (await turns.with_heard(connection, [await turns.one(connection, turn_id)]))[0]

    async def owner(self, turn_id: str) -> str | None:
        """The fan whom a turn answers; None if there is no such turn."""
        async with self._database.read() as connection:
            return await turns.owner(connection, turn_id)

    async def siblings(self, turn_id: str) -> tuple[Turn, ...]:
        """A turn and its alternatives (regenerated, edited), oldest first."""
        async with self._database.read() as connection:
            return await turns.siblings(connection, turn_id)

    async def variants(self, turn_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each turn the ids of itself and its alternatives, oldest first."""
        async with self._database.read() as connection:
            return await turns.variants(connection, turn_ids)

    async def choose(self, turn_id: str) -> str:
        """Show the branch through a turn, down to its newest end; returns that end's id. Then `Memory.sync`."""
        async with self._database.write() as connection:
            return await turns.choose(connection, turn_id)

    async def unanswered(self) -> tuple[Turn, ...]:
        """After a crash: turns begun and never finished, oldest first."""
        async with self._database.read() as connection:
            return await turns.unanswered(connection)

    async def elsewhere(self, scope: Scope, *, limit: int = 5) -> tuple[Turn, ...]:
        """A fan's newest turns with a persona in other places that may surface in this one, oldest first."""
        async with self._database.read() as connection:
            allowed = await memories.sharing(connection, scope.persona_id, scope.fan_id)
            rows = await talks.turns_elsewhere(connection, scope, allowed, limit)
            return await turns.with_heard(connection, rows[::-1])

    async def tallies(self, persona_id: str, *, since: datetime) -> dict[str | None, Tally]:
        """For each LoRA the persona wore since then (None: none) what became of its replies, in counts alone."""
        async with self._database.read() as connection:
            return await trials.tallies(connection, persona_id, since)

    # talks

    async def talk(self, place: Place, persona_id: str) -> Talk | None:
        """The talk of a place and a persona, if they ever met there."""
        async with self._database.read() as connection:
            return await talks.talk(connection, place, persona_id)

    async def talks(self, fan_id: str, persona_id: str | None = None) -> tuple[Talk, ...]:
        """A fan's own talks, the latest first."""
        async with self._database.read() as connection:
            return await talks.talks(connection, fan_id, persona_id)

    async def new_talk(self, place: Place, persona_id: str, *, fan_id: str) -> Talk:
        """Begin a talk, or return the one that is there; `NotYours` if it is another fan's."""
        async with self._database.write() as connection:
            await talks.new_talk(connection, place, persona_id, fan_id, self._now())
            begun = await talks.talk(connection, place, persona_id)
            assert begun is not None, "it was written a moment ago"
            return begun

    async def title(self, place: Place, persona_id: str, text: str) -> None:
        """Name a talk; an empty text takes the name away."""
        async with self._database.write() as connection:
            await talks.entitle(connection, place, persona_id, text)

    async def places(self, fan_id: str) -> tuple[tuple[Place, str], ...]:
        """(place, persona id) wherever a fan ever spoke or began a talk."""
        async with self._database.read() as connection:
            return await talks.places(connection, fan_id)

    async def feedback(self, turn_id: str, *, fan_id: str, thumb: Thumb | None, reason: str = "") -> None:
        """A fan's opinion of a reply; None takes it back."""
        async with self._database.write() as connection:
            await talks.give_feedback(connection, turn_id, fan_id, thumb, reason, self._now())

    async def thumbs(self, fan_id: str, turn_ids: Sequence[str]) -> dict[str, Thumb]:
        """A fan's own opinions of some turns; those without one are missing."""
        async with self._database.read() as connection:
            return await talks.thumbs(connection, fan_id, turn_ids)
