"""A persona too long for a small window is told in brief, and then answers and remembers what was just said."""

from dataclasses import replace

import pytest

from personas import Persona, Scene, Voice, render
from personas.prompt import ALWAYS
from tests.personas.scenes import BEGAN, PRIVATE, chat, lore, pieces, said, window

LONG = Persona(
    id="nova",
    name="Nova",
    who="Nova is a lamp. " + "She hums a little. " * 60,
    personality="Bright. " * 20,
    scenario="A cellar at night. " * 20,
    voice=Voice(tone="warm", never=("goes out",)),
)
TALK = Scene(LONG, PRIVATE, (said(99, "And now?"),), chat(3), now=BEGAN)
KEPT = ["You are Nova.", "Nova is a lamp.", "Voice: warm", "Never: goes out", ALWAYS.format(name="Nova")]
SHORTENED = ("scenario", "personality", "the end of who she is")


def test_where_everything_fits_nothing_is_shortened() -> None:
    prompt = render(TALK, window=window(2000))

    assert prompt.dropped == ()
    assert prompt.messages == render(TALK).messages


@pytest.mark.parametrize("tokens", [250, 300, 400])
def test_a_persona_too_long_for_a_window_answers_in_it(tokens: int) -> None:
    with_lore = replace(TALK, lore=(lore(1), replace(lore(2), text="rule " * 400)))

    prompt = render(with_lore, window=window(tokens))

    assert prompt.tokens == len(pieces(prompt.messages)) <= tokens
    assert prompt.dropped[:3] == SHORTENED
    assert all(line in prompt.messages[0].content for line in KEPT)
    assert prompt.messages[-1].content.endswith("And now?")


def test_what_was_just_said_has_the_room_that_her_text_gives_up() -> None:
    prompt = render(TALK, window=window(400))

    assert prompt.history > 0
    assert "what was said before" not in prompt.dropped


def test_the_scenario_goes_first_and_who_she_is_stays_longest() -> None:
    short = LONG.model_copy(update={"who": "Nova is a lamp.", "personality": "Bright."})
    proud = short.model_copy(update={"personality": "Bright. " * 60})

    dropped = [render(replace(TALK, persona=one), window=window(200)).dropped for one in (short, proud, LONG)]

    assert [step[: number + 1] for number, step in enumerate(dropped)] == [SHORTENED[:1], SHORTENED[:2], SHORTENED]
