"""Moves a house from one encoder's index to another's, fan by fan, while everybody talks on.

Until a fan's new index is whole, they are answered from the old one, and what they say goes there; then this fan's old
one is emptied. A move that is broken off goes on where it was: whoever has nothing left in the old index has moved.
"""

from collections.abc import AsyncIterator

from memory.acquaintances import pair
from memory.index import Index
from memory.journal import Journal
from memory.one_at_a_time import OneAtATime, Pair
from memory.scope import Scope, backstage


class Moving:
    """Says which index answers for a fan. Whoever erases for good holds `locks(scope)`, so that no move is half way."""

    def __init__(self, old: Index, new: Index) -> None:
        self._old = old
        self._new = new
        self._moved: set[Pair] = set()

    async def index(self, scope: Scope) -> Index:
        """The one that answers for a fan now."""
        if pair(scope) in self._moved:
            return self._new
        if await self._old.store.count(scope):
            return self._old
        self._moved.add(pair(scope))
        return self._new

    async def move_all(self, journal: Journal, turns: OneAtATime) -> AsyncIterator[tuple[int, int]]:
        """(fans done, fans there are), again and again until all have moved."""
        fans = await journal.fans()
        for number, (persona_id, fan_id, _) in enumerate(fans, 1):
            await self._move(backstage(persona_id, fan_id), turns)
            yield number, len(fans)

    async def _move(self, scope: Scope, turns: OneAtATime) -> None:
        """The long part beside the fan's talk, the short one between two of their words."""
        async with turns.alone(moving(pair(scope))):
            if await self.index(scope) is self._new:
                return
            await self._new.known.meet(scope)
            async with turns.alone(pair(scope)):
                await self._new.known.follow(scope)
                self._moved.add(pair(scope))
                await self._old.known.part(scope)
                await self._old.store.replace(scope, [])

    async def erase(self, persona_id: str | None, fan_id: str) -> int:
        """Remove a fan from both; how many memories went from the one that answered."""
        gone = [await index.store.erase(persona_id, fan_id) for index in (self._old, self._new)]
        return max(gone)

    def lose(self, persona_id: str, fan_id: str) -> None:
        """Let go of a fan in RAM."""
        for index in (self._old, self._new):
            index.known.lose(persona_id, fan_id)

    async def aclose(self) -> None:
        """Close the old index; the new one belongs to the house."""
        await self._old.aclose()


def moving(of: Pair) -> Pair:
    """The lock that is held while a fan moves; it sorts before every fan's own."""
    return f"\x00{of[0]}", of[1]
