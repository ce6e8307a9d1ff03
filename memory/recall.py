"""From a ranking to what comes to mind: few things, sure enough, no two alike, and nobody's words taken for another's.

What the persona said itself comes back only when it is asked about itself ("what did you promise?"), so that its own
words never pass for facts about a fan; its promises come back whenever they fit. What a newer fact replaced stays away.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memory.dates import dated
from memory.languages import length
from memory.questions import Question, is_question
from memory.ranking import Ranked
from memory.record import Record
from personas import Recollection

SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
MOST_QUESTIONS = 3  # each costs an encoding


@dataclass(frozen=True, slots=True)
class Measure:
    """How much may come to mind: at most `limit` recollections with at most `words` words together (an East Asian
    character counts half a word), none less sure than `unsure`, none older than `since`, no two with a cosine above
    `alike`.
    """

    limit: int = 12
    words: int = 260
    unsure: float = 0.1
    since: datetime | None = None
    alike: float = 0.93


def questions_in(text: str) -> list[str]:
    """What a message asks: all of it at once and, where it says more than one thing, its last questions one by one."""
    sentences = [found.strip() for found in SENTENCE.findall(text) if found.strip()]
    asked = [one for one in sentences if is_question(one)] if len(sentences) > 1 else []
    return [text, *asked[-(MOST_QUESTIONS - 1) :]]


def merged(rankings: Iterable[Sequence[Ranked]]) -> list[Ranked]:
    """Several rankings as one: each record with the best score and confidence it got anywhere, best first."""
    best: dict[str, Ranked] = {}
    for one in (ranked for ranking in rankings for ranked in ranking):
        known = best.get(one.record.id, one)
        surer = max(one.confidence, known.confidence)
        best[one.record.id] = replace(max(one, known, key=lambda ranked: ranked.score), confidence=surer)
    return sorted(best.values(), key=lambda ranked: -ranked.score)


def select(
    ranked: Sequence[Ranked],
    question: Question,
    *,
    persona: str,
    now: datetime,
    present: Collection[str] = (),
    measure: Measure | None = None,
) -> list[Ranked]:
    """What of a ranking comes to mind, best first. `present`: ids the prompt shows anyway; `persona`: a speaker id."""
    away = {*present, *outdated([one.record for one in ranked])}
    fit = (one for one in ranked if one.record.id not in away and fits(one.record, question, persona, now))
    measure = measure or Measure()
    sure = (one for one in fit if one.confidence >= measure.unsure and young(one.record, measure.since))
    return list(within(measure, different(sure, measure.alike)))


def fits(record: Record, question: Question, persona: str, now: datetime) -> bool:
    """Whether a record holds now, and isn't the persona's own talk where the fan's is wanted."""
    if record.superseded_by or (record.valid_to and record.valid_to <= now):
        return False
    own_talk = record.speaker_id == persona and record.kind == "utterance"
    return not own_talk or question.about == persona


def young(record: Record, since: datetime | None) -> bool:
    """Whether a record is of a time that may still be remembered."""
    return since is None or record.at >= since


def outdated(records: Iterable[Record]) -> set[str]:
    """Ids of the lines from which nothing follows any more: every fact that rests on them was replaced."""
    facts = [record for record in records if record.kind == "fact"]
    holding = {source for fact in facts if not fact.superseded_by for source in fact.sources}
    return {source for fact in facts if fact.superseded_by for source in fact.sources} - holding


def different(ranked: Iterable[Ranked], alike: float) -> Iterator[Ranked]:
    """Without those that say again what a better one said: nearly the same vector, or the same single source."""
    chosen: list[Record] = []
    for one in ranked:
        if not any(repeats(one.record, other, alike) for other in chosen):
            chosen.append(one.record)
            yield one


def repeats(record: Record, other: Record, alike: float) -> bool:
    """Whether two records tell the same. Numbers make a difference that vectors hardly see."""
    if record.sources == other.sources and record.kind != other.kind and len(record.sources) == 1:
        return True
    if record.vector is None or other.vector is None or float(record.vector @ other.vector) <= alike:
        return False
    return numbers(record.text) == numbers(other.text)


def numbers(text: str) -> list[str]:
    """Every number in a text."""
    return re.findall(r"\d+", text)


def within(measure: Measure, ranked: Iterable[Ranked]) -> Iterator[Ranked]:
    """As many as the measure allows; one that is too long leaves room for shorter ones after it."""
    left, found = float(measure.words), 0
    for one in ranked:
        if found == measure.limit:
            return
        words = length(one.record.text)
        if words <= left:
            left, found = left - words, found + 1
            yield one


def brought_back(one: Ranked) -> Recollection:
    """A ranked record as it comes to mind, with the days that its "yesterday" meant."""
    record = one.record
    return Recollection(
        id=record.id,
        text=dated(record.text, record.at.date()),
        speaker_name=record.speaker_name,
        at=record.at,
        score=one.score,
        confidence=one.confidence,
        kind=record.kind,
        source=record.sources[0] if record.sources else "",
        speaker_id=record.speaker_id,
    )
