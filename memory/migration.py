"""Moves an index from one store to another (folders to a server, or back), fan by fan; it may be run again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from memory.errors import StoreTrouble
from memory.journal import Journal
from memory.record import Store
from memory.scope import backstage


@dataclass(frozen=True, slots=True)
class Moved:
    """What was done for one persona and fan."""

    persona_id: str
    fan_id: str
    records: int


async def migrate(journal: Journal, source: Store, target: Store) -> AsyncIterator[Moved]:
    """Copy every fan's records, and count them on the other side; the source stays as it is."""
    for persona_id, fan_id, _ in await journal.fans():
        scope = backstage(persona_id, fan_id)
        records = await source.all(scope)
        await target.replace(scope, records)
        arrived = await target.count(scope)
        if arrived != len(records):
            raise StoreTrouble(f"Of {len(records)} memories of one fan {arrived} arrived. Run it again.")
        yield Moved(persona_id, fan_id, arrived)
