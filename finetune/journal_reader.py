"""Reads what happened on stage as conversations: only what `memory`'s lessons let through, and masked before it leaves.

Each turn's prompt is put together as it was when the turn was answered (history, recollections, lore) and put into
words for the persona as she is now. Talks are cut into blocks at silences; no prompt reaches over the edge of its
block, so that nothing learnt stands in what is held out.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from finetune.conversation import Conversation
from finetune.masking import masked
from finetune.masking_names import names_in, stand_ins
from memory import Lesson, Turn
from personas import LoreNote, Persona, Recollection, Scene, Utterance, is_private, persona_speaker, spelled

SILENCE = timedelta(minutes=30)
MOST_TURNS = 24  # of one block


class Lore(Protocol):
    """What of a persona's lore came to mind when she answered `heard`; `near` are the entries that her turn names."""

    def __call__(
        self, persona: Persona, history: Sequence[Utterance], heard: Sequence[Utterance], *, near: Collection[str]
    ) -> tuple[LoreNote, ...]: ...


def no_lore(
    persona: Persona, history: Sequence[Utterance], heard: Sequence[Utterance], *, near: Collection[str]
) -> tuple[LoreNote, ...]:
    """For a persona without lorebooks."""
    return ()


@dataclass(frozen=True, slots=True)
class Staged:
    """Makes conversations of a persona's lessons."""

    persona: Persona
    lore: Lore = no_lore

    def conversations(self, talks: Iterable[Sequence[Lesson]]) -> Iterator[Conversation]:
        """One for each lesson that nobody put a thumb down on."""
        for lessons in talks:
            known, begins = self.names(lessons[-1]), beginnings(lessons[-1])
            for lesson in lessons:
                if lesson.thumb != "down":
                    yield self.conversation(lesson, begins[lesson.turn.id], known)

    def one(self, lesson: Lesson) -> Conversation:
        """A lesson by itself, in the same block as among the others of its talk."""
        return self.conversation(lesson, beginnings(lesson)[lesson.turn.id], self.names(lesson))

    def conversation(self, lesson: Lesson, first: Turn, known: Mapping[str, str]) -> Conversation:
        """A lesson as something to learn, back to the first turn of its block."""
        scene = self.scene(lesson, first, known)
        return Conversation((), masked(lesson.turn.said or "", known), block_name(first), "journal", scene)

    def scene(self, lesson: Lesson, first: Turn, known: Mapping[str, str]) -> Scene:
        """What the persona had in mind, with names exchanged and numbers masked."""
        turn = lesson.turn
        before = [one for one in lesson.before if one.began_at >= first.began_at]
        history = [*self._greeting(lesson, first), *(said for one in before for said in self._said_in(one))]
        lore = [note for note in self.lore(self.persona, history, turn.heard, near=turn.lore) if note.id in turn.lore]
        return Scene(
            persona=self.persona,
            place=turn.place,
            heard=tuple(unknown(said, known) for said in turn.heard),
            history=tuple(unknown(said, known) for said in history),
            recollections=tuple(half_remembered(one, known) for one in turn.recalled),
            lore=tuple(replace(note, text=masked(note.text, known)) for note in lore),
            now=turn.began_at.astimezone(),
        )

    def names(self, last: Lesson) -> Mapping[str, str]:
        """Whoever a talk names until its last lesson, and who stands in for them."""
        turns = (*last.before, last.turn)
        said = [one for turn in turns for one in turn.heard]
        recalled = [one for turn in turns for one in turn.recalled]
        texts = [*(one.text for one in said), *(one.text for one in recalled), *(turn.said or "" for turn in turns)]
        nicknames = {one.speaker_name for one in said} | {one.speaker_name for one in recalled}
        told = {name for name in names_in(texts) if name not in self._own_words}
        return stand_ins(nicknames | told, spared=(self.persona.name,), salt=turns[0].id)

    @property
    def _own_words(self) -> set[str]:
        """Whoever is named in the persona's file belongs to her story, and is nobody's secret."""
        return set(re.findall(r"\w[\w'’-]+", self.persona.model_dump_json()))

    def _greeting(self, lesson: Lesson, first: Turn) -> list[Utterance]:
        """What a private talk opened with, if the block reaches back to its beginning."""
        if first.after is not None or not is_private(first.place) or not self.persona.greeting:
            return []
        words = spelled(self.persona, user=first.heard[-1].speaker_name).greeting
        return [self._own(first, words)]

    def _said_in(self, turn: Turn) -> tuple[Utterance, ...]:
        return (*turn.heard, self._own(turn, turn.said)) if turn.said else turn.heard

    def _own(self, turn: Turn, words: str) -> Utterance:
        speaker = persona_speaker(self.persona.id)
        return Utterance(f"{turn.id}:said", speaker, self.persona.name, turn.place, words, turn.began_at)


def beginnings(last: Lesson) -> dict[str, Turn]:
    """For each turn of a talk the first one of its block: a new one begins where nobody spoke for long, or when full.

    It goes forward from the talk's first turn, so a longer talk cuts its beginning in the same places.
    """
    begins: dict[str, Turn] = {}
    first, before, count = last.talk[0], last.talk[0], 0
    for turn in (*last.before, last.turn):
        if count == MOST_TURNS or turn.began_at - before.began_at > SILENCE:
            first, count = turn, 0
        begins[turn.id], before, count = first, turn, count + 1
    return begins


def block_name(first: Turn) -> str:
    """What a block is split by: says nothing of whose it is."""
    return f"journal/{hashlib.sha256(f'{first.place}|{first.id}'.encode()).hexdigest()[:16]}"


def unknown(said: Utterance, known: Mapping[str, str]) -> Utterance:
    """Something said, by somebody nobody knows."""
    name = known.get(said.speaker_name.strip(), said.speaker_name)
    return replace(said, speaker_name=masked(name, known), text=masked(said.text, known))


def half_remembered(one: Recollection, known: Mapping[str, str]) -> Recollection:
    """A recollection that names nobody; the persona's own documents are left as they are."""
    if one.kind == "knowledge":
        return one
    return replace(one, speaker_name=masked(one.speaker_name, known), text=masked(one.text, known))
