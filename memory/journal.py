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

from memory import journal_gone as gone
from memory import journal_hearing as hearing
from memory import journal_places as places
from memory import journal_said as replies
from memory import journal_talks as talks
from memory import journal_trials as trials
from memory import journal_turns as turns
from memory.journal_alone import Alone
from memory.journal_database import Database, opened
from memory.journal_fans import JournalOfFans
from memory.journal_lessons import Lessons
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

    def first(self, name: str) -> AbstractAsyncContextManager[bool]:
        """`async with journal.first(name) as first`: whether nobody else, in any process, is in such a block now."""
        return self._alone.first(name)

    # what is heard

    async def hear(self, utterance: Utterance, *, persona_id: str) -> bool:
        """Write down what was said to a persona, durably. False: it was delivered before, and answered or will be."""
        return await self._database.write(hearing.hear, utterance, persona_id, addressed=True, now=self._now())

    async def overhear(self, utterance: Utterance, *, persona_id: str) -> bool:
        """Write down what was said beside a persona; False: it was delivered before."""
        return await self._database.write(hearing.hear, utterance, persona_id, addressed=False, now=self._now())

    async def overheard(
        self, place: Place, persona_id: str, *, limit: int = 20, to_others: bool = False
    ) -> tuple[Utterance, ...]:
        """What was said in a place and is in no turn yet, the newest `limit`, oldest first.

        With `to_others` without what was said to the persona herself: that waits for a turn of its own (`waiting`).
        """
        return await self._database.read(hearing.overheard, place, persona_id, limit, to_others=to_others)

    async def waiting(self) -> tuple[tuple[str, Utterance], ...]:
        """After a crash: (persona id, utterance) for all that was heard and never got a turn, oldest first."""
        return await self._database.read(hearing.waiting)

    async def in_line(self, place: Place, persona_id: str) -> tuple[Utterance, ...]:
        """What was said to a persona in one place and has no turn yet, oldest first."""
        return await self._database.read(hearing.in_line, place, persona_id)

    async def rephrase(self, utterance_id: str, *, place: Place, text: str) -> tuple[Scope, ...]:
        """A message was edited on its platform. Returns the scopes whose memories must follow (`Memory.sync`)."""
        return await self._database.write(hearing.rephrase, utterance_id, place, text)

    async def unsay(self, utterance_id: str, *, place: Place) -> tuple[Scope, ...]:
        """A message was deleted on its platform. Returns the scopes whose memories must follow (`Memory.sync`)."""
        return await self._database.write(hearing.unsay, utterance_id, place)

    async def spoken_to(self, said: Utterance, *, among: Collection[str] = ()) -> tuple[str, ...] | None:
        """Ids of the personas that a line was said to: of one that is gone since, nobody's.

        None if it was never written down, for none of the personas `among` whom it was said.
        """
        return await self._database.read(places.spoken_to, said, among)

    async def expire(self, where: str, *, before: datetime) -> tuple[Scope, ...]:
        """Erase what is older, in all places that begin like this. Returns the scopes that must follow (`Memory.sync`).

        It goes in portions, the oldest first, so that it may be broken off and nobody waits for it.
        """
        gone: dict[tuple[str, str], str] = {}
        while rows := await self._database.write(places.expire, where, before):
            gone |= {(persona_id, fan_id): place for persona_id, fan_id, place in rows}
        if gone:
            await self._database.scrub(rewrite=False)
        return tuple(Scope(persona_id, fan_id, Place(place)) for (persona_id, fan_id), place in gone.items())

    # turns

    async def begin(self, turn: Turn) -> bool:
        """Write a turn down before it is answered; it becomes the end of the branch shown.

        False, and nothing is written: some of what it heard was erased or edited since; ask for what is `standing`.
        """
        return await self._database.write(hearing.begin, turn)

    async def standing(self, said: Sequence[Utterance], *, persona_id: str) -> tuple[Utterance, ...]:
        """What of it was not erased since a persona heard it, in the words it has now."""
        return await self._database.read(gone.standing, persona_id, said)

    async def finish(self, turn: Turn) -> bool:
        """Write down how a turn came out. False: it is gone, or has no reply, for its fan was forgotten meanwhile."""
        return await self._database.write(turns.finish, turn)

    async def path(
        self, place: Place, persona_id: str, *, leaf: str | None = None, before: str | None = None, limit: int = 50
    ) -> tuple[Turn, ...]:
        """The newest `limit` turns of the branch shown, oldest first; or of the one ending in `leaf`, or what came
        before the turn `before`."""
        return await self._database.read(turns.path, place, persona_id, leaf=leaf, before=before, limit=limit)

    async def turn(self, turn_id: str) -> Turn:
        """One turn; `UnknownTurn` if there is none. Ask for its `owner` before showing it to anybody."""
        return await self._database.read(turns.turn, turn_id)

    async def owner(self, turn_id: str) -> str | None:
        """The fan whom a turn answers; None if there is no such turn."""
        return await self._database.read(turns.owner, turn_id)

    async def saying(self, place: Place, persona_id: str, words: str, *, limit: int = 20) -> tuple[Turn, ...]:
        """The newest turns of a place, on any branch, in which a persona said just this, the newest first."""
        return await self._database.read(replies.saying, place, persona_id, words, limit)

    async def hearing(self, said: Utterance, *, persona_id: str) -> tuple[Turn, ...]:
        """The turns, on any branch, in which a persona heard what was said, the newest first."""
        return await self._database.read(replies.hearing, said, persona_id)

    async def siblings(self, turn_id: str) -> tuple[Turn, ...]:
        """A turn and its alternatives (regenerated, edited), oldest first."""
        return await self._database.read(turns.siblings, turn_id)

    async def variants(self, turn_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each turn the ids of itself and its alternatives, oldest first."""
        return await self._database.read(turns.variants, turn_ids)

    async def choose(self, turn_id: str) -> str:
        """Show the branch through a turn, down to its newest end; returns that end's id. Then `Memory.sync`."""
        return await self._database.write(turns.choose, turn_id)

    async def unanswered(self) -> tuple[Turn, ...]:
        """After a crash: turns begun and never finished, oldest first."""
        return await self._database.read(turns.unanswered)

    async def elsewhere(self, scope: Scope, *, limit: int = 5) -> tuple[Turn, ...]:
        """A fan's newest turns with a persona in other places that may surface in this one, oldest first."""
        return await self._database.read(talks.turns_elsewhere, scope, limit)

    async def tallies(self, persona_id: str, *, since: datetime) -> dict[str | None, Tally]:
        """For each LoRA the persona wore since then (None: none) what became of its replies, in counts alone."""
        return await self._database.read(trials.tallies, persona_id, since)

    # talks

    async def talk(self, place: Place, persona_id: str) -> Talk | None:
        """The talk of a place and a persona, if they ever met there."""
        return await self._database.read(talks.talk, place, persona_id)

    async def talks(self, fan_id: str, persona_id: str | None = None) -> tuple[Talk, ...]:
        """A fan's own talks, the latest first."""
        return await self._database.read(talks.talks, fan_id, persona_id)

    async def new_talk(self, place: Place, persona_id: str, *, fan_id: str) -> Talk:
        """Begin a talk, or return the one that is there; `NotYours` if it is another fan's."""
        return await self._database.write(talks.new_talk, place, persona_id, fan_id, self._now())

    async def title(self, place: Place, persona_id: str, text: str) -> None:
        """Name a talk; an empty text takes the name away."""
        await self._database.write(talks.entitle, place, persona_id, text)

    async def places(self, fan_id: str) -> tuple[tuple[Place, str], ...]:
        """(place, persona id) wherever a fan ever spoke or began a talk."""
        return await self._database.read(talks.places, fan_id)

    async def feedback(self, turn_id: str, *, fan_id: str, thumb: Thumb | None, reason: str = "") -> None:
        """A fan's opinion of a reply; None takes it back."""
        await self._database.write(talks.give_feedback, turn_id, fan_id, thumb, reason, self._now())

    async def thumbs(self, fan_id: str, turn_ids: Sequence[str]) -> dict[str, Thumb]:
        """A fan's own opinions of some turns; those without one are missing."""
        return await self._database.read(talks.thumbs, fan_id, turn_ids)
