"""Tokens become text as they come, and a character of four tokens is shown once, whole."""

import pytest

from serving.local_engine.detokenizer import Detokenizer


def decode(tokens: object) -> str:
    """Every byte a token."""
    assert isinstance(tokens, list)
    return bytes(tokens).decode("utf-8", errors="replace")


@pytest.mark.parametrize("text", ["hello", "你好，世界", "👩‍👩‍👧 and 🎉", "naïve café", "مرحبا", ""])
def test_characters_are_shown_whole(text: str) -> None:
    growing = Detokenizer(decode)

    shown = [growing.feed(token) for token in text.encode()]

    assert "".join(shown) == text
    assert [piece for piece in shown if piece] == list(text)
    assert growing.flush() == ""


def test_half_a_character_at_the_end_is_not_shown() -> None:
    growing = Detokenizer(decode)

    shown = [growing.feed(token) for token in "ok🎉".encode()[:-1]]

    assert "".join([*shown, growing.flush()]) == "ok"


def test_a_broken_byte_in_the_middle_does_not_silence_the_rest() -> None:
    growing = Detokenizer(decode)

    shown = [growing.feed(token) for token in b"a\xf0b" + "你".encode()]

    assert "".join(shown) == "a\ufffdb你"
