"""How well memory answers first-person questions in English, Chinese and Japanese: `python -m benchmarks.recall_sets`.

The chats and questions of tests/data/recall_*.jsonl were written for this, by hand. Each file is one fan's year with a
persona: lines ({"id", "at", "by", "says"}) and, after the line that answers it, each question ({"asks", "kind"}).
Kinds: plain; persona (what did *you* promise?); when (the day must stand in what is recalled); update (the newer fact
must come before the stale one); never (nothing in memory answers it: told from the rest by the recall's confidence).
"""

import asyncio
import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from memory.dates import mentions
from memory.lexical_kin_east import EveryKin
from memory.questions import Question, read
from memory.ranking import Ranked, Ranking
from memory.ranking_tokens import Sketcher
from memory.ranking_vectors import in_place
from memory.recall import fits
from memory.record import Record
from personas import Place, persona_speaker
from serving.embedding import Encoder, OnnxEncoder

SETS = Path(__file__).parent.parent / "tests" / "data"
LANGUAGES = ("en", "zh", "ja")
FAN, PERSONA = "web:fan", persona_speaker("mika")
SILENCE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with the ids that answer it, the ids it must come before, and the day it must bring."""

    text: str
    kind: str
    answer: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    day: str = ""


@dataclass(slots=True)
class Figures:
    """What was measured over one kind of question."""

    ranks: list[int] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    sure: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        def recall(k: int) -> float:
            return statistics.fmean(rank < k for rank in self.ranks)

        line = f"n {len(self.sure):4d}"
        if self.ranks:
            mrr = statistics.fmean(1 / (rank + 1) for rank in self.ranks)
            line += f"  r@1 {recall(1):.3f}  r@5 {recall(5):.3f}  r@10 {recall(10):.3f}  MRR {mrr:.3f}"
        if self.right:
            line += f"  right {statistics.fmean(self.right):.3f}"
        return line


def load(language: str) -> tuple[list[Record], list[Asked]]:
    """The lines of a set as records without vectors, and its questions."""
    rows = [json.loads(line) for line in (SETS / f"recall_{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    return list(records(row for row in rows if "says" in row)), [asked(row) for row in rows if "asks" in row]


def records(rows: Iterator[dict[str, Any]]) -> Iterator[Record]:
    """Lines as the store keeps them."""
    before, session = None, ""
    for order, row in enumerate(rows):
        at = datetime.fromisoformat(row["at"])
        session = session if before and at - before <= SILENCE else row["at"]
        before = at
        yield Record(
            id=row["id"],
            text=row["says"],
            speaker_id=FAN if row["by"] == "fan" else PERSONA,
            speaker_name=row["by"],
            place=Place("web:set"),
            audience="private",
            at=at,
            sources=(row["id"],),
            session=session,
            order=order,
        )


def asked(row: dict[str, Any]) -> Asked:
    """One question of a file."""
    return Asked(
        row["asks"], row["kind"], frozenset(row.get("answer", ())), frozenset(row.get("stale", ())), row.get("day", "")
    )


class Fan:
    """One fan's year, ready to be asked."""

    def __init__(self, lines: Sequence[Record], ranking: Ranking, sketcher: Sketcher) -> None:
        self.lines, self.ranking, self._sketcher = lines, ranking, sketcher

    async def ask(self, text: str) -> list[Ranked]:
        """All that may answer, best first, the persona's own talk only where it is asked about."""
        now = self.lines[-1].at
        question: Question = read(text, asked_on=now.date(), fan=FAN, persona=PERSONA, names={})
        (vector,), (sketch,) = await self._sketcher.read([question.bare])
        ranked = self.ranking.rank(question, vector, limit=len(self.lines), sketch=sketch)
        return [one for one in ranked if fits(one.record, question, PERSONA, now)]


async def meet(language: str, encoder: Encoder) -> tuple[Fan, list[Asked]]:
    """The fan of a language, and what they ask."""
    lines, questions = load(language)
    sketcher = Sketcher(encoder)
    ranking = Ranking(encoder.dim, kin=EveryKin())
    ranking.add(*await in_place(sketcher, lines))
    return Fan(lines, ranking, sketcher), questions


async def measure(language: str, encoder: Encoder) -> dict[str, Figures]:
    """Figures by kind."""
    fan, questions = await meet(language, encoder)
    figures: dict[str, Figures] = defaultdict(Figures)
    for question in questions:
        judge(question, await fan.ask(question.text), figures[question.kind])
    return figures


def judge(question: Asked, ranked: Sequence[Ranked], figures: Figures) -> None:
    """Add one question's outcome to the figures of its kind."""
    figures.sure.append(max(one.confidence for one in ranked[:5]))
    place = {one.record.id: rank for rank, one in enumerate(ranked)}
    if not question.answer:
        return
    best = min((place[one] for one in question.answer if one in place), default=len(ranked))
    figures.ranks.append(best)
    if question.stale:
        figures.right.append(best < min(place[one] for one in question.stale))
    if question.day and best < len(ranked):
        figures.right.append(best < 10 and brings(ranked[best].record, question.day))


def brings(record: Record, day: str) -> bool:
    """Whether a recollection of the record names the day, month or year, be it as its own date."""
    spans = [mention.span for mention in mentions(record.text, record.at.date())]
    said = [f"{span.first.isoformat()}"[: len(day)] for span in spans] or [record.at.date().isoformat()[: len(day)]]
    return any(begins(span.first.isoformat(), span.last.isoformat(), day) for span in spans) or day in said


def begins(first: str, last: str, day: str) -> bool:
    """Whether a day ("2026-03-14"), month or year lies within."""
    return first[: len(day)] <= day <= last[: len(day)]


def area(told: Sequence[float], never: Sequence[float]) -> float:
    """The area under the curve: how often a told question gets more confidence than one never told."""
    wins: Callable[[float, float], float] = lambda a, b: float(a > b) + 0.5 * (a == b)  # noqa: E731
    return statistics.fmean(wins(a, b) for a in told for b in never)


async def main() -> None:
    """Measure and print."""
    encoder = OnnxEncoder.default()
    for language in LANGUAGES:
        figures = await measure(language, encoder)
        for kind, found in sorted(figures.items()):
            print(f"{language}  {kind:8s} {found}")
        told = [sure for kind, found in figures.items() if kind != "never" for sure in found.sure]
        print(f"{language}  never told from told: AUC {area(told, figures['never'].sure):.3f}")


if __name__ == "__main__":
    asyncio.run(main())
