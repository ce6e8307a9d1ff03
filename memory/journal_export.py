"""Everything the journal has of a fan, as they may take it with them; `journal_import` brings it back.

In a room a turn answers whoever spoke last, and what came to mind in it is theirs; of others' turns that heard a fan,
too, the fan gets their own words and the reply.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, func, select

from memory.journal_tables import (
    CONSENTS,
    FEEDBACK,
    HEARD,
    REVIEWS,
    SHARING,
    STATEMENTS,
    TALKS,
    TURNS,
    UTTERANCES,
)

PLUMBING = {"seq"}
UNTOLD: dict[str, object] = {"recalled": [], "lore": [], "trace": {}}
OWNED = {
    "talks": TALKS,
    "utterances": UTTERANCES,
    "statements": STATEMENTS,
    "feedback": FEEDBACK,
    "sharing": SHARING,
    "consents": CONSENTS,
    "reviews": REVIEWS,
}


def export_of(connection: Connection, fan_id: str) -> dict[str, list[dict[str, object]]]:
    """All rows of a fan by table; what others said in the same rooms is not theirs and is left out."""
    export = {name: rows_of(connection, table, fan_id) for name, table in OWNED.items()}
    heard, own = heard_ids(connection, fan_id), set(connection.execute(owned(fan_id)).scalars())
    query = select(TURNS).where(TURNS.c.id.in_(answered(fan_id))).order_by(TURNS.c.seq)
    turns = connection.execute(query).mappings()
    told = [plain(row) if row["id"] in own else plain(row) | UNTOLD for row in turns]
    return {**export, "turns": [{**row, "heard": heard[str(row["id"])]} for row in told]}


def rows_of(connection: Connection, table: Table, fan_id: str) -> list[dict[str, object]]:
    """A fan's rows of one table, in the order of its key."""
    query = select(table).where(table.c.fan_id == fan_id).order_by(*table.primary_key)
    return [plain(row) for row in connection.execute(query).mappings()]


def answered(fan_id: str) -> Any:
    """Ids of the turns that answer a fan."""
    query = select(HEARD.c.turn_id).join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
    return query.where(UTTERANCES.c.fan_id == fan_id)


def owned(fan_id: str) -> Any:
    """Ids of the turns that answer this fan before all others, who said the last of what was heard."""
    last = select(HEARD.c.turn_id, func.max(HEARD.c.position).label("position")).group_by(HEARD.c.turn_id).subquery()
    final = (HEARD.c.turn_id == last.c.turn_id) & (HEARD.c.position == last.c.position)
    query = select(HEARD.c.turn_id).join(last, final).join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
    return query.where(UTTERANCES.c.fan_id == fan_id)


def heard_ids(connection: Connection, fan_id: str) -> dict[str, list[str]]:
    """Ids of what each turn heard of a fan, in order."""
    query = (
        select(HEARD.c.turn_id, UTTERANCES.c.id)
        .join(UTTERANCES, UTTERANCES.c.seq == HEARD.c.utterance_seq)
        .where(UTTERANCES.c.fan_id == fan_id)
        .order_by(HEARD.c.turn_id, HEARD.c.position)
    )
    heard: dict[str, list[str]] = {}
    for turn_id, utterance_id in connection.execute(query):
        heard.setdefault(turn_id, []).append(utterance_id)
    return heard


def plain(row: RowMapping) -> dict[str, object]:
    """A row that JSON can hold: moments in ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in PLUMBING
    }
