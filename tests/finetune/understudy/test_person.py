"""Grammatical persons: one sentence for the fan, the persona and the card."""

import pytest

from finetune.understudy.person import SHE, THEY, YOU, Grammar, I, conjugated, lowered, named, sentence, speak


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (I, "I have a cat and I live with my cat"),
        (YOU, "you have a cat and you live with your cat"),
        (SHE, "she has a cat and she lives with her cat"),
        (THEY, "they have a cat and they live with their cat"),
        (named("Kim"), "Kim has a cat and Kim lives with Kim's cat"),
    ],
)
def test_a_sentence_is_said_in_every_person(who: Grammar, said: str) -> None:
    assert speak("{I} {have} a cat and {I} <live> with {my} cat", who) == said


@pytest.mark.parametrize(
    ("verb", "third"), [("live", "lives"), ("study", "studies"), ("play", "plays"), ("go", "goes")]
)
def test_a_verb_takes_its_s(verb: str, third: str) -> None:
    assert conjugated(verb) == third


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        speak("{my} cat is {v}", I)


def test_the_word_i_stays_tall_after_a_comma() -> None:
    assert lowered("I live in Rome.") == "I live in Rome."
    assert lowered("My cat is Bo.") == "my cat is Bo."


def test_a_sentence_gets_one_mark_at_its_end() -> None:
    assert sentence("who are you", "?") == "Who are you?"
    assert sentence("Hello!") == "Hello!"
