"""Puts what was heard to a ranking as questions, and brings back what comes to mind."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from memory.lexical_kin import EnglishKin
from memory.questions import read
from memory.ranking import Ranking
from memory.ranking_tokens import Sketcher
from memory.recall import Measure, brought_back, merged, questions_in, select
from memory.recall_opening import on_coming_back
from memory.record import Record
from memory.scope import Scope
from personas import Recollection, Utterance, persona_speaker
from serving import Encoder


class Recollecting:
    """Makes the rankings and asks them; `called` gives a persona's name."""

    def __init__(self, encoder: Encoder, *, called: Callable[[str], str] = str) -> None:
        self._encoder = encoder
        self._sketcher = Sketcher(encoder)
        self._called = called
        self._kin = EnglishKin()

    def blank(self) -> Ranking:
        """A ranking with nothing in it yet."""
        return Ranking(self._encoder.dim, self._kin)

    async def recall(
        self,
        ranking: Ranking,
        scope: Scope,
        heard: Sequence[Utterance],
        *,
        measure: Measure,
        now: datetime,
        besides: Collection[str],
    ) -> tuple[Recollection, ...]:
        """What comes to mind at what this fan just said, but for those words themselves, best first."""
        mine = [said for said in heard if said.speaker_id == scope.fan_id]
        text = "\n".join(said.text for said in mine)
        if not text.strip() or not len(ranking):
            return ()
        persona = persona_speaker(scope.persona_id)
        names = {self._called(scope.persona_id): persona, mine[-1].speaker_name: scope.fan_id}
        questions = [
            read(asked, asked_on=now.date(), fan=scope.fan_id, persona=persona, names=names)
            for asked in questions_in(text)
        ]
        vectors, sketches = await self._sketcher.read([question.bare for question in questions])
        ranked = merged(
            ranking.rank(asked, vector, sketch=sketch)
            for asked, vector, sketch in zip(questions, vectors, sketches, strict=True)
        )
        present = {said.id for said in heard} | set(besides)
        chosen = select(ranked, questions[0], persona=persona, now=now, present=present, measure=measure)
        found = {one.record.id: brought_back(one) for one in chosen}
        called = self._called(scope.persona_id)
        for one in on_coming_back(ranking, fan=scope.fan_id, persona=persona, called=called, now=now, present=present):
            found.setdefault(one.id, one)
        return tuple(found.values())[: measure.limit]


def shown(record: Record) -> Recollection:
    """A record for somebody who looks at all there are: in its own words, neither scored nor dated."""
    source = record.sources[0] if record.sources else ""
    return Recollection(
        record.id, record.text, record.speaker_name, record.at, score=0.0, kind=record.kind, source=source
    )
