"""Forgets once more whoever was forgotten since a journal was copied, where the copy is put back.

Only what was said before they were forgotten goes: who came back since keeps what they said then.
"""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from memory.forgetting import Graveyard, standing
from memory.journal import Journal
from memory.record import Store
from memory.scope import backstage

Due = tuple[str, str, datetime]  # persona id, fan id, until when all is to be forgotten


async def due(journal: Journal, folder: Path) -> list[Due]:
    """Of whom a journal has something from before a tombstone in the data folder."""
    graveyard = await Graveyard(folder).all()
    found = []
    for persona_id, fan_id, first in await journal.fans():
        asked = [at for at in standing(graveyard, fan_id, persona_id) if first <= at]
        found += [(persona_id, fan_id, max(asked))] if asked else []
    return found


async def bury(journal: Journal, whom: Collection[Due]) -> None:
    """Erase from the journal what they said until then, and all of them where there is nothing younger."""
    for persona_id, fan_id, until in whom:
        if all(record.at <= until for record in await journal.memories(persona_id, fan_id)):
            await journal.erase_fan(fan_id, persona_id=persona_id)
        else:
            await journal.retire(backstage(persona_id, fan_id), before=until)


async def unindex(store: Store, whom: Collection[Due]) -> None:
    """Erase them from an index; of what the journal still has it is made anew when they are met."""
    for persona_id, fan_id, _ in whom:
        await store.erase(persona_id, fan_id)


async def bury_again(journal: Journal, store: Store, folder: Path) -> int:
    """All of this for a journal that was put back by other means than ours; returns how many there were."""
    whom = await due(journal, folder)
    await unindex(store, whom)  # first: once the journal has nothing of them, nobody is found here any more
    await bury(journal, whom)
    return len(whom)


async def lift(journal: Journal, folder: Path, fan_id: str, now: datetime) -> None:
    """What a fan brought back themselves stays: nobody forgets it again for having been asked to before."""
    for persona_id, whose, _ in await due(journal, folder):
        if whose == fan_id:
            await Graveyard(folder).lift(fan_id, persona_id, now)
