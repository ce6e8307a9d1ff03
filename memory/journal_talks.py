"""The journal's talks: which there are, whose they are, what they are called, and what fans thought of the replies."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from memory.errors import NotYours, UnknownTurn
from memory.journal_memories import sharing
from memory.journal_rows import insert_new, owner_of_place, put
from memory.journal_tables import FEEDBACK, HEARD, TALKS, TURNS, UTTERANCES
from memory.journal_turns import count_turns, one, with_heard
from memory.scope import Scope, Sharing, may_surface
from memory.talk import Talk, Thumb
from memory.turn import Turn
from personas import Place, audience_of

LONGEST_TITLE = 60


def talk(connection: Connection, place: Place, persona_id: str) -> Talk | None:
    """The talk of a place and a persona, if they ever met there."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    rows = connection.execute(select(TALKS).where(here)).mappings().all()
    return talks_of(connection, rows)[0] if rows else None


def talks(connection: Connection, fan_id: str, persona_id: str | None) -> tuple[Talk, ...]:
    """A fan's own talks, the latest first."""
    query = select(TALKS).where(TALKS.c.fan_id == fan_id).order_by(TALKS.c.last_at.desc())
    if persona_id is not None:
        query = query.where(TALKS.c.persona_id == persona_id)
    return talks_of(connection, connection.execute(query).mappings().all())


def talks_of(connection: Connection, rows: Sequence[RowMapping]) -> tuple[Talk, ...]:
    """Rows as talks, with their number of turns and their titles."""
    counts = count_turns(connection, [(row["place"], row["persona_id"]) for row in rows])
    return tuple(
        [
            Talk(
                place=Place(row["place"]),
                persona_id=row["persona_id"],
                fan_id=row["fan_id"],
                title=row["title"] or first_words(connection, row["place"], row["persona_id"]),
                began_at=row["began_at"],
                last_at=row["last_at"],
                turns=counts.get((row["place"], row["persona_id"]), 0),
                leaf=row["leaf"],
            )
            for row in rows
        ]
    )


def first_words(connection: Connection, place: str, persona_id: str) -> str:
    """What a talk is called until somebody names it."""
    here = (UTTERANCES.c.place == place) & (UTTERANCES.c.persona_id == persona_id)
    query = select(UTTERANCES.c.text).where(here).order_by(UTTERANCES.c.at, UTTERANCES.c.seq).limit(1)
    words = " ".join((connection.execute(query).scalar_one_or_none() or "").split())
    return words if len(words) <= LONGEST_TITLE else words[: LONGEST_TITLE - 1].rstrip() + "…"


def new_talk(connection: Connection, place: Place, persona_id: str, fan_id: str, at: datetime) -> Talk:
    """Begin a talk before anything is said, or return the one that is there."""
    row = {
        "place": place,
        "persona_id": persona_id,
        "fan_id": owner_of_place(place, fan_id),
        "title": "",
        "leaf": None,
        "began_at": at,
        "last_at": at,
    }
    insert_new(connection, TALKS, [row])
    only_for(connection, place, persona_id, fan_id)
    begun = talk(connection, place, persona_id)
    assert begun is not None, "it was written a moment ago"
    return begun


def only_for(connection: Connection, place: Place, persona_id: str, fan_id: str) -> bool:
    """Refuse another fan's private talk. False: there is no talk yet."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    talk = connection.execute(select(TALKS.c.fan_id).where(here)).one_or_none()
    if talk is not None and talk.fan_id not in (None, fan_id):
        raise NotYours("This talk belongs to somebody else. Begin one of your own.")
    return talk is not None


def entitle(connection: Connection, place: Place, persona_id: str, text: str) -> None:
    """Name a talk; an empty text takes the name away."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    done = connection.execute(update(TALKS).where(here).values(title=" ".join(text.split())[:LONGEST_TITLE]))
    if not done.rowcount:
        raise UnknownTurn("There is no such talk. It may have been deleted.")


def places(connection: Connection, fan_id: str) -> tuple[tuple[Place, str], ...]:
    """(place, persona) wherever a fan ever spoke or began a talk."""
    spoken = select(UTTERANCES.c.place, UTTERANCES.c.persona_id).where(UTTERANCES.c.fan_id == fan_id)
    begun = select(TALKS.c.place, TALKS.c.persona_id).where(TALKS.c.fan_id == fan_id)
    rows = connection.execute(spoken.union(begun).order_by("place"))
    return tuple((Place(place), persona) for place, persona in rows)


def fans(connection: Connection) -> tuple[tuple[str, str, datetime], ...]:
    """Every persona and fan that ever spoke, with the first time."""
    first = func.min(UTTERANCES.c.at, type_=UTTERANCES.c.at.type)
    query = select(UTTERANCES.c.persona_id, UTTERANCES.c.fan_id, first)
    query = query.group_by(UTTERANCES.c.persona_id, UTTERANCES.c.fan_id).order_by(first)
    return tuple((persona, fan, at) for persona, fan, at in connection.execute(query))


def give_feedback(
    connection: Connection, turn_id: str, fan_id: str, thumb: Thumb | None, reason: str, at: datetime
) -> None:
    """A fan's opinion of a reply; None takes it back."""
    turn = one(connection, turn_id)
    only_for(connection, Place(turn["place"]), turn["persona_id"], fan_id)
    if thumb is None:
        mine = (FEEDBACK.c.turn_id == turn_id) & (FEEDBACK.c.fan_id == fan_id)
        connection.execute(delete(FEEDBACK).where(mine))
    else:
        row = {"turn_id": turn_id, "fan_id": fan_id, "thumb": thumb, "reason": reason, "at": at}
        put(connection, FEEDBACK, row)


def thumbs(connection: Connection, fan_id: str, turn_ids: Sequence[str]) -> dict[str, Thumb]:
    """A fan's own opinions of some turns; those without one are missing."""
    mine = (FEEDBACK.c.fan_id == fan_id) & FEEDBACK.c.turn_id.in_(turn_ids)
    rows = connection.execute(select(FEEDBACK.c.turn_id, FEEDBACK.c.thumb).where(mine))
    return dict(rows.tuples().all())


def turns_elsewhere(connection: Connection, scope: Scope, limit: int) -> tuple[Turn, ...]:
    """A fan's newest turns with a persona in other places that may surface in this one, oldest first."""
    allowed = sharing(connection, scope.persona_id, scope.fan_id)
    mine = (UTTERANCES.c.fan_id == scope.fan_id) & (UTTERANCES.c.persona_id == scope.persona_id)
    where = connection.execute(select(UTTERANCES.c.place).where(mine).distinct()).scalars()
    others = [place for place in where if place != scope.place and surfaces(Place(place), scope.place, allowed)]
    heard_them = select(HEARD.c.turn_id).join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq).where(mine)
    query = select(TURNS).where(TURNS.c.place.in_(others), TURNS.c.id.in_(heard_them), TURNS.c.said.is_not(None))
    rows = connection.execute(query.order_by(TURNS.c.seq.desc()).limit(limit)).mappings().all()
    return with_heard(connection, rows[::-1])


def surfaces(said_in: Place, here: Place, allowed: Sharing) -> bool:
    """Whether what was said in one place may be brought up in another."""
    return may_surface(audience_of(said_in), here, allowed)
