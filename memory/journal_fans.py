"""The half of the journal that is about one fan: what a persona may know of them, what they allow, and their end.

Every call names the fan, and where a persona is meant, her as well: nothing is read here that is not somebody's own.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from memory import journal_erasure as erasure
from memory import journal_memories as memories
from memory import journal_nights as nights
from memory import journal_talks as talks
from memory.journal_database import Database
from memory.journal_erasure import Erased
from memory.journal_export import export_of, import_of
from memory.record import Record
from memory.scope import Scope, Sharing
from personas import Utterance


class JournalOfFans:
    """What `Journal` offers for a fan; its calls may raise a `JournalTrouble`."""

    _database: Database

    # what memories are made from

    async def memories(self, persona_id: str, fan_id: str, *, called: str = "") -> list[Record]:
        """Everything a persona may know of a fan, oldest first, without vectors: what the index must hold.

        `called` is the persona's name. Who may hear it again is for `Memory` to say.
        """
        async with self._database.read() as connection:
            return await memories.memories(connection, persona_id, fan_id, called or persona_id)

    async def keep(self, scope: Scope, said: Sequence[Utterance]) -> None:
        """Write down what belongs to a fan's talk and did not come through `hear`; what is there stays as it is."""
        async with self._database.read() as connection:
            new = await memories.missing(connection, scope.persona_id, scope.fan_id, said)
        if new:  # hardly ever, and a write waits for the disk
            async with self._database.write() as connection:
                await memories.keep(connection, scope.persona_id, scope.fan_id, new)

    async def state(self, scope: Scope, statements: Sequence[Record], *, gone: Collection[str] = ()) -> None:
        """Write facts, episodes, promises or corrected memories, or replace them by id; take back those `gone`."""
        async with self._database.write() as connection:
            await memories.state(connection, scope.persona_id, scope.fan_id, statements, gone)

    async def forget(self, scope: Scope, memory_id: str) -> list[str]:
        """Delete one memory where it came from, and what rests on it; returns the ids of all that went."""
        async with self._database.write() as connection:
            gone = await erasure.forget(connection, scope.persona_id, scope.fan_id, memory_id)
        await self._database.scrub(rewrite=False)
        return gone

    async def correct(self, scope: Scope, corrected: Record) -> None:
        """A memory in better words; what rested on the old ones is taken back."""
        async with self._database.write() as connection:
            await erasure.correct(connection, scope.persona_id, scope.fan_id, corrected)
        await self._database.scrub(rewrite=False)

    async def sharing(self, scope: Scope) -> Sharing:
        """What a fan allows to be recalled elsewhere: nothing, until they say so."""
        async with self._database.read() as connection:
            return await memories.sharing(connection, scope.persona_id, scope.fan_id)

    async def share(self, scope: Scope, wanted: Sharing) -> None:
        """Keep what a fan allows."""
        async with self._database.write() as connection:
            await memories.share(connection, scope.persona_id, scope.fan_id, wanted)

    async def mark(self, scope: Scope, name: str, value: str) -> None:
        """Remember how far something came with this fan (reflection, a budget)."""
        async with self._database.write() as connection:
            await memories.mark(connection, scope.persona_id, scope.fan_id, name, value)

    async def mark_all(self, scope: Scope, values: Mapping[str, str]) -> None:
        """Several marks at once."""
        async with self._database.write() as connection:
            for name, value in values.items():
                await memories.mark(connection, scope.persona_id, scope.fan_id, name, value)

    async def marked(self, scope: Scope, name: str) -> str | None:
        """How far something came."""
        async with self._database.read() as connection:
            return await memories.marked(connection, scope.persona_id, scope.fan_id, name)

    async def marks(self, scope: Scope, prefix: str) -> dict[str, str]:
        """Every mark of a fan whose name begins like this, by the rest of its name."""
        async with self._database.read() as connection:
            return await memories.marks(connection, scope.persona_id, scope.fan_id, prefix)

    async def retire(self, scope: Scope, *, before: datetime) -> int:
        """Erase what a fan said to a persona before, and what rests on it, in portions; returns how many lines went."""
        gone = 0
        while True:
            async with self._database.write() as connection:
                portion = await nights.retire(connection, scope.persona_id, scope.fan_id, before)
            gone += portion
            if not portion:
                break
        if gone:
            await self._database.scrub(rewrite=False)
        return gone

    async def restless(self) -> tuple[tuple[str, str, datetime], ...]:
        """(persona id, fan id, when they last spoke) of those whose words nobody thought of yet: an operator's list."""
        async with self._database.read() as connection:
            return await nights.restless(connection)

    # everything of a fan

    async def export(self, fan_id: str) -> dict[str, list[dict[str, object]]]:
        """All rows of a fan, ready for JSON, by table."""
        async with self._database.read() as connection:
            return await export_of(connection, fan_id)

    async def bring_back(self, fan_id: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
        """Write a fan's `export` back; what is there stays. Returns how many rows were new. Then `Memory.sync`."""
        async with self._database.write() as connection:
            return await import_of(connection, fan_id, rows)

    async def erase_fan(self, fan_id: str, *, persona_id: str | None = None) -> Erased:
        """Delete all of a fan, or what is between the fan and one persona, and leave no byte of it in the file.

        SQLite overwrites what it deletes; PostgreSQL's tables have to be written anew.
        """
        async with self._database.write() as connection:
            erased = await erasure.erase_fan(connection, fan_id, persona_id)
        await self._database.scrub(rewrite=self._database.dialect == "postgresql")
        return erased

    async def rewrite(self) -> None:
        """Write the whole database anew, without a byte of what was deleted; others wait meanwhile."""
        await self._database.scrub(rewrite=True)

    async def fans(self) -> tuple[tuple[str, str, datetime], ...]:
        """(persona id, fan id, when they first spoke) for all there are: for an operator, never for a turn."""
        async with self._database.read() as connection:
            return await talks.fans(connection)

    async def words(self, fan_id: str, *, persona_id: str | None = None) -> list[str]:
        """Everything a fan said, and what was concluded from it: what must not be found after forgetting them."""
        async with self._database.read() as connection:
            return await erasure.words_of(connection, fan_id, persona_id)

    async def left(self, fan_id: str, *, persona_id: str | None = None) -> int:
        """How many rows of a fan there are."""
        async with self._database.read() as connection:
            return await erasure.left(connection, fan_id, persona_id)
