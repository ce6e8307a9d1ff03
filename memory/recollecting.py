"""Puts what was heard to a ranking as questions, and brings back what comes to mind."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from memory.lexical_kin_east import EveryKin
from memory.questions import Question, read
from memory.ranking import Ranking
from memory.ranking_tokens import Sketch, Sketcher
from memory.recall import Measure, brought_back, merged, questions_in, select
from memory.recall_opening import on_coming_back
from memory.record import Record
from memory.reranking import reranked
from memory.scope import Scope
from memory.tuning import Tuning
from personas import Recollection, Utterance, persona_speaker
from serving import Encoder, Vectors


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its vector, shape (dim,), and the sketch of its pieces, if the encoder makes one."""

    question: Question
    vector: Vectors
    sketch: Sketch | None = None


UNTUNED = Tuning()


class Recollecting:
    """Makes the rankings and asks them; `called` gives a persona's name."""

    def __init__(self, encoder: Encoder, *, called: Callable[[str], str] = str, tuning: Tuning = UNTUNED) -> None:
        self._encoder = encoder
        self._tuning = tuning
        self._sketcher = Sketcher(encoder)
        self._called = called
        self._kin = EveryKin()

    def blank(self) -> Ranking:
        """A ranking with nothing in it yet."""
        tuning = self._tuning
        return Ranking(self._encoder.dim, self._kin, tuning.reads, tuning.slope, tuning.offset)

    async def read(self, scope: Scope, heard: Sequence[Utterance], *, now: datetime) -> list[Asked]:
        """What this fan just said as questions, encoded; none where they said nothing."""
        mine = [said for said in heard if said.speaker_id == scope.fan_id]
        text = "\n".join(said.text for said in mine)
        if not text.strip():
            return []
        persona = persona_speaker(scope.persona_id)
        names = {self._called(scope.persona_id): persona, mine[-1].speaker_name: scope.fan_id}
        questions = [
            read(asked, asked_on=now.date(), fan=scope.fan_id, persona=persona, names=names)
            for asked in questions_in(text)
        ]
        vectors, sketches = await self._sketcher.ask([question.bare for question in questions])
        return [Asked(*one) for one in zip(questions, vectors, sketches, strict=True)]

    async def recall(
        self,
        ranking: Ranking,
        scope: Scope,
        asked: Sequence[Asked],
        *,
        measure: Measure,
        now: datetime,
        last_said_at: datetime | None,
        present: Collection[str],
    ) -> tuple[Recollection, ...]:
        """What comes to mind at what this fan just said, best first; `present`: ids that the prompt shows anyway."""
        if not asked or not len(ranking):
            return ()
        persona = persona_speaker(scope.persona_id)
        ranked = merged(ranking.rank(one.question, one.vector, sketch=one.sketch) for one in asked)
        if self._tuning.reranker is not None:
            ranked = await reranked(ranked, asked[0].question, self._tuning.reranker, self._tuning.candidates)
        chosen = select(ranked, asked[0].question, persona=persona, now=now, present=present, measure=measure)
        found = {one.record.id: brought_back(one) for one in chosen}
        called = self._called(scope.persona_id)
        back = on_coming_back(
            ranking,
            fan=scope.fan_id,
            persona=persona,
            called=called,
            now=now,
            last_said_at=last_said_at,
            present=present,
        )
        for one in back:
            found.setdefault(one.id, one)
        return tuple(found.values())[: measure.limit]


def shown(record: Record) -> Recollection:
    """A record for somebody who looks at all there are: in its own words, neither scored nor dated."""
    source = record.sources[0] if record.sources else ""
    return Recollection(
        record.id, record.text, record.speaker_name, record.at, score=0.0, kind=record.kind, source=source
    )
