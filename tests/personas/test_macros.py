"""Macros end, whatever a card's author wrote; what section 6 of the formats asks of them, tests/conformance shows."""

import time

import pytest

from personas.macros import LONGEST, Setting, expand

SELVES = Setting(
    "Ann", "Bob", texts={"description": "x" * 1900 + "{{description}}" * 5, "scenario": "{{scenario}}" * 9}
)
SLOW = {
    "line breaks": "\n" * 100_000 + "{{char}}" + "\n" * 20_000,
    "trims": "\n{{trim}}" * 20_000,
    "open braces": "{{" * 20_000,
    "unknown macros in one another": "{{q " * 20_000 + "}}" * 20_000,
    "a text that names itself": "{{description}}" * 5,
    "a text that is only itself": "{{scenario}}",
    "a variable that doubles": "{{setvar::x::"
    + "a" * 20
    + "}}"
    + "{{addvar::x::{{getvar::x}}}}" * 40
    + "{{getvar::x}}" * 200,
    "dice": "{{roll:999d9}}" * 10_000,
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW.keys())
def test_a_text_made_to_be_slow_ends_soon_and_stays_in_bounds(text: str) -> None:
    before = time.thread_time()

    made = expand(text, SELVES)

    assert time.thread_time() - before < 2
    assert len(made) <= LONGEST


def test_a_persona_whose_description_names_itself_keeps_her_own_words() -> None:
    assert expand(SELVES.texts["description"], SELVES).startswith("x" * 1900)


def test_trim_takes_the_line_breaks_around_it_and_no_others() -> None:
    assert expand("a\n\n{{trim}}\r\nb\n\nc", SELVES) == "ab\n\nc"


@pytest.mark.parametrize("remark", ["{{//note}}", "{{// note}}", "{{ //note: a::b }}", "{{//}}"])
def test_a_remark_never_reaches_the_model(remark: str) -> None:
    assert expand(f"a{remark}b", SELVES) == "ab"


def test_braces_that_nobody_closes_stand_as_they_are() -> None:
    assert expand("a {{b {{char}} {{c", SELVES) == "a {{b Ann {{c"
