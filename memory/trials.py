"""Ends a LoRA's trial when the journal shows that it goes worse: the automatic roll-back.

Run by an open house every few minutes (bots), and by `greenroom finetune canary` when somebody wants to see.
"""

import asyncio
from datetime import UTC, datetime

from memory.journal import Journal
from serving import Shelf, Shelved, Tally, Trial, judged


class Trials:
    """The trials of a shelf, judged by a journal."""

    def __init__(self, journal: Journal, shelf: Shelf) -> None:
        self._journal = journal
        self._shelf = shelf

    async def look(self) -> tuple[Trial, ...]:
        """Every trial as it stands; nothing is changed."""
        in_use = await asyncio.to_thread(self._shelf.in_use)
        return tuple([await self._judged(one) for one in in_use if one.on_trial])

    async def settle(self) -> tuple[Trial, ...]:
        """The same, and those that go worse are retired: new turns wear the version before, servers unload them."""
        looked = await self.look()
        for one in looked:
            if one.verdict == "back":
                await asyncio.to_thread(self._shelf.retire, one.version.id)
        return looked

    async def _judged(self, version: Shelved) -> Trial:
        began = datetime.fromtimestamp(version.began, UTC)
        tallies = await self._journal.tallies(version.card.persona or version.lora, since=began)
        mine = tallies.get(version.id, Tally())
        steady = together([tally for lora, tally in tallies.items() if lora != version.id])
        return Trial(version, mine, steady, judged(mine, steady))


def together(tallies: list[Tally]) -> Tally:
    """Several counts as one."""
    return Tally(
        replies=sum(one.replies for one in tallies),
        broken=sum(one.broken for one in tallies),
        up=sum(one.up for one in tallies),
        down=sum(one.down for one in tallies),
    )
