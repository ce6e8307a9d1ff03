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
from memory.journal_export import export_of
from memory.journal_import import import_of
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
        return await self._database.read(memories.memories, persona_id, fan_id, called or persona_id)

    async def keep(self, scope: Scope, said: Sequence[Utterance]) -> bool:
        """Write down what belongs to a fan's talk and did not come through `hear`; what is there stays as it is.

        False: some of it was heard and is erased since; nothing was written.
        """
        new = await self._database.read(memories.missing, scope.persona_id, scope.fan_id, said)
        # hardly ever, and a write waits for the disk
        return not new or await self._database.write(memories.keep, scope.persona_id, scope.fan_id, new)

    async def state(self, scope: Scope, statements: Sequence[Record], *, gone: Collection[str] = ()) -> None:
        """Write facts, episodes, promises or corrected memories, or replace them by id; take back those `gone`."""
        await self._database.write(memories.state, scope.persona_id, scope.fan_id, statements, gone)

    async def forget(self, scope: Scope, memory_id: str) -> list[str]:
        """Delete one memory where it came from, and what rests on it; returns the ids of all that went."""
        gone = await self._database.write(erasure.forget, scope.persona_id, scope.fan_id, memory_id)
        await self._database.scrub(rewrite=False)
        return gone

    async def correct(self, scope: Scope, corrected: Record) -> None:
        """A memory in better words; what rested on the old ones is taken back."""
        await self._database.write(erasure.correct, scope.persona_id, scope.fan_id, corrected)
        await self._database.scrub(rewrite=False)

    async def sharing(self, scope: Scope) -> Sharing:
        """What a fan allows to be recalled elsewhere: nothing, until they say so."""
        return await self._database.read(memories.sharing, scope.persona_id, scope.fan_id)

    async def share(self, scope: Scope, wanted: Sharing) -> None:
        """Keep what a fan allows."""
        await self._database.write(memories.share, scope.persona_id, scope.fan_id, wanted)

    async def mark(self, scope: Scope, name: str, value: str) -> None:
        """Remember how far something came with this fan (reflection, a budget)."""
        await self._database.write(memories.mark, scope.persona_id, scope.fan_id, {name: value})

    async def mark_all(self, scope: Scope, values: Mapping[str, str]) -> None:
        """Several marks at once."""
        await self._database.write(memories.mark, scope.persona_id, scope.fan_id, values)

    async def marked(self, scope: Scope, name: str) -> str | None:
        """How far something came."""
        return await self._database.read(memories.marked, scope.persona_id, scope.fan_id, name)

    async def marks(self, scope: Scope, prefix: str) -> dict[str, str]:
        """Every mark of a fan whose name begins like this, by the rest of its name."""
        return await self._database.read(memories.marks, scope.persona_id, scope.fan_id, prefix)

    async def retire(self, scope: Scope, *, before: datetime) -> int:
        """Erase what a fan said to a persona before, and what rests on it, in portions; returns how many lines went."""
        gone = 0
        while portion := await self._database.write(nights.retire, scope.persona_id, scope.fan_id, before):
            gone += portion
        if gone:
            await self._database.scrub(rewrite=False)
        return gone

    async def restless(self) -> tuple[tuple[str, str, datetime], ...]:
        """(persona id, fan id, when they last spoke) of those whose words nobody thought of yet: an operator's list."""
        return await self._database.read(nights.restless)

    # everything of a fan

    async def export(self, fan_id: str) -> dict[str, list[dict[str, object]]]:
        """All rows of a fan, ready for JSON, by table."""
        return await self._database.read(export_of, fan_id)

    async def bring_back(self, fan_id: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
        """Write a fan's `export` back; what is there stays. Returns how many rows were new. Then `Memory.sync`.

        Rows that are not this fan's own are left out. Raises `ExportUnreadable`, and then nothing was written.
        """
        return await self._database.write(import_of, fan_id, rows)

    async def erase_fan(self, fan_id: str, *, persona_id: str | None = None) -> Erased:
        """Delete all of a fan, or what is between the fan and one persona, and leave no byte of it in the file.

        SQLite overwrites what it deletes; PostgreSQL's tables have to be written anew.
        """
        erased = await self._database.write(erasure.erase_fan, fan_id, persona_id)
        await self._database.scrub(rewrite=self._database.dialect == "postgresql")
        return erased

    async def rewrite(self) -> None:
        """Write the whole database anew, without a byte of what was deleted; others wait meanwhile."""
        await self._database.scrub(rewrite=True)

    async def fans(self) -> tuple[tuple[str, str, datetime], ...]:
        """(persona id, fan id, when they first spoke) for all there are: for an operator, never for a turn."""
        return await self._database.read(talks.fans)

    async def words(self, fan_id: str, *, persona_id: str | None = None) -> list[str]:
        """Everything a fan said, and what was concluded from it: what must not be found after forgetting them."""
        return await self._database.read(erasure.words_of, fan_id, persona_id)

    async def left(self, fan_id: str, *, persona_id: str | None = None) -> int:
        """How many rows of a fan there are."""
        return await self._database.read(erasure.left, fan_id, persona_id)
