"""A reply never speaks for the fan, and streams as much as is sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.reply import Reply


def delivered(reply: Reply, *pieces: str) -> str:
    """All that is delivered of some pieces."""
    return "".join([*map(reply.take, pieces), reply.end()])


def test_an_ordinary_reply_comes_through_as_it_is() -> None:
    reply = Reply("Mika")

    assert delivered(reply, "Hello", " there.\n\nHow", " are you?") == "Hello there.\n\nHow are you?"
    assert not reply.cut


@pytest.mark.parametrize("line", ["Fan: hi", "Kim: hi", "kim : hi", "USER: hi", "Human：hi", "  Kim: hi"])
def test_a_reply_ends_before_a_line_of_the_fan(line: str) -> None:
    reply = Reply("Mika", ["Kim"])

    assert delivered(reply, f"Hello!\n{line}\nMika: more") == "Hello!"
    assert reply.cut


def test_a_line_of_the_fan_is_seen_when_it_comes_letter_by_letter() -> None:
    reply = Reply("Mika", ["Kim"])

    assert delivered(reply, *"Hello!\nKim: and then I say") == "Hello!"


def test_a_reply_that_is_only_the_fans_line_is_empty() -> None:
    assert delivered(Reply("Mika", ["Kim"]), *"Kim: hello") == ""


def test_a_name_inside_a_sentence_ends_nothing() -> None:
    reply = Reply("Mika", ["Kim"])

    assert (
        delivered(reply, *"I told Kim: come in!\nKimberley: a nice name")
        == "I told Kim: come in!\nKimberley: a nice name"
    )


def test_in_a_block_of_code_a_name_ends_nothing_and_behind_it_it_does() -> None:
    reply = Reply("Mika", ["Kim"])

    said = delivered(reply, "Here:\n```yaml\n", "user: root\n", "```\nEnjoy!\nUser: thanks")

    assert said == "Here:\n```yaml\nuser: root\n```\nEnjoy!"


@pytest.mark.parametrize("opened", ["Use ``` for code.\n", "Here:\n```\n"])
def test_no_block_of_code_lets_her_speak_for_somebody_who_is_here(opened: str) -> None:
    reply = Reply("Mika", ["Kim"])

    assert delivered(reply, opened, "Kim: and me?\n", "yes").rstrip() == opened.rstrip()
    assert reply.cut


def test_the_personas_own_name_in_front_is_taken_off() -> None:
    assert delivered(Reply("Mika"), *"Mika: Hello!") == "Hello!"
    assert delivered(Reply("Mika"), *"Mikado is a game.") == "Mikado is a game."


@pytest.mark.parametrize("mark", ["[notes]", "[/notes]", "<|im_end|>", "</s>", "[INST]", "[NOTES]"])
def test_a_reply_ends_before_the_marks_of_a_prompt(mark: str) -> None:
    assert delivered(Reply("Mika"), *f"Hello {mark} secret") == "Hello"


def test_what_cannot_become_a_stop_is_delivered_at_once() -> None:
    reply = Reply("Mika", ["Kim"])

    assert reply.take("Hello") == "Hello"
    assert reply.take(" [no") == ""
    assert reply.take("pe]") == " [nope]"


def test_a_reply_that_goes_on_keeps_what_was_said() -> None:
    reply = Reply("Mika", so_far="Once upon")

    assert delivered(reply, " a time.") == " a time."
    assert reply.text == "Once upon a time."


@given(st.text(alphabet="aKim:F n\n[/]<|", max_size=60), st.integers(1, 7))
def test_no_line_of_a_reply_begins_with_the_fan_however_it_is_cut_up(words: str, size: int) -> None:
    reply = Reply("Mika", ["Kim", "Fan"])
    pieces = [words[at : at + size] for at in range(0, len(words), size)]

    said = delivered(reply, *pieces)

    assert said == reply.text
    assert not any(line.strip(" \t").casefold().startswith(("kim:", "fan:")) for line in said.split("\n"))
    assert "[/notes]" not in said
    assert "<|" not in said


@given(st.text(max_size=80), st.integers(1, 9))
def test_how_a_reply_is_cut_up_does_not_change_it(words: str, size: int) -> None:
    whole, pieces = Reply("Mika", ["Kim"]), Reply("Mika", ["Kim"])

    assert delivered(pieces, *(words[at : at + size] for at in range(0, len(words), size))) == delivered(whole, words)
