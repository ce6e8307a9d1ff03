"""What the index of memories is made from: a fan's talk with a persona on the branches shown, and the statements.

The journal is the truth and the index follows: whatever `memories` returns is what the index must hold.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, Select, delete, or_, select

from memory.journal_gone import is_gone
from memory.journal_rows import (
    REPLY,
    insert_new,
    put,
    said_when,
    statement_of,
    statement_row,
    utterance_of,
    utterance_row,
)
from memory.journal_tables import FORGOTTEN, HEARD, MARKS, SHARING, STATEMENTS, TALKS, TURNS, UTTERANCES
from memory.journal_turns import upwards
from memory.record import Record
from memory.scope import Sharing
from personas import Place, Utterance, audience_of, persona_speaker, platform_of

REMEMBERED = ("answered", "cut_short")  # what a persona says when at a loss is no memory


def memories(connection: Connection, persona_id: str, fan_id: str, called: str) -> list[Record]:
    """Everything a persona may know of a fan, oldest first, without vectors."""
    gone = forgotten(connection, persona_id, fan_id)
    said = [*words_of(connection, persona_id, fan_id), *replies_to(connection, persona_id, fan_id, called)]
    found = {record.id: record for record in map(as_record, said) if record.text.strip()}
    stated = standing(statements(connection, persona_id, fan_id), found.keys())
    found |= {record.id: record for record in stated}
    left = (record for record in found.values() if record.id not in gone)
    return sorted(left, key=lambda record: said_when(record.id, record.at))


def standing(stated: Sequence[Record], said: Collection[str]) -> list[Record]:
    """The statements whose sources are all said on a branch shown; what any other replaced holds again."""
    there = set(said)
    stays = {record.id: record for record in stated if there.issuperset(record.sources)}
    return [
        replace(record, superseded_by=None, valid_to=None)
        if record.superseded_by and record.superseded_by not in stays
        else record
        for record in stays.values()
    ]


def as_record(said: Utterance) -> Record:
    """A thing said as a memory of itself."""
    return Record(
        id=said.id,
        text=said.text,
        speaker_id=said.speaker_id,
        speaker_name=said.speaker_name,
        place=said.place,
        audience=audience_of(said.place),
        at=said.at,
        sources=(said.id,),
    )


def words_of(connection: Connection, persona_id: str, fan_id: str) -> list[Utterance]:
    """What a fan said to a persona, but for what stands only on branches that were left."""
    shown = upwards(leaves(persona_id, fan_id))
    in_one_shown = select(HEARD.c.utterance_seq).join(shown, shown.c.id == HEARD.c.turn_id)
    in_any = select(HEARD.c.turn_id).where(HEARD.c.utterance_seq == UTTERANCES.c.seq).exists()
    mine = (UTTERANCES.c.persona_id == persona_id) & (UTTERANCES.c.fan_id == fan_id)
    query = select(UTTERANCES).where(mine, or_(~in_any, UTTERANCES.c.seq.in_(in_one_shown)))
    return [utterance_of(row) for row in connection.execute(query).mappings()]


def replies_to(connection: Connection, persona_id: str, fan_id: str, called: str) -> list[Utterance]:
    """What a persona answered to turns of this fan on the branches shown."""
    shown = upwards(leaves(persona_id, fan_id))
    mine = (UTTERANCES.c.persona_id == persona_id) & (UTTERANCES.c.fan_id == fan_id)
    to_them = select(HEARD.c.turn_id).join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq).where(mine)
    query = (
        select(TURNS.c.id, TURNS.c.place, TURNS.c.said, TURNS.c.began_at)
        .join(shown, shown.c.id == TURNS.c.id)
        .where(TURNS.c.id.in_(to_them), TURNS.c.said.is_not(None), TURNS.c.outcome.in_(REMEMBERED))
    )
    speaker = persona_speaker(persona_id)
    return [
        Utterance(turn_id + REPLY, speaker, called, Place(place), said, at)
        for turn_id, place, said, at in connection.execute(query)
    ]


def leaves(persona_id: str, fan_id: str) -> Select[tuple[str]]:
    """Where the branches end that are shown wherever this fan spoke to this persona."""
    mine = (UTTERANCES.c.persona_id == persona_id) & (UTTERANCES.c.fan_id == fan_id)
    where = select(UTTERANCES.c.place).where(mine).distinct()
    shown = select(TALKS.c.leaf.label("id"))
    return shown.where(TALKS.c.persona_id == persona_id, TALKS.c.place.in_(where), TALKS.c.leaf.is_not(None))


def keep(connection: Connection, persona_id: str, fan_id: str, said: Sequence[Utterance]) -> bool:
    """Write down what belongs to a fan's talk and did not come through `hear` (a greeting, an imported chat).

    False, and nothing is written: some of it is gone.
    """
    if any(is_gone(connection, persona_id, one) for one in said):
        return False
    rows = [utterance_row(one, persona_id=persona_id, fan_id=fan_id, addressed=False) for one in said]
    insert_new(connection, UTTERANCES, rows)
    return True


def missing(connection: Connection, persona_id: str, fan_id: str, said: Sequence[Utterance]) -> list[Utterance]:
    """Which of these the journal does not have; replies stand in their turns."""
    wanted = [one for one in said if not one.id.endswith(REPLY)]
    mine = (UTTERANCES.c.persona_id == persona_id) & (UTTERANCES.c.fan_id == fan_id)
    # without the platforms SQLite looks at all that this fan ever said
    where = UTTERANCES.c.platform.in_({platform_of(one.place) for one in wanted})
    query = select(UTTERANCES.c.id).where(mine, where, UTTERANCES.c.id.in_([one.id for one in wanted]))
    there = set(connection.execute(query).scalars())
    return [one for one in wanted if one.id not in there]


def statements(connection: Connection, persona_id: str, fan_id: str) -> list[Record]:
    """Facts, episodes, promises, and memories in the fan's corrected words."""
    mine = (STATEMENTS.c.persona_id == persona_id) & (STATEMENTS.c.fan_id == fan_id)
    rows = connection.execute(select(STATEMENTS).where(mine)).mappings()
    return [statement_of(row) for row in rows]


