"""The only door by which words leave the journal to be learnt from.

Three must agree before a word passes: the operator (the platform is in `learns_from`), the fan (a row in `consents`),
and everybody else who was heard in the same talk until then (`memory.lessons_found`). What waits to be reviewed is
kept as ids of turns, never as words, so whoever is forgotten is gone from here as well.

What is not covered: a data set that was made before a fan changed their mind, and what was trained from it. A backup
that is restored brings back a consent that was taken back after it was made.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from memory import journal_turns as turns
from memory.errors import UnknownReview
from memory.journal_database import Database
from memory.journal_erasure import mine
from memory.journal_memories import memories
from memory.journal_rows import insert_new
from memory.journal_tables import CONSENTS, FEEDBACK, REVIEWS, TALKS, UTTERANCES
from memory.lesson import Lesson, Preference, Review, Verdict
from memory.lessons_found import Provenance, lessons_in, preferences_at
from memory.scope import Scope
from memory.talk import Thumb
from memory.turn import Turn
from personas import Place, platform_of


class Lessons:
    """Who has agreed, and what may be learnt. Its calls may raise a `JournalTrouble`."""

    def __init__(self, database: Database, *, learns_from: Collection[str], now: Callable[[], datetime]) -> None:
        self._database = database
        self._learns_from = frozenset(learns_from)
        self._now = now

    # consent

    def asked_on(self, place: Place) -> bool:
        """Whether the operator lets fans be asked on this place's platform."""
        return platform_of(place) in self._learns_from

    async def allowed(self, scope: Scope) -> bool:
        """Whether a fan lets a persona learn from their words: no, until they say so."""
        return scope.fan_id in await self._database.read(agreed_with, scope.persona_id)

    async def allow(self, scope: Scope) -> None:
        """A fan agrees, for all they said to this persona and will say."""
        row = {"persona_id": scope.persona_id, "fan_id": scope.fan_id, "at": self._now()}
        await self._database.write(insert_new, CONSENTS, [row])

    async def withdraw(self, scope: Scope) -> None:
        """A fan changes their mind; what waits to be reviewed goes at once."""
        await self._database.write(withdraw, scope.fan_id, scope.persona_id)

    async def withdraw_all(self, fan_id: str) -> None:
        """The same for every persona."""
        await self._database.write(withdraw, fan_id, None)

    # what may be learnt

    async def of(self, persona_id: str) -> tuple[tuple[Lesson, ...], ...]:
        """A persona's lessons, talk by talk, each talk's oldest first."""
        return await self._database.read(lessons_of, persona_id, self._learns_from)

    async def preferences(self, persona_id: str) -> tuple[Preference, ...]:
        """What fans liked better, among the lessons and the replies beside them."""
        return await self._database.read(preferences_of, persona_id, self._learns_from)

    async def reviews(self, persona_id: str) -> tuple[Review, ...]:
        """Every preference with its verdict; new ones are put down as waiting."""
        found = await self.preferences(persona_id)
        rows = [row for one in found for row in review_rows(one, persona_id, self._now())]
        verdicts = await self._database.write(put_down, persona_id, rows)
        return tuple(Review(one, verdicts[one.id]) for one in found)

    async def decide(self, persona_id: str, review_id: str, verdict: Verdict) -> None:
        """Write down what the operator says to a preference. Raises `UnknownReview`."""
        await self._database.write(decide, persona_id, review_id, verdict)


def withdraw(connection: Connection, fan_id: str, persona_id: str | None) -> None:
    """Delete a consent, or all of a fan's, and what waits to be reviewed because of it."""
    for table in (CONSENTS, REVIEWS):
        connection.execute(delete(table).where(mine(table, fan_id, persona_id)))


def lessons_of(connection: Connection, persona_id: str, platforms: Collection[str]) -> tuple[tuple[Lesson, ...], ...]:
    """A persona's lessons on these platforms, talk by talk."""
    agreed = agreed_with(connection, persona_id)
    places = [place for place in places_of(connection, persona_id, agreed) if platform_of(place) in platforms]
    talks = [turns.path(connection, place, persona_id, leaf=None, before=None, limit=None) for place in places]
    records = [one for fan in agreed for one in memories(connection, persona_id, fan, persona_id)]
    thumbs = thumbs_on(connection, [turn.id for talk in talks for turn in talk], agreed)
    return tuple(lessons_in(talks, agreed, Provenance(records, agreed), thumbs))


def preferences_of(connection: Connection, persona_id: str, platforms: Collection[str]) -> tuple[Preference, ...]:
    """What was liked better in a persona's lessons."""
    found = lessons_of(connection, persona_id, platforms)
    return tuple(one for lessons in found for one in preferences_in(connection, lessons))


