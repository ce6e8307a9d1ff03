"""Plugs the project's own memory into the LoCoMo measuring stick: `--system benchmarks.locomo:make_memory`.

Nothing here ranks: records, vectors, questions and ranking are the ones that answer fans. The first of the two
speakers is taken for the fan and the second for the persona, so that questions in the first person work as well.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from threadpoolctl import threadpool_limits

from memory.lexical_kin_east import EveryKin
from memory.questions import Question, read
from memory.ranking import Ranking
from memory.ranking_tokens import Sketcher
from memory.ranking_vectors import in_place
from memory.record import Record
from personas import Place
from serving.embedding import Encoder, OnnxEncoder


class SaidTurn(Protocol):
    """A turn as the measuring stick hands it over."""

    dia_id: str
    session: int
    index: int
    speaker: str
    text: str
    when: str


class Conversation(Protocol):
    """A conversation as the measuring stick hands it over."""

    speakers: tuple[str, str]
    turns: list[SaidTurn]


Retrieve = Callable[[str, int], list[str]]
FAN, PERSONA = "fan", "persona:other"
threadpool_limits(1, user_api="blas")  # as in an open house (memory/opening.py)


def make_memory(conversation: Conversation) -> Retrieve:
    """Remembers all turns; returns the function that finds them again."""
    return Recaller(conversation, OnnxEncoder.default()).retrieve


def make_memory_of_a_fan(conversation: Conversation) -> Retrieve:
    """The same, asked as fans ask: whoever a question names first asks it of the other, as "I" and "you"."""
    recaller = Recaller(conversation, OnnxEncoder.default())
    return recaller.retrieve_in_first_person


class Recaller:
    """One conversation in a ranking of its own, with an event loop for the encoder."""

    def __init__(self, conversation: Conversation, encoder: Encoder) -> None:
        # not `Runner.run`: Python 3.11 puts a task's whole result into words for each, ten milliseconds a question
        self._run = asyncio.Runner().get_loop().run_until_complete
        self._names = dict(zip(conversation.speakers, (FAN, PERSONA), strict=True))
        records = [as_record(turn, self._names) for turn in conversation.turns]
        self._sketcher = Sketcher(encoder)
        self._asked_on = records[-1].at.date()
        self._ranking = Ranking(encoder.dim, kin=EveryKin())
        self._ranking.add(*self._run(in_place(self._sketcher, records)))

    def retrieve(self, question: str, k: int) -> list[str]:
        """The ids of the `k` likeliest turns, best first."""
        return self._find(read(question, asked_on=self._asked_on, fan=FAN, persona=PERSONA, names=self._names), k)

    def retrieve_in_first_person(self, question: str, k: int) -> list[str]:
        """The same for the question with pronouns in place of the names."""
        named = [name for name in self._names if re.search(rf"\b{name}\b", question)]
        asker = min(named, key=question.index, default=next(iter(self._names)))
        (other,) = self._names.keys() - {asker}
        text = in_pronouns(in_pronouns(question, asker, "I", "my"), other, "you", "your")
        fan, persona = self._names[asker], self._names[other]
        return self._find(read(text, asked_on=self._asked_on, fan=fan, persona=persona, names={}), k)

    def _find(self, asked: Question, k: int) -> list[str]:
        (vector,), (sketch,) = self._run(self._sketcher.ask([asked.bare]))
        return [found.record.id for found in self._ranking.rank(asked, vector, limit=k, sketch=sketch)]


def in_pronouns(text: str, name: str, subject: str, owner: str) -> str:
    """The text with a name's pronouns in its place."""
    return re.sub(rf"\b{name}\b", subject, re.sub(rf"\b{name}['’]s\b", owner, text))


def as_record(turn: SaidTurn, names: dict[str, str]) -> Record:
    """A turn as the store keeps it, without its vector."""
    return Record(
        id=turn.dia_id,
        text=turn.text,
        speaker_id=names[turn.speaker],
        speaker_name=turn.speaker,
        place=Place("web:locomo"),
        audience="private",
        at=moment(turn.when),
        sources=(turn.dia_id,),
        session=str(turn.session),
        order=turn.index,
    )


def moment(written: str) -> datetime:
    """The time of a session as the data set writes it: "1:56 pm on 8 May, 2023"."""
    return datetime.strptime(written.replace(",", ""), "%I:%M %p on %d %B %Y").replace(tzinfo=UTC)