def state(
    connection: Connection, persona_id: str, fan_id: str, records: Sequence[Record], gone: Collection[str] = ()
) -> None:
    """Write statements, or replace them by id; those of the ids `gone` are taken back."""
    mine = (STATEMENTS.c.persona_id == persona_id) & (STATEMENTS.c.fan_id == fan_id)
    if gone:
        connection.execute(delete(STATEMENTS).where(mine, STATEMENTS.c.id.in_(gone)))
    put(connection, STATEMENTS, *(statement_row(one, persona_id=persona_id, fan_id=fan_id) for one in records))


def retract(connection: Connection, persona_id: str, fan_id: str, sources: Sequence[str]) -> list[str]:
    """Take back every statement that is one of `sources` or rests on one; returns their ids."""
    gone = set(sources)
    resting = [
        record.id
        for record in statements(connection, persona_id, fan_id)
        if record.id in gone or gone & set(record.sources)
    ]
    mine = (STATEMENTS.c.persona_id == persona_id) & (STATEMENTS.c.fan_id == fan_id)
    connection.execute(delete(STATEMENTS).where(mine, STATEMENTS.c.id.in_(resting)))
    for record in statements(connection, persona_id, fan_id):
        if record.superseded_by in resting:  # what was replaced by a statement now gone holds again
            state(connection, persona_id, fan_id, [replace(record, superseded_by=None, valid_to=None)])
    return resting


def forgotten(connection: Connection, persona_id: str, fan_id: str) -> set[str]:
    """Ids that must not come back."""
    mine = (FORGOTTEN.c.persona_id == persona_id) & (FORGOTTEN.c.fan_id == fan_id)
    return set(connection.execute(select(FORGOTTEN.c.id).where(mine)).scalars())


def sharing(connection: Connection, persona_id: str, fan_id: str) -> Sharing:
    """What a fan allows to be recalled elsewhere: nothing, until they say so."""
    mine = (SHARING.c.persona_id == persona_id) & (SHARING.c.fan_id == fan_id)
    query = select(SHARING.c.private_to_public, SHARING.c.public_to_private).where(mine)
    row = connection.execute(query).one_or_none()
    return Sharing() if row is None else Sharing(*row)


def share(connection: Connection, persona_id: str, fan_id: str, wanted: Sharing) -> None:
    """Keep what a fan allows."""
    switches = {"private_to_public": wanted.private_to_public, "public_to_private": wanted.public_to_private}
    put(connection, SHARING, {"persona_id": persona_id, "fan_id": fan_id, **switches})


def mark(connection: Connection, persona_id: str, fan_id: str, values: Mapping[str, str]) -> None:
    """Remember how far some things came, by name."""
    mine = {"persona_id": persona_id, "fan_id": fan_id}
    put(connection, MARKS, *({**mine, "name": name, "value": value} for name, value in values.items()))


def marked(connection: Connection, persona_id: str, fan_id: str, name: str) -> str | None:
    """How far something came."""
    mine = (MARKS.c.persona_id == persona_id) & (MARKS.c.fan_id == fan_id) & (MARKS.c.name == name)
    return connection.execute(select(MARKS.c.value).where(mine)).scalar_one_or_none()


def marks(connection: Connection, persona_id: str, fan_id: str, prefix: str) -> dict[str, str]:
    """Every mark whose name begins like this, by the rest of its name."""
    mine = (MARKS.c.persona_id == persona_id) & (MARKS.c.fan_id == fan_id)
    query = select(MARKS.c.name, MARKS.c.value).where(mine, MARKS.c.name.startswith(prefix, autoescape=True))
    return {name.removeprefix(prefix): value for name, value in connection.execute(query)}
