"""Cut into messages, a reply loses nothing, and every message can be read by itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.discord_marks import Marks
from bots.discord_parts import parts_of, units

PROSE = ["hello ", "wörld. ", "\n", "\n\n", "你好。", "a", "x" * 50, "👩\u200d👩\u200d👧\u200d👦", "🇩🇪", "e\u0301"]
MARKS = [
    "```py\n",
    "```\n",
    "~~~\n",
    "||secret|| ",
    "||",
    "\\",
    "**bold** ",
    "[a link](https://x.y/z) ",
    "| a | b |\n",
    "`code` ",
    "<@123456> ",
    "> a\n",
    "`",
]
PIECES = st.sampled_from(PROSE + MARKS)


def still_code(text: str) -> bool:
    """Whether a fence is open at the end."""
    return bool(Marks(text).open_at(len(text)).fence)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=200).map("".join), st.sampled_from([60, 100, 2000]))
def test_the_parts_joined_are_the_reply_and_each_fits_with_its_fences_whole(reply: str, longest: int) -> None:
    parts = parts_of(reply, longest=longest)

    assert "".join(part.words for part in parts) == reply
    assert all(units(part.text) <= longest for part in parts)
    assert all(not still_code(part.text) for part in parts)


@pytest.mark.soak
@settings(max_examples=10_000, deadline=None)
@given(st.lists(PIECES, max_size=300).map("".join))
def test_ten_thousand_replies_survive_being_cut(reply: str) -> None:
    parts = parts_of(reply)

    assert "".join(part.words for part in parts) == reply
    assert all(units(part.text) <= 2000 and not still_code(part.text) for part in parts)


def test_a_fence_is_closed_and_opened_again_with_its_language() -> None:
    reply = "```python\n" + "print('a line of code')\n" * 12 + "```\nand then we rested."

    first, second, *_ = parts_of(reply, longest=200)

    assert first.text.endswith("\n```")
    assert second.text.startswith("```python\n")


@pytest.mark.parametrize(
    "whole", ["[the whole story](https://example.org/a/very/long/way)", "<@123456789012345678>", "👩‍👩‍👧‍👦", "🇩🇪"]
)
def test_what_a_reader_sees_as_one_is_never_cut(whole: str) -> None:
    for before in range(30, 60):
        parts = parts_of("x" * before + whole + "y" * 80, longest=90)

        assert any(whole in part.text for part in parts)


def test_a_table_stays_whole_where_it_fits() -> None:
    table = "| a | b |\n| - | - |\n| 1 | 2 |\n| 3 | 4 |\n"
    parts = parts_of("A sentence about soup. " * 4 + "\n" + table + "The end. " * 5, longest=130)

    assert any(table in part.text for part in parts)


def test_a_fence_that_begins_with_one_long_line_stays_within_what_discord_carries() -> None:
    parts = parts_of("```" + "word " * 700)

    assert len(parts) == 2
    assert all(units(part.text) <= 2000 and part.text.endswith("```") for part in parts)


def test_tildes_are_no_fence_on_discord() -> None:
    parts = parts_of("~~~ la la la ~~~\n" + "Here comes the chorus of my new song. " * 90)

    assert all(not part.reopens and not part.closes for part in parts)


def test_backticks_that_nothing_closes_are_words() -> None:
    parts = parts_of("Write ``` to begin. " + "And then go on. " * 200)

    assert all(not part.reopens and not part.closes for part in parts)


def test_a_spoiler_that_runs_over_a_cut_stays_hidden_in_both_parts() -> None:
    first, second = parts_of("The end: ||" + "the butler did it. " * 12 + "|| and so on.", longest=200)

    assert first.text.endswith("||")
    assert first.text.count("||") == 2
    assert second.text.startswith("||")
    assert second.text.count("||") == 2


def test_two_strokes_that_nothing_closes_hide_nothing() -> None:
    parts = parts_of("Either a || b. " + "And then go on. " * 200)

    assert all(not part.reopens and not part.closes for part in parts)
