"""Section 6: macros."""

from datetime import UTC, datetime, timedelta

from personas.macros import Setting, expand, expand_all
from personas.persona import Persona
from personas.spelling import spelled
from tests.conformance.cases import entry, shows, texts, wake

AQUA = Setting(
    "Aqua",
    "Kim",
    texts={
        "description": "{{char}} swims.",
        "personality": "calm",
        "scenario": "a lake",
        "mesexamples": "x",
        "charprompt": "y",
    },
    words={"lastmessage": "{{char}}!", "lastusermessage": "u", "lastcharmessage": "c"},
    group=("Aqua", "Bo"),
    now=datetime(2026, 3, 9, 15, 5, tzinfo=UTC),
    idle=timedelta(hours=2),
    original="mine",
)


def filled(text: str) -> str:
    return expand(text, AQUA)


@shows("macro.names")
def names_stand_for_the_persona_and_the_fan() -> None:
    assert filled("{{char}} {{CHAR}} <BOT> <char> {{user}} <USER>") == "Aqua Aqua Aqua Aqua Kim Kim"
    assert expand("{{user}}", Setting("Aqua")) == "you"


@shows("macro.original")
def original_is_what_the_operator_says() -> None:
    assert filled("a {{original}}") == "a mine"


@shows("macro.random")
def random_is_one_of_several_and_a_comma_can_be_escaped() -> None:
    seen = {expand("{{random:a,b\\,c}}", Setting("A", turn=turn)) for turn in range(40)}
    assert seen == {"a", "b,c"}
    assert {expand("{{random::x::y}}", Setting("A", turn=turn)) for turn in range(40)} == {"x", "y"}


@shows("macro.pick")
def pick_stays_the_same_from_turn_to_turn() -> None:
    assert len({expand("{{pick:a,b,c,d,e,f}}", Setting("A", turn=turn)) for turn in range(40)}) == 1


@shows("macro.roll")
def dice_fall_within_their_sides() -> None:
    assert {expand("{{roll:3}}", Setting("A", turn=turn)) for turn in range(60)} == {"1", "2", "3"}
    assert {expand("{{roll:d2}}", Setting("A", turn=turn)) for turn in range(60)} == {"1", "2"}
    assert 5 <= int(filled("{{roll 2d6+3}}")) <= 15


@shows("macro.note", "macro.comment")
def remarks_vanish_and_no_key_is_found_in_them() -> None:
    assert filled("a{{// lake}}b{{comment: lake}}c") == "abc"
    assert texts(wake(entry(), talk=["Mika: {{// lake}} {{comment: lake}}"])) == []


@shows("macro.hidden_key")
def a_hidden_key_vanishes_and_wakes_others() -> None:
    found = wake(entry("One.{{hidden_key:moon}}"), entry("Two.", "moon"), recursive_scanning=True)
    assert texts(found) == ["One.", "Two."]


@shows("macro.reverse")
def reverse_turns_round() -> None:
    assert filled("{{reverse:abc}}") == "cba"


@shows("macro.texts")
def the_personas_own_texts_come_in_with_their_macros() -> None:
    assert (
        filled("{{description}}|{{personality}}|{{scenario}}|{{mesExamples}}|{{charPrompt}}")
        == "Aqua swims.|calm|a lake|x|y"
    )


@shows("macro.group")
def groups_have_names() -> None:
    assert filled("{{group}}|{{charIfNotGroup}}|{{notChar}}|<GROUP>") == "Aqua, Bo|Aqua, Bo|Bo, Kim|Aqua, Bo"
    assert expand("<CHARIFNOTGROUP>", Setting("Aqua")) == "Aqua"


@shows("macro.last", "macro.own_text_only")
def what_was_said_comes_in_as_data() -> None:
    assert filled("{{lastMessage}} {{lastUserMessage}} {{lastCharMessage}}") == "{{char}}! u c"
    assert expand("{{user}}", Setting("Aqua", "{{setvar::x::1}}")) == "{{setvar::x::1}}"


@shows("macro.own_text_only")
def a_personas_texts_are_spelled_out_and_others_left_alone() -> None:
    persona = Persona(id="aqua", name="Aqua", who="{{char}} likes {{user}}.")
    assert spelled(persona, user="{{char}}").who == "Aqua likes {{char}}."
    plain = Persona(id="aqua", name="Aqua", who="She swims.")
    assert spelled(plain) is plain


@shows("macro.time")
def times_and_dates() -> None:
    assert filled("{{time}}|{{date}}|{{weekday}}|{{isotime}}|{{isodate}}|{{idleDuration}}") == (
        "3:05 PM|March 9, 2026|Monday|15:05|2026-03-09|2 hours"
    )


@shows("macro.space")
def newline_trim_and_noop() -> None:
    assert filled("a\n\n{{trim}}\n\nb{{newline}}c{{noop}}") == "ab\nc"


@shows("macro.variables")
def variables_last_from_text_to_text() -> None:
    made, variables = expand_all(
        ["{{setvar::x::2}}{{addvar::x::3}}{{getvar::x}}", "{{incvar::x}}{{setglobalvar::g::z}}{{getglobalvar::g}}"],
        AQUA,
    )
    assert made == ["5", "6z"]
    assert variables == {"x": "6", "global:g": "z"}


@shows("macro.outlet")
def an_outlet_is_filled_by_its_name() -> None:
    assert expand("<{{outlet::here}}>", Setting("A", outlets={"here": "now"})) == "<now>"


@shows("macro.if")
def conditions_choose_and_the_other_branch_does_nothing() -> None:
    assert filled("{{if description}}yes{{else}}no{{setvar::q::1}}{{/if}}{{getvar::q}}") == "yes"
    assert filled("{{if !description}}yes{{else}}no{{/if}}") == "no"


@shows("macro.unknown")
def unknown_macros_stay() -> None:
    assert filled("{{nope}} {{nope::1}} {{ }} }} {{open") == "{{nope}} {{nope::1}} {{ }} }} {{open"
