"""Stop strings end a reply and are never shown, however they are cut into pieces."""

from hypothesis import given
from hypothesis import strategies as st

from serving.stopping import StopStrings


def shown(pieces: list[str], *stops: str) -> str:
    watch = StopStrings(stops)
    return "".join([*(watch.feed(piece) for piece in pieces), watch.flush()])


def test_a_stop_string_across_pieces_is_never_shown() -> None:
    assert shown(["Hello", "\nF", "a", "n: and you?"], "\nFan:") == "Hello"


def test_what_only_began_like_a_stop_string_is_shown() -> None:
    assert shown(["Hello", "\nFa", "ncy that"], "\nFan:") == "Hello\nFancy that"


def test_a_beginning_at_the_very_end_is_shown() -> None:
    assert shown(["Hello", "\nFan"], "\nFan:") == "Hello\nFan"


def test_the_first_of_several_stop_strings_counts() -> None:
    assert shown(["one two three"], "three", "two") == "one "


def test_the_stop_string_that_is_complete_first_counts_however_the_pieces_fall() -> None:
    assert shown(["aba"], "b", "aba") == shown(["ab", "a"], "b", "aba") == "a"


def test_nothing_follows_a_stop_string() -> None:
    watch = StopStrings(["END"])

    assert [watch.feed("a END b"), watch.feed("c"), watch.flush()] == ["a ", "", ""]
    assert watch.stopped


def test_without_stop_strings_nothing_is_held_back() -> None:
    assert StopStrings([]).feed("Hello\n") == "Hello\n"


@given(st.lists(st.text("ab", max_size=4)), st.lists(st.text("ab", min_size=1, max_size=3), max_size=3))
def test_pieces_show_what_the_whole_text_would(pieces: list[str], stops: list[str]) -> None:
    whole = "".join(pieces)
    complete = [(at + len(stop), at) for stop in stops if (at := whole.find(stop)) >= 0]
    _, cut = min(complete, default=(0, len(whole)))

    assert shown(pieces, *stops) == whole[:cut]
