"""The journal's talks: which there are, whose they are, what they are called, and what fans thought of the replies."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.errors import NotYours, UnknownTurn
from memory.journal_rows import insert_new, owner_of_place, put
from memory.journal_tables import FEEDBACK, HEARD, TALKS, TURNS, UTTERANCES
from memory.journal_turns import count_turns, one
from memory.scope import Scope, Sharing, may_surface
from memory.talk import Talk, Thumb
from personas import Place, audience_of

LONGEST_TITLE = 60


async def talk(connection: AsyncConnection, place: Place, persona_id: str) -> Talk | None:
    """The talk of a place and a persona, if they ever met there."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    rows = (await connection.execute(select(TALKS).where(here))).mappings().all()
    return (await talks_of(connection, rows))[0] if rows else None


async def talks(connection: AsyncConnection, fan_id: str, persona_id: str | None) -> tuple[Talk, ...]:
    """A fan's own talks, the latest first."""
    query = select(TALKS).where(TALKS.c.fan_id == fan_id).order_by(TALKS.c.last_at.desc())
    if persona_id is not None:
        query = query.where(TALKS.c.persona_id == persona_id)
    return await talks_of(connection, (await connection.execute(query)).mappings().all())


async def talks_of(connection: AsyncConnection, rows: Sequence[RowMapping]) -> tuple[Talk, ...]:
    """Rows as talks, with their number of turns and their titles."""
    counts = await count_turns(connection, [(row["place"], row["persona_id"]) for row in rows])
    return tuple(
        [
            Talk(
                place=Place(row["place"]),
                persona_id=row["persona_id"],
                fan_id=row["fan_id"],
                title=row["title"] or await first_words(connection, row["place"], row["persona_id"]),
                began_at=row["began_at"],
                last_at=row["last_at"],
                turns=counts.get((row["place"], row["persona_id"]), 0),
                leaf=row["leaf"],
            )
            for row in rows
        ]
    )


async def first_words(connection: AsyncConnection, place: str, persona_id: str) -> str:
    """What a talk is called until somebody names it."""
    here = (UTTERANCES.c.place == place) & (UTTERANCES.c.persona_id == persona_id)
    query = select(UTTERANCES.c.text).where(here).order_by(UTTERANCES.c.at, UTTERANCES.c.seq).limit(1)
    words = " ".join(((await connection.execute(query)).scalar_one_or_none() or "").split())
    return words if len(words) <= LONGEST_TITLE else words[: LONGEST_TITLE - 1].rstrip() + "…"


async def new_talk(connection: AsyncConnection, place: Place, persona_id: str, fan_id: str, at: datetime) -> None:
    """Begin a talk before anything is said; one that is there already stays as it is."""
    row = {
        "place": place,
        "persona_id": persona_id,
        "fan_id": owner_of_place(place, fan_id),
        "title": "",
        "leaf": None,
        "began_at": at,
        "last_at": at,
    }
    await insert_new(connection, TALKS, [row])
    await only_for(connection, place, persona_id, fan_id)


async def only_for(connection: AsyncConnection, place: Place, persona_id: str, fan_id: str) -> None:
    """Refuse another fan's private talk."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    owner = (await connection.execute(select(TALKS.c.fan_id).where(here))).scalar_one_or_none()
    if owner not in (None, fan_id):
        raise NotYours("This talk belongs to somebody else. Begin one of your own.")


async def entitle(connection: AsyncConnection, place: Place, persona_id: str, text: str) -> None:
    """Name a talk; an empty text takes the name away."""
    here = (TALKS.c.place == place) & (TALKS.c.persona_id == persona_id)
    done = await connection.execute(update(TALKS).where(here).values(title=" ".join(text.split())[:LONGEST_TITLE]))
    if not done.rowcount:
        raise UnknownTurn("There is no such talk. It may have been deleted.")


async def places(connection: AsyncConnection, fan_id: str) -> tuple[tuple[Place, str], ...]:
    """(place, persona) wherever a fan ever spoke or began a talk."""
    spoken = select(UTTERANCES.c.place, UTTERANCES.c.persona_id).where(UTTERANCES.c.fan_id == fan_id)
    begun = select(TALKS.c.place, TALKS.c.persona_id).where(TALKS.c.fan_id == fan_id)
    rows = await connection.execute(spoken.union(begun).order_by("place"))
    return tuple((Place(place), persona) for place, persona in rows)


async def fans(connection: AsyncConnection) -> tuple[tuple[str, str, datetime], ...]:
    """Every persona and fan that ever spoke, with the first time."""
    first = func.min(UTTERANCES.c.at, type_=UTTERANCES.c.at.type)
    query = select(UTTERANCES.c.persona_id, UTTERANCES.c.fan_id, first)
    query = query.group_by(UTTERANCES.c.persona_id, UTTERANCES.c.fan_id).order_by(first)
    return tuple((persona, fan, at) for persona, fan, at in await connection.execute(query))


async def give_feedback(
    connection: AsyncConnection, turn_id: str, fan_id: str, thumb: Thumb | None, reason: str, at: datetime
) -> None:
    """A fan's opinion of a reply; None takes it back."""
    turn = await one(connection, turn_id)
    await only_for(connection, Place(turn["place"]), turn["persona_id"], fan_id)
    if thumb is None:
        mine = (FEEDBACK.c.turn_id == turn_id) & (FEEDBACK.c.fan_id == fan_id)
        await connection.execute(delete(FEEDBACK).where(mine))
    else:
        row = {"turn_id": turn_id, "fan_id": fan_id, "thumb": thumb, "reason": reason, "at": at}
        await put(connection, FEEDBACK, row)


async def thumbs(connection: AsyncConnection, fan_id: str, turn_ids: Sequence[str]) -> dict[str, Thumb]:
    """A fan's own opinions of some turns; those without one are missing."""
    mine = (FEEDBACK.c.fan_id == fan_id) & FEEDBACK.c.turn_id.in_(turn_ids)
    rows = await connection.execute(select(FEEDBACK.c.turn_id, FEEDBACK.c.thumb).where(mine))
    return dict(rows.tuples().all())


async def turns_elsewhere(connection: AsyncConnection, scope: Scope, allowed: Sharing, limit: int) -> list[RowMapping]:
    """A fan's newest turns in other places that may surface in this one, newest first."""
    mine = (UTTERANCES.c.fan_id == scope.fan_id) & (UTTERANCES.c.persona_id == scope.persona_id)
    where = (await connection.execute(select(UTTERANCES.c.place).where(mine).distinct())).scalars()
    others = [place for place in where if place != scope.place and surfaces(Place(place), scope.place, allowed)]
    heard_them = select(HEARD.c.turn_id).join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq).where(mine)
    query = select(TURNS).where(TURNS.c.place.in_(others), TURNS.c.id.in_(heard_them), TURNS.c.said.is_not(None))
    return list((await connection.execute(query.order_by(TURNS.c.seq.desc()).limit(limit))).mappings())


def surfaces(said_in: Place, here: Place, allowed: Sharing) -> bool:
    """Whether what was said in one place may be brought up in another."""
    return may_surface(audience_of(said_in), here, allowed)
