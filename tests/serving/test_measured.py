"""Prompts that go on from others are measured by what a server said of those."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving import ChatMessage
from serving.measured import Measured
from serving.token_estimate import estimate

PERSONA = ChatMessage("system", "You are Mika, a harbour idol who sings of rain and of boats that come home late.")
TALK = [
    ChatMessage("user", "Hello! I am Kim, and I bring you peach soda from the shop behind the station."),
    ChatMessage("assistant", "Hey hey! Peach soda is what this rainy evening needed, thank you, Kim!"),
    ChatMessage("user", "The train was late again, so we sang on the platform."),
    ChatMessage("assistant", "Then you were my opening act. What did you sing?"),
]
NEXT = ChatMessage("user", "A song about a lamp.")


def test_nothing_is_known_of_the_first_prompt() -> None:
    assert Measured().count([PERSONA, *TALK]) is None


def test_the_same_prompt_is_as_long_as_the_server_said() -> None:
    measured = Measured()
    measured.learn([PERSONA, *TALK], 97)

    assert measured.count([PERSONA, *TALK]) == 97


def test_a_prompt_that_goes_on_is_a_little_longer() -> None:
    measured = Measured()
    measured.learn([PERSONA, *TALK], 97)

    assert 97 < (measured.count([PERSONA, *TALK, NEXT]) or 0) < 97 + estimate([NEXT])


def test_a_talk_that_begins_later_is_known_all_the_same() -> None:
    measured = Measured()
    measured.learn([PERSONA, *TALK], 97)

    assert (measured.count([PERSONA, *TALK[2:], NEXT]) or 999) < 97


def test_a_prompt_that_is_new_for_the_most_part_is_not_known() -> None:
    measured = Measured()
    measured.learn([PERSONA, *TALK], 97)

    assert measured.count([PERSONA, ChatMessage("user", "rain " * 200)]) is None


def test_another_talk_in_a_longer_language_does_not_change_this_ones_measure() -> None:
    measured = Measured()
    measured.learn([PERSONA, *TALK], 97)
    measured.learn([PERSONA, ChatMessage("user", "今天的天气很好，我们去公园散步吧。")], 300)

    assert measured.count([PERSONA, *TALK]) == 97


def test_what_was_learnt_longest_ago_makes_room() -> None:
    measured = Measured(kept=2)
    measured.learn([PERSONA, TALK[0]], 40)
    measured.learn([TALK[1], TALK[2]], 40)

    assert measured.count([PERSONA, TALK[0]]) is None
    assert measured.count([TALK[1], TALK[2]]) == 40


@pytest.mark.parametrize("counted", [3, 20, 50])
def test_a_server_that_counts_only_what_it_had_to_read_is_not_believed(counted: int) -> None:
    measured = Measured()
    measured.learn([PERSONA, *TALK], counted)
    assert measured.count([PERSONA, *TALK]) is None

    measured.learn([PERSONA, *TALK], 97)
    measured.learn([PERSONA, *TALK, NEXT], counted)
    assert 97 <= (measured.count([PERSONA, *TALK, NEXT]) or 0) < 97 + estimate([NEXT])


def test_a_word_that_was_said_in_a_talk_of_many_tokens_changes_nothing_elsewhere() -> None:
    measured = Measured()
    hi = ChatMessage("user", "hi")
    measured.learn([PERSONA, *TALK, hi], 100)
    measured.learn([ChatMessage("system", "x"), hi], 900)

    assert measured.count([PERSONA, *TALK, hi]) == 100


def test_a_talk_in_a_shorter_language_is_not_measured_by_the_personas_other_talks() -> None:
    measured = Measured()
    measured.learn([PERSONA, ChatMessage("user", "今天的天气很好，我们去公园散步吧。")], 300)
    measured.learn([PERSONA, *TALK], 97)

    assert measured.count([PERSONA, *TALK]) == 97


def test_nothing_is_as_long_as_nothing() -> None:
    assert Measured().count([]) is None


@given(st.lists(st.text(max_size=200), min_size=1, max_size=8, unique=True), st.floats(0.5, 4))
def test_whatever_was_said_a_learnt_prompt_is_measured_as_it_was_told(texts: list[str], rate: float) -> None:
    prompt, measured = [ChatMessage("user", text) for text in texts], Measured()
    tokens = round(rate * estimate(prompt))
    measured.learn(prompt, tokens)

    assert measured.count(prompt) == tokens
