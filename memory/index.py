"""One index of all memories: a store, the encoder that filled it, and the fans who are known from it.

A house has one; while it moves to another encoder it has two (`memory.moving`).
"""

from collections.abc import Callable
from datetime import datetime

from memory.acquaintances import Acquaintances
from memory.journal import Journal
from memory.policy import Policies
from memory.recollecting import Recollecting
from memory.record import Store
from memory.tuning import Tuning
from serving import Encoder

UNTUNED = Tuning()


class Index:
    """`known` are the fans, `recollecting` asks; both speak this encoder's vectors only."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        encoder: Encoder,
        *,
        tuning: Tuning = UNTUNED,
        called: Callable[[str], str],
        policies: Policies,
        now: Callable[[], datetime],
        records_in_ram: int,
    ) -> None:
        self.store = store
        self.recollecting = Recollecting(encoder, called=called, tuning=tuning)
        self.known = Acquaintances(
            journal,
            store,
            encoder,
            blank=self.recollecting.blank,
            called=called,
            policies=policies,
            now=now,
            records_in_ram=records_in_ram,
        )

    async def erase(self, persona_id: str | None, fan_id: str) -> int:
        """Remove a fan; how many memories went."""
        return await self.store.erase(persona_id, fan_id)

    def lose(self, persona_id: str, fan_id: str) -> None:
        """Let go of a fan in RAM."""
        self.known.lose(persona_id, fan_id)

    async def aclose(self) -> None:
        """Keep the counts, close the store."""
        await self.known.write_counts()
        await self.store.aclose()
