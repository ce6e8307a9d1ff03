"""What somebody typed becomes words here, whatever they typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.gate import NothingSaid, TooMuchSaid, words_of


def test_words_of_every_script_and_emoji_stay_as_they_are() -> None:
    for words in ("Hello", "你好", "مرحبا", "👩‍👩‍👧‍👦", "<b>bold</b>", "line one\nline two"):
        assert words_of(words, limit=100) == words


def test_what_no_terminal_can_hold_is_taken_out() -> None:
    assert words_of("a\x00b\x1bc\x9b\r\nd", limit=100) == "abc\nd"


def test_too_much_says_how_much() -> None:
    with pytest.raises(TooMuchSaid, match=r"100,000 characters, and 8,000"):
        words_of("x" * 100_000, limit=8000)


@given(st.text(max_size=200))
def test_whatever_is_typed_becomes_words_or_is_refused(typed: str) -> None:
    try:
        words = words_of(typed, limit=100)
    except (NothingSaid, TooMuchSaid):
        return
    words.encode()
    assert "\x00" not in words
    assert 0 < len(words) <= 100
