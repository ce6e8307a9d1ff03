"""Which lore comes to mind at a cue: by the engine's window, by nearness, and for the past by what was recorded."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bots.cue import Cue
from bots.lore import lore_at
from bots.testing import MIKA
from memory import Turn
from personas import LoreNote, Persona, Place, Utterance
from serving import EngineAway

PLACE = Place("web:t")


class PlainKeeper:
    """Notes what it was asked with; has one vectorised entry."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.asked: list[tuple[int | None, Collection[str] | None]] = []

    def notes(
        self,
        persona: Persona,
        history: Sequence[Utterance],
        heard: Sequence[Utterance],
        *,
        window: int | None,
        near: Collection[str] | None,
    ) -> tuple[LoreNote, ...]:
        self.asked.append((window, near))
        return ()

    def vectorized(self, persona: Persona) -> Mapping[str, str]:
        return self.texts


class Nearness:
    """Everything is near; remembers the words it was compared with."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.words: list[str] = []
        self.failure = failure

    async def __call__(self, persona_id: str, texts: Mapping[str, str], words: str) -> frozenset[str]:
        self.words.append(words)
        if self.failure:
            raise self.failure
        return frozenset(texts)


def cue(*said: str, lore: tuple[str, ...] = ()) -> Cue:
    told = tuple(Utterance(str(n), "web:kim", "Kim", PLACE, text, datetime.now(UTC)) for n, text in enumerate(said))
    turn = Turn("t", None, "mika", MIKA.version, PLACE, told[-1:], datetime.now(UTC))
    return replace(Cue(turn, MIKA), turn=replace(turn, lore=lore), history=told[:-1])


async def test_the_last_two_messages_are_compared_and_the_window_is_handed_on() -> None:
    keeper, near = PlainKeeper(ferry="At noon."), Nearness()

    await lore_at(keeper, near)(cue("one", "two", "three"), 4096)

    assert near.words == ["two\nthree"]
    assert keeper.asked == [(4096, {"ferry"})]


async def test_nothing_is_encoded_for_a_persona_without_vectorised_lore() -> None:
    keeper, near = PlainKeeper(), Nearness()

    await lore_at(keeper, near)(cue("one"), 4096)

    assert near.words == []


async def test_a_past_turn_has_the_lore_that_was_recorded() -> None:
    keeper, near = PlainKeeper(ferry="At noon."), Nearness()

    await lore_at(keeper, near)(cue("one", lore=("mill",)), None)

    assert near.words == []
    assert keeper.asked == [(None, {"mill"})]


async def test_an_encoder_that_is_away_leaves_the_entries_to_their_keys() -> None:
    keeper = PlainKeeper(ferry="At noon.")

    await lore_at(keeper, Nearness(EngineAway("gone")))(cue("one"), 4096)

    assert keeper.asked == [(4096, None)]
