"""Chinese and Japanese words of one matter bring each other to mind; "now" is no matter at all."""

import pytest

from memory.languages import terms
from memory.lexical import WordIndex
from memory.lexical_kin_east import EastKin, EveryKin
from memory.questions import of_the_matter


def test_every_word_of_the_groups_is_a_term_as_lines_are_cut() -> None:
    assert all(term in terms(term) for term in EastKin())


@pytest.mark.parametrize(
    ("asked", "told", "other"),
    [
        ("我住在哪里?", "上个月我搬家了。", "尤克里里真难。"),
        ("どこに住んでいますか?", "先週、引っ越しました。", "雨が止みません。"),
        ("Where is my pet?", "The puppy sleeps.", "It rains."),
    ],
)
def test_whoever_asks_with_one_word_finds_what_was_told_with_another(asked: str, told: str, other: str) -> None:
    index = WordIndex(EveryKin())
    index.add(terms(other))
    index.add(terms(told))

    scores = index.kinship(terms(asked))

    assert scores[1] > scores[0]


@pytest.mark.parametrize(
    ("asked", "matter"),
    [
        ("我现在住在哪里?", "我 住在哪里?"),
        ("今、恋人はいる?", " 、恋人はいる?"),
        ("现在?", "现在?"),
        ("What do I do now?", "What do I do now?"),
    ],
)
def test_the_word_now_is_left_out_of_an_east_asian_question_unless_nothing_else_is_asked(
    asked: str, matter: str
) -> None:
    assert of_the_matter(asked) == matter