def put_down(connection: Connection, persona_id: str, rows: Sequence[Mapping[str, object]]) -> dict[str, Verdict]:
    """Let new reviews wait; the verdict on each that there is, by its id."""
    insert_new(connection, REVIEWS, rows)
    query = select(REVIEWS.c.id, func.min(REVIEWS.c.state)).where(REVIEWS.c.persona_id == persona_id)
    return dict(connection.execute(query.group_by(REVIEWS.c.id)).tuples().all())


def decide(connection: Connection, persona_id: str, review_id: str, verdict: Verdict) -> None:
    """The operator's verdict on a review. Raises `UnknownReview`."""
    here = (REVIEWS.c.persona_id == persona_id) & (REVIEWS.c.id == review_id)
    if not connection.execute(update(REVIEWS).where(here).values(state=verdict)).rowcount:
        raise UnknownReview(f"Nothing called {review_id} waits to be reviewed for {persona_id}.")


def agreed_with(connection: Connection, persona_id: str) -> frozenset[str]:
    """The fans who let a persona learn from them."""
    query = select(CONSENTS.c.fan_id).where(CONSENTS.c.persona_id == persona_id)
    return frozenset(connection.execute(query).scalars())


def places_of(connection: Connection, persona_id: str, fans: Collection[str]) -> list[Place]:
    """Where these fans spoke to a persona."""
    found: set[str] = set()
    for fan in fans:
        mine = (UTTERANCES.c.persona_id == persona_id) & (UTTERANCES.c.fan_id == fan)
        query = select(UTTERANCES.c.place).where(mine, UTTERANCES.c.place.in_(select(TALKS.c.place))).distinct()
        found |= set(connection.execute(query).scalars())
    return [Place(place) for place in sorted(found)]


def thumbs_on(connection: Connection, turn_ids: Sequence[str], fans: Collection[str]) -> dict[str, Thumb]:
    """What these fans thought of some turns; where they disagree the worse opinion counts."""
    thumbs: dict[str, Thumb] = {}
    for start in range(0, len(turn_ids), 500):
        here = FEEDBACK.c.turn_id.in_(turn_ids[start : start + 500])
        query = select(FEEDBACK.c.turn_id, FEEDBACK.c.fan_id, FEEDBACK.c.thumb).where(here)
        for turn_id, fan, thumb in connection.execute(query):
            if fan in fans and thumbs.get(turn_id) != "down":
                thumbs[turn_id] = thumb
    return thumbs


def preferences_in(connection: Connection, lessons: Sequence[Lesson]) -> list[Preference]:
    """What was liked better in one talk."""
    followed = {lesson.turn.after for lesson in lessons}
    again = with_others(connection, [lesson.turn.id for lesson in lessons])
    found: list[Preference] = []
    for lesson in lessons:
        if lesson.thumb is None and lesson.turn.id not in again:
            continue
        beside = turns.siblings(connection, lesson.turn.id)
        others = [one for one in beside if one.id != lesson.turn.id and same_words(one, lesson.turn)]
        fans = {said.speaker_id for said in lesson.turn.heard}
        thumbs = thumbs_on(connection, [one.id for one in beside], fans)
        found += preferences_at(lesson, others, thumbs, went_on=lesson.turn.id in followed)
    return found


def with_others(connection: Connection, turn_ids: Sequence[str]) -> set[str]:
    """Those turns that have alternatives."""
    found: set[str] = set()
    for start in range(0, len(turn_ids), 500):
        known = turns.variants(connection, turn_ids[start : start + 500])
        found |= {turn_id for turn_id, ids in known.items() if len(ids) > 1}
    return found


def same_words(one: Turn, other: Turn) -> bool:
    """Whether two turns answer the same words, with no more in mind than the lesson had."""
    known = {recalled.id for recalled in other.recalled}
    return [said.id for said in one.heard] == [said.id for said in other.heard] and known.issuperset(
        recalled.id for recalled in one.recalled
    )


def review_rows(one: Preference, persona_id: str, at: datetime) -> list[dict[str, object]]:
    """A row for each fan whose words it rests on, so that it goes with any of them."""
    chosen, rejected = (turn.id if turn else None for turn in (one.chosen, one.rejected))
    row = {"id": one.id, "persona_id": persona_id, "kind": one.kind, "chosen": chosen, "rejected": rejected}
    return [{**row, "fan_id": fan, "state": "waiting", "at": at} for fan in one.lesson.fans]
