"""Nobody is told what was said to somebody else: canaries in every place, and every way to ask for them."""

import inspect
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from memory.acquaintances import Acquaintances
from memory.chroma_rows import hashed
from memory.chroma_server import ChromaServer
from memory.chroma_store import ChromaStore
from memory.journal import Journal
from memory.memory import Memory
from memory.record import Store
from memory.scope import Scope
from memory.testing import StoreInRam
from personas import Place, audience_of, is_private
from serving.testing import HashingEncoder
from tests.memory.builders import said, take, turn

CANARY = re.compile(r"canary\d{6}")
WORDS = ("password", "birthday", "sister", "cat", "song", "job")


@dataclass(frozen=True)
class Canary:
    """A word that only one fan said to one persona in one place."""

    scope: Scope
    word: str

    def may_be_heard_in(self, other: Scope) -> bool:
        same = (self.scope.persona_id, self.scope.fan_id) == (other.persona_id, other.fan_id)
        return same and audience_of(self.scope.place) == audience_of(other.place)


def places_of(fan: int, number: int) -> Iterator[Place]:
    """Half of them private, half in a handful of guilds that all fans share."""
    for place in range(number):
        shared = f"discord:guild-{place % 5}/channel-{place}"
        private = f"discord:dm/fan-{fan}-{place}"
        yield Place(private if place % 2 else shared)


async def sow(journal: Journal, *, fans: int, places: int, personas: int) -> dict[str, Canary]:
    """Every fan tells every persona something in every place."""
    canaries: dict[str, Canary] = {}
    leaf: dict[tuple[str, Place], str] = {}
    for fan in range(fans):
        for persona in range(personas):
            for place in places_of(fan, places):
                scope = Scope(f"persona-{persona}", f"discord:{fan}", place)
                word = f"canary{len(canaries):06d}"
                text = f"My {WORDS[len(canaries) % len(WORDS)]} is {word}, don't tell."
                heard = said(text, by=scope.fan_id, place=place, minutes=len(canaries), name=f"Fan {fan}")
                begun = turn(heard, persona=scope.persona_id, after=leaf.get((scope.persona_id, place)))
                done = await take(journal, begun, f"I keep {word} to myself.")
                leaf[scope.persona_id, place] = done.id
                canaries[word] = Canary(scope, word)
    return canaries


async def everything_heard(memory: Memory, journal: Journal, scope: Scope, question: str) -> str:
    """What comes back by every way there is to ask in a scope, as one text."""
    asked = said(question, by=scope.fan_id, place=scope.place, minutes=10**6)
    found: list[object] = [
        await memory.recall(scope, [asked], limit=50),
        await memory.search(scope, question, limit=50),
        await memory.show(scope),
        await journal.path(scope.place, scope.persona_id) if is_private(scope.place) else (),
        await journal.elsewhere(scope, limit=50),
        await journal.talks(scope.fan_id, scope.persona_id) if is_private(scope.place) else (),
    ]
    return repr(found)


async def leaks(
    folder: Path, store: Store, *, fans: int, places: int, personas: int, probes: int, in_ram: int
) -> list[str]:
    """Asks at random, often for another's canary by its own word, and lists what should not have come."""
    numbers = random.Random(fans)
    found: list[str] = []
    heard_own = 0
    async with await Journal.in_folder(folder) as journal:
        canaries = await sow(journal, fans=fans, places=places, personas=personas)
        async with Memory(journal, store, HashingEncoder(64), records_in_ram=in_ram) as memory:
            for _ in range(probes):
                asking, wanted = (numbers.choice(list(canaries.values())) for _ in range(2))
                answer = await everything_heard(memory, journal, asking.scope, f"my {wanted.word} password")
                heard = {canaries[word] for word in CANARY.findall(answer)}
                heard_own += asking in heard
                found += [f"{one} in {asking.scope}" for one in heard if not one.may_be_heard_in(asking.scope)]
    assert heard_own == probes, "who asks is told their own words, or this test proves nothing"
    return found


async def test_no_canary_is_heard_by_anybody_else(tmp_path: Path) -> None:
    found = await leaks(tmp_path, StoreInRam(), fans=5, places=4, personas=2, probes=120, in_ram=10**6)

    assert found == []


