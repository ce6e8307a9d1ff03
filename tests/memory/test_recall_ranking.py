"""The likeliest memory comes first, and fading goes the right way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.lexical import Floats, WordIndex
from memory.lexical_kin import EnglishKin
from memory.questions import Question, read
from memory.ranking import EVIDENCE, Ranking
from memory.ranking_decay import retention
from memory.ranking_vectors import turn_vectors
from memory.record import Record
from personas import Place
from serving.testing import HashingEncoder

FAN, PERSONA = "web:robin", "persona:mika"
START = datetime(2026, 3, 2, 19, tzinfo=UTC)
ENCODER = HashingEncoder(256)


def evidence_of(ranking: Ranking, question: Question) -> dict[str, Floats]:
    """What the words and days alone say for each record."""
    return ranking.evidence(question, np.zeros(256, dtype=np.float32), np.zeros(len(ranking)))


def line(number: int, text: str, *, by: str = FAN, days: float = 0, session: str = "one") -> Record:
    return Record(
        id=f"u{number}",
        text=text,
        speaker_id=by,
        speaker_name="Robin" if by == FAN else "Mika",
        place=Place("web:1"),
        audience="private",
        at=START + timedelta(days=days, minutes=number),
        sources=(f"u{number}",),
        session=session,
        order=number,
    )


async def ranking_of(lines: Sequence[Record]) -> Ranking:
    ranking = Ranking(ENCODER.dim, kin=EnglishKin())
    vectors = await turn_vectors(ENCODER, lines)
    ranking.add(*(replace(one, vector=row) for one, row in zip(lines, vectors, strict=True)))
    return ranking


async def found(ranking: Ranking, text: str, *, on: date = date(2026, 6, 1)) -> list[str]:
    question = question_of(text, on)
    (vector,) = await ENCODER.encode([question.bare])
    return [one.record.id for one in ranking.rank(question, vector)]


def question_of(text: str, on: date = date(2026, 6, 1)) -> Question:
    return read(text, asked_on=on, fan=FAN, persona=PERSONA, names={"Robin": FAN, "Mika": PERSONA})


async def test_a_line_that_shares_words_with_the_question_comes_first() -> None:
    lines = [line(1, "I bake bread"), line(2, "My boat is called Marigold"), line(3, "It rains a lot here")]

    assert (await found(await ranking_of(lines), "What is my boat called?"))[0] == "u2"


async def test_a_word_of_the_same_meaning_will_do() -> None:
    lines = [line(1, "We adopted a puppy in spring", session="a"), line(2, "We painted a wall in spring", session="b")]

    assert (await found(await ranking_of(lines), "Which pets do I have?"))[0] == "u1"


async def test_whoever_is_asked_about_goes_before_the_other() -> None:
    lines = [line(1, "I love jazz music", by=PERSONA, session="a"), line(2, "I love jazz music", session="b")]
    ranking = await ranking_of(lines)

    assert (await found(ranking, "What music do I love?"))[0] == "u2"
    assert (await found(ranking, "What music do you love?"))[0] == "u1"


async def test_an_answer_goes_before_the_question_it_answers() -> None:
    lines = [line(1, "Where did you grow up?", by=PERSONA), line(2, "In Sandwick, way up north")]

    assert (await found(await ranking_of(lines), "Where did I grow up?"))[0] == "u2"


async def test_what_was_said_in_the_month_asked_about_goes_first() -> None:
    lines = [line(n, "We had cake at the office", days=30 * n, session=str(n)) for n in range(3)]

    assert (await found(await ranking_of(lines), "Where did I have cake in April 2026?"))[0] == "u1"


async def test_a_line_that_says_yesterday_is_found_by_its_date() -> None:
    lines = [
        line(1, "The oven broke down yesterday", days=40, session="a"),
        line(2, "The oven broke down and was loud", days=0, session="b"),
    ]

    assert (await found(await ranking_of(lines), "What broke down on 10 April 2026?"))[0] == "u1"


async def test_asked_for_a_year_a_line_that_says_on_friday_tells_no_more_than_one_that_says_nothing() -> None:
    ranking = await ranking_of(
        [line(1, "I swam on Friday"), line(2, "I learnt to swim two years ago"), line(3, "Tea!")]
    )

    year, day = (
        evidence_of(ranking, question_of(text))["tells_when"].tolist()
        for text in ("Which year did I learn to swim?", "When did I swim?")
    )

    assert (year, day) == ([0, 1, 0], [1, 1, 0])


async def test_a_ranking_knows_the_days_its_records_speak_of() -> None:
    lines = [
        line(1, "Tea!"),
        line(2, "The exam is on 3 May 2026, the party on 5 May 2026"),
        line(3, "Rain in June 2026"),
    ]
    ranking = await ranking_of(lines)

    days = [[f"{day:%-d %B}" for day in ranking.days_spoken_of(record)] for record in lines]

    assert days == [[], ["3 May", "5 May"], ["30 June"]]


async def test_asked_for_the_present_the_newer_of_two_goes_first() -> None:
    lines = [
        line(1, "I live on Hill Street", days=0, session="a"),
        line(2, "I live on Heron Row", days=60, session="b"),
    ]

    assert (await found(await ranking_of(lines), "Where do I live now?"))[0] == "u2"


async def test_all_evidence_has_a_weight_and_one_value_for_each_record() -> None:
    ranking = await ranking_of([line(1, "one"), line(2, "two")])
    question = question_of("When was it now, in May?")

    evidence = evidence_of(ranking, question)

    assert evidence.keys() == EVIDENCE.keys()
    assert all(values.shape == (2,) for values in evidence.values())


async def test_a_ranking_that_grew_ranks_like_one_made_at_once() -> None:
    lines = [line(n, f"number {n} likes {'cats' if n % 2 else 'dogs'}", session=str(n // 4)) for n in range(40)]
    vectors = await turn_vectors(ENCODER, lines)
    records = [replace(one, vector=row) for one, row in zip(lines, vectors, strict=True)]
    grown, whole = Ranking(ENCODER.dim), Ranking(ENCODER.dim)
    whole.add(*records)

    for record in records:
        grown.add(record)

    assert await found(grown, "Who likes dogs?") == await found(whole, "Who likes dogs?")


async def test_nothing_to_remember_ranks_to_nothing() -> None:
    assert await found(Ranking(ENCODER.dim), "Anything?") == []


async def test_what_was_never_told_is_less_sure_than_what_was() -> None:
    ranking = await ranking_of([line(1, "My cat Pickles has three legs"), line(2, "I bake rye bread at night")])
    told, never = question_of("How many legs has my cat Pickles?"), question_of("Which football team do I support?")

    sure = [ranking.rank(q, (await ENCODER.encode([q.bare]))[0])[0].confidence for q in (told, never)]

    assert sure[0] > 0.5 > sure[1]


async def test_an_answer_carries_its_question_in_its_vector() -> None:
    alone = await turn_vectors(ENCODER, [line(1, "Yes, on Friday", session="a")])
    after = await turn_vectors(ENCODER, [line(0, "Shall we go swimming?", by=PERSONA), line(1, "Yes, on Friday")])
    (asked,) = await ENCODER.encode(["swimming"])

    assert after[1] @ asked > alone[0] @ asked


async def test_a_new_line_changes_only_the_vector_before_it() -> None:
    lines = [line(n, f"line about {word}") for n, word in enumerate(["cats", "dogs", "boats", "bread"])]

    before, after = await turn_vectors(ENCODER, lines[:3]), await turn_vectors(ENCODER, lines)

    assert np.allclose(before[:2], after[:2])
    assert not np.allclose(before[2], after[2])
    assert np.allclose(await turn_vectors(ENCODER, lines, first=2), after[2:], atol=1e-6)


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    index = WordIndex()
    for words in (["cat", "boat"], ["cat"], ["cat", "bread"]):
        index.add(words)

    assert index.rarity("boat") > index.rarity("cat") > 0
    assert index.bm25(["boat"]).argmax() == 0


def test_kinship_counts_a_kindred_word_for_less_than_the_word() -> None:
    index = WordIndex({"pet": [("puppy", 0.5)]})
    for words in (["puppy"], ["pet"], ["boat"]):
        index.add(words)

    kindred, itself, stranger = index.kinship(["pet"])

    assert itself > kindred > stranger == 0


@given(st.floats(0, 5000), st.floats(0, 5000), st.integers(0, 50), st.integers(0, 50))
def test_memories_fade_with_age_and_slower_the_more_often_they_came_to_mind(
    age: float, later: float, seldom: int, often: int
) -> None:
    young, old = sorted((age, later))
    few, many = sorted((seldom, often))

    def left(days: float, times: int) -> float:
        return float(retention(np.array([days]), np.array([float(times)]))[0])

    assert 0 <= left(old, few) <= left(young, few) <= 1
    assert left(old, few) <= left(old, many)


async def test_between_equals_the_newer_goes_first() -> None:
    lines = [line(1, "I like tea", days=0, session="a"), line(2, "I like tea", days=300, session="b")]

    assert (await found(await ranking_of(lines), "What do I like?", on=date(2027, 3, 1)))[0] == "u2"


async def test_between_equals_what_came_to_mind_goes_first() -> None:
    lines = [line(1, "I like tea", session="a"), line(2, "I like tea", session="b")]
    ranking = await ranking_of(lines)

    for _ in range(5):
        ranking.came_to_mind({"u2": 1})

    assert (await found(ranking, "What do I like?"))[0] == "u2"


def test_a_record_without_a_vector_is_refused() -> None:
    with pytest.raises(ValueError, match="no vector"):
        Ranking(64).add(line(1, "hello"))
