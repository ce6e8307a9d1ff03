"""Questions in the first person over chats of our own, with the real encoder: figures may rise, and not fall."""

import statistics

import pytest

from benchmarks.recall_sets import Figures, area, load, measure
from serving.embedding import OnnxEncoder

# What `python -m benchmarks.recall_sets` printed, less a margin of two questions in a hundred.
FLOORS = {"en": 0.88, "zh": 0.94, "ja": 0.93}
UPDATE = {"en": 0.71, "zh": 0.93, "ja": 0.86}
DAY = {"en": 0.93, "zh": 0.95, "ja": 0.90}
NEVER = {"en": 0.76, "zh": 0.85, "ja": 0.79}


@pytest.mark.parametrize("language", FLOORS)
def test_every_question_has_its_answer_among_the_lines(language: str) -> None:
    lines, questions = load(language)

    ids = {line.id for line in lines}
    assert all(question.answer <= ids and question.stale <= ids for question in questions)
    assert all(bool(question.answer) == (question.kind != "never") for question in questions)
    assert len({question.text for question in questions}) == len(questions)


@pytest.mark.parametrize(("kind", "least"), [("plain", 150), ("update", 60), ("when", 60), ("never", 60)])
@pytest.mark.parametrize("language", FLOORS)
def test_each_language_asks_enough_of_every_kind(language: str, kind: str, least: int) -> None:
    _, questions = load(language)

    assert sum(question.kind == kind for question in questions) >= least


@pytest.mark.slow
@pytest.mark.parametrize("language", FLOORS)
async def test_what_a_fan_told_is_among_the_ten_likeliest(language: str) -> None:
    figures = await measure(language, OnnxEncoder.default())

    assert within(figures["plain"], 10) >= FLOORS[language]
    assert within(figures["when"], 10) >= 0.95
    assert statistics.fmean(figures["when"].right) >= DAY[language]
    assert within(figures["update"], 10) >= UPDATE[language]
    told = [sure for kind, found in figures.items() if kind != "never" for sure in found.sure]
    assert area(told, figures["never"].sure) >= NEVER[language]


def within(figures: Figures, most: int) -> float:
    """The share of questions whose answer stands among so many."""
    return sum(rank < most for rank in figures.ranks) / len(figures.ranks)