@pytest.mark.slow
async def test_no_canary_is_heard_by_anybody_else_out_of_chroma(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path / "memories", encoder="hashing-64", open_at_most=3)

    found = await leaks(tmp_path, store, fans=6, places=6, personas=2, probes=200, in_ram=40)

    assert found == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_ten_thousand_probes_of_fifty_fans_find_no_leak(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path / "memories", encoder="hashing-64")

    found = await leaks(tmp_path, store, fans=50, places=20, personas=3, probes=10_000, in_ram=2000)

    assert found == []


UNSCOPED_ON_PURPOSE = {
    "memories": "names persona and fan; the index is made from it, and Memory shows it by scope",
    "path": "names place and persona; whoever is there heard it",
    "turn": "names one turn, whose owner can be asked for",
    "siblings": "names one turn, whose owner can be asked for",
    "overheard": "names place and persona; whoever is there heard it",
    "hearing": "gives turns that heard what its asker said",
    "saying": "names place and persona; whoever is there heard it",
    "standing": "gives back some of the words it was given",
    "in_line": "names place and persona; whoever is there heard it",
    "waiting": "an operator's list after a crash; answered to whoever said it, where they said it",
    "unanswered": "an operator's list after a crash; answered to whoever said it, where they said it",
    "export": "names the fan",
    "words": "names the fan",
    "talks": "names the fan",
    "talk": "names place and persona",
    "new_talk": "names place, persona and fan",
}
TELLING = ("Record", "Recollection", "Turn", "Utterance", "Talk", "dict[str, list", "list[str]")


@pytest.mark.parametrize("keeper", [Memory, Acquaintances, ChromaServer, ChromaStore, StoreInRam, Store, Journal])
def test_whatever_returns_words_asks_whose_they_are(keeper: type) -> None:
    for name, call in inspect.getmembers(keeper, inspect.isfunction):
        if name.startswith("_"):
            continue
        signature = inspect.signature(call)
        tells = any(kind in str(signature.return_annotation) for kind in TELLING)
        scoped = any("Scope" in str(parameter.annotation) for parameter in signature.parameters.values())

        assert not tells or scoped or (keeper is Journal and name in UNSCOPED_ON_PURPOSE), f"{keeper.__name__}.{name}"


@pytest.mark.parametrize(
    "call", ["recall", "remember", "show", "search", "correct", "forget", "count", "sync", "state"]
)
async def test_a_call_without_a_scope_is_a_type_error(call: str) -> None:
    async with await Journal.open("sqlite://") as journal, Memory(journal, StoreInRam(), HashingEncoder()) as memory:
        with pytest.raises(TypeError):
            await getattr(memory, call)()


@pytest.mark.parametrize("missing", [("", "f", "web:1"), ("p", "", "web:1"), ("p", "f", "")])
def test_a_scope_that_names_nobody_cannot_be_made(missing: tuple[str, str, str]) -> None:
    persona, fan, place = missing

    with pytest.raises(ValueError, match="names"):
        Scope(persona, fan, Place(place))


async def test_a_store_that_mixes_two_fans_up_is_believed_by_nobody(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path, encoder="hashing-64")
    kim, lee = Scope("mika", "web:kim", Place("web:1")), Scope("mika", "web:lee", Place("web:2"))
    async with await Journal.open("sqlite://") as journal, Memory(journal, store, HashingEncoder(64)) as memory:
        await memory.remember(kim, [said("kim's secret", place=kim.place)])
    (tmp_path / folder(kim)).rename(tmp_path / folder(lee))

    again = ChromaStore(tmp_path, encoder="hashing-64")
    async with await Journal.open("sqlite://") as journal, Memory(journal, again, HashingEncoder(64)) as memory:
        with pytest.raises(Exception, match="somebody else"):
            await memory.recall(lee, [said("secret", by="web:lee", place=lee.place)])
        with pytest.raises(Exception, match="somebody else"):
            await again.nearest(lee, np.ones(64, dtype=np.float32) / 8, 3)


def folder(scope: Scope) -> str:
    return f"{hashed(scope.persona_id)}/{hashed(scope.fan_id)}"
