"""A process that remembers and reflects until it is killed, and says what it was told is safe; run by `test_killed`."""

import asyncio
import faulthandler
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from memory.chroma_store import ChromaStore
from memory.journal import Journal
from memory.memory import Memory
from memory.record import Record
from memory.reflection import Reflection
from memory.scope import Scope
from personas import Place, Utterance
from serving import ChatMessage
from serving.testing import HashingEncoder, ScriptedEngine
from tests.memory.builders import NOON, turn

FANS = ("web:kim", "web:lee")


async def write(folder: Path, life: int) -> None:
    """Two fans talk in turn; every line printed is a promise."""
    encoder = HashingEncoder(16)
    async with await Journal.in_folder(folder) as journal:
        store = ChromaStore(folder / "memories", encoder=encoder.name, open_at_most=1)
        async with Memory(journal, store, encoder, folder=folder, reads_after=0.02) as memory:
            numbers = random.Random(life)
            leaf = {fan: await end_of_talk(journal, fan) for fan in FANS}
            for number in range(10_000):
                fan = numbers.choice(FANS)
                scope = Scope("mika", fan, place_of(fan))
                at = NOON + timedelta(days=life, minutes=number)
                heard = Utterance(f"{life}-{number}", fan, fan, scope.place, f"line {life} {number}", at)
                begun = turn(heard, id=f"t{life}-{number}", after=leaf[fan])
                await journal.hear(heard, persona_id="mika")
                promise("heard", heard.id)
                await journal.begin(begun)
                await journal.finish(replace(begun, said=f"reply {number}", outcome="answered"))
                promise("answered", begun.id)
                leaf[fan] = begun.id
                await memory.remember(scope, [heard])
                promise("remembered", heard.id)
                if number % 4 == 3:
                    fact = Record(f"f{life}-{number}", f"fact {number}", fan, fan, scope.place, "private", at, "fact")
                    await memory.state(scope, [replace(fact, sources=(heard.id,))])
                    promise("stated", fact.id)
                if number % 7 == 6:
                    await think(journal, memory, scope, at + timedelta(hours=2))


async def think(journal: Journal, memory: Memory, scope: Scope, now: datetime) -> None:
    """Reflect on all that was said; every line of a fan becomes a fact, promised once the reflection is done."""
    engine = ScriptedEngine(concluded)
    reflection = Reflection(engine, journal, memory, HashingEncoder(16), tokens_a_day=10**9, now=lambda: now)
    await reflection.reflect(scope)
    for record in await journal.memories(scope.persona_id, scope.fan_id):
        if record.id.startswith("fact:"):
            promise("thought", record.id)


def concluded(prompt: Sequence[ChatMessage]) -> str:
    """What a model would answer that takes every line for a fact."""
    own = [line for line in json.loads(prompt[1].content)["lines"] if "fan" in line]
    facts = [{"text": line["says"], "slot": "line", "lines": [line["fan"]], "replaces": []} for line in own[:24]]
    return json.dumps({"facts": facts, "summary": ""})


async def end_of_talk(journal: Journal, fan: str) -> str | None:
    """Where the life before broke off."""
    turns = await journal.path(place_of(fan), "mika", limit=1)
    return turns[0].id if turns else None


def place_of(fan: str) -> Place:
    """Where a fan talks."""
    return Place(f"web:talk of {fan}")


def promise(what: str, of: str) -> None:
    print(what, of, flush=True)


if __name__ == "__main__":
    faulthandler.dump_traceback_later(100)  # whoever waits for a promise gives up after 120 s; say where it hung
    asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2])))
