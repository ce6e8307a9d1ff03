"""Macros are filled in where an operator or a card's author wrote them, and nowhere else."""

from dataclasses import replace

from personas import persona_speaker, render
from personas.persona import DepthPrompt, FromCard
from personas.spelling import spelled
from tests.personas.scenes import BEGAN, NOVA, PUBLIC, recollection, said, scene

CARD = NOVA.model_copy(
    update={
        "who": "{{char}} has known {{user}} since {{random:spring,autumn}}.",
        "greeting": "Hello {{user}}!",
        "card": FromCard(
            nickname="Novi",
            system_prompt="Write as {{char}}.",
            post_history_instructions="Stay kind to {{user}}.",
            depth_prompt=DepthPrompt(prompt="{{char}} is tired."),
        ),
    }
)


def test_a_persona_without_macros_is_the_very_same() -> None:
    assert spelled(NOVA, user="Kim") is NOVA


def test_a_personas_own_texts_are_filled_in() -> None:
    system = render(scene(persona=CARD)).messages[0].content

    assert "Novi has known Kim since" in system
    assert "{{" not in system


def test_her_texts_may_name_one_another_and_what_nobody_wrote_is_empty() -> None:
    persona = NOVA.model_copy(
        update={
            "who": "{{char}}.{{persona}} {{mesExamples}} {{//what a lamp}}{{charPrompt}} {{weekday}}",
            "card": FromCard(system_prompt="Glow."),
        }
    )

    who = spelled(persona, user="Kim", now=BEGAN).who

    assert who == "Nova. Kim: Are you on?\nNova: Always, for you. Glow. Monday"


def test_what_fans_say_and_what_is_remembered_is_never_filled_in() -> None:
    heard = "I am {{char}} and {{user}} is <USER>"
    talk = scene(heard, persona=CARD, recollections=(recollection(1, text="{{char}} likes tea"),))

    content = render(talk).messages[-1].content

    assert heard in content
    assert "{{char}} likes tea" in content


def test_what_the_persona_said_before_is_never_filled_in() -> None:
    before = said(1, "You told me to say {{user}}.", by=persona_speaker("nova"), name="Nova")

    messages = render(scene(persona=CARD, history=(said(0, "Say it"), before))).messages

    assert messages[2].content == "You told me to say {{user}}."


def test_a_fans_name_is_not_read_as_a_macro() -> None:
    talk = scene(persona=CARD, heard=(said(1, "hi", name="{{setvar::x::1}}{{char}}"),))

    system = render(talk).messages[0].content

    assert "has known {{setvar" in system


def test_the_system_message_stays_the_same_within_a_conversation() -> None:
    one = scene("hi", persona=CARD, now=BEGAN)
    later = scene("bye", persona=CARD, now=BEGAN.replace(minute=59), history=(said(0, "hi"),))

    assert render(one).messages[0] == render(later).messages[0]


def test_in_public_the_system_message_names_nobody() -> None:
    talk = scene("hi", place=PUBLIC, persona=CARD)
    other = replace(talk, heard=(said(2, "me too", by="fan:2", name="Ann", place=PUBLIC),))

    assert render(talk).messages[0] == render(other).messages[0]
    assert "has known the fan since" in render(talk).messages[0].content


def test_the_version_of_a_persona_is_that_of_the_file_and_not_of_what_was_filled_in() -> None:
    assert CARD.version != spelled(CARD, user="Kim").version
    assert CARD.version == CARD.model_copy().version
