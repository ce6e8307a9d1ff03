"""In a room with several characters and several people, the right one answers, and mostly nobody does."""

import random
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from bots.attention import Attention, Decision, Heard, Manners, Present, presence
from bots.called import calls
from tests.bots.group_lines import NAMES, labelled

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)
HERE = presence(NAMES)
USUAL = Manners()


def hear(text: str, *, attention: Attention | None = None, manners: Manners = USUAL, **known: Any) -> Decision:
    heard = Heard(text, "kim", known.pop("at", NOON), **known)
    return (attention or quiet()).decide(heard, room="stage", present=HERE, manners=manners)


def quiet() -> Attention:
    return Attention(chance=random.Random(0))


def test_names_are_told_from_calls_in_at_least_ninety_five_of_a_hundred_labelled_lines() -> None:
    hits = wrong = missed = 0

    for text, meant in labelled():
        found = {who for who, names in NAMES.items() if calls(text, names)}
        hits, wrong, missed = hits + len(found & meant), wrong + len(found - meant), missed + len(meant - found)

    f1 = 2 * hits / (2 * hits + wrong + missed)
    print(f"{len(labelled())} lines: F1 {f1:.3f}")
    assert len(labelled()) >= 500
    assert f1 >= 0.95


@pytest.mark.parametrize("text", [text for text, meant in labelled() if len(meant) == 1])
def test_one_address_never_gets_two_answers(text: str) -> None:
    speakers = [who for who, _ in hear(text).speakers]

    assert len(speakers) <= 1


def test_a_reply_goes_to_whom_it_replies_unless_it_calls_another_by_name() -> None:
    assert hear("and you?", replies_to="bram").speakers == (("bram", "reply"),)
    assert hear("Mika, and you?", replies_to="bram").speakers == (("mika", "name"),)


def test_in_private_every_line_is_answered() -> None:
    assert hear("hm", private=True).speakers == (("mika", "private"),)


def test_in_private_whoever_is_meant_answers_and_else_whoever_is_first() -> None:
    assert hear("hm", private=True, meant="bram").speakers == (("bram", "private"),)
    assert hear("hm", private=True, meant="nobody").speakers == (("mika", "private"),)
    assert hear("Orla, hm", private=True, meant="bram").speakers == (("orla", "name"),)


def test_a_muted_character_stays_silent_even_when_called() -> None:
    here = (Present("mika", ("Mika",), muted=True), Present("bram", ("Bram",)))

    decision = quiet().decide(Heard("Mika, sing!", "kim", NOON), room="stage", present=here, manners=Manners())

    assert not decision


def test_in_an_always_on_channel_whoever_was_talked_to_last_goes_on() -> None:
    attention, manners = quiet(), Manners(always=True)
    hear("Orla, hello", attention=attention, manners=manners)

    decision = hear("I had soup today", attention=attention, manners=manners, at=NOON + timedelta(minutes=1))

    assert decision.speakers == (("orla", "recent"),)


def test_a_line_goes_to_the_one_whom_it_interests() -> None:
    here = (Present("mika", ("Mika",)), Present("bram", ("Bram",), interests=frozenset({"football"})))

    decision = quiet().decide(
        Heard("there is football tonight", "kim", NOON), room="stage", present=here, manners=Manners(always=True)
    )

    assert decision.speakers == (("bram", "relevance"),)


def test_chance_keeps_its_cooldown_and_its_quiet_hours() -> None:
    attention, manners = quiet(), Manners(chance=1.0, cooldown=timedelta(minutes=2), quiet=(time(22), time(7)))

    assert hear("soup", attention=attention, manners=manners)
    assert (
        "short while" in hear("more soup", attention=attention, manners=manners, at=NOON + timedelta(minutes=1)).reason
    )
    assert hear("soup again", attention=attention, manners=manners, at=NOON + timedelta(minutes=3))
    assert "quiet" in hear("midnight soup", attention=attention, manners=manners, at=NOON + timedelta(hours=14)).reason


def test_another_bot_is_not_answered_unless_allowed_and_then_only_while_the_budget_lasts() -> None:
    attention, manners = quiet(), Manners(answers_bots=True, bot_turns=3)
    assert not hear("Mika, hello", from_bot=True)
    assert not hear("Mika, hello", from_bot=True, manners=manners)

    answered = 0
    for minute in range(30):
        at = NOON + timedelta(seconds=10 * minute)
        if hear(
            "Mika, hello", attention=attention, manners=manners, from_bot=True, mentions=frozenset({"mika"}), at=at
        ):
            attention.spoke("mika", room="stage", at=at, to_bot=True)
            answered += 1

    assert answered == 3


def test_a_persons_line_restores_the_budget_for_bots() -> None:
    attention, manners = quiet(), Manners(answers_bots=True, bot_turns=1)
    call = {"from_bot": True, "mentions": frozenset({"mika"})}
    assert hear("Mika, hello", attention=attention, manners=manners, **call)
    attention.spoke("mika", room="stage", at=NOON, to_bot=True)
    assert not hear("Mika, hello", attention=attention, manners=manners, **call)

    hear("hello you two", attention=attention, manners=manners)

    assert hear("Mika, hello", attention=attention, manners=manners, **call)


def test_at_most_so_many_answer_one_line() -> None:
    decision = hear("Mika! Bram! Orla!", manners=Manners(most_speakers=2))

    assert len(decision.speakers) == 2


@pytest.mark.timeout(20)
@pytest.mark.parametrize("opener", ["no, ", "welcome back, ", "oh, well, "])
def test_a_line_of_many_openers_is_read_like_any_other(opener: str) -> None:
    assert calls(opener * 400 + "Mika, sing!", ("Mika",))
    assert not calls(opener * 400, ("Mika",))


def test_why_nobody_speaks_is_said_in_words() -> None:
    assert hear("lovely weather").reason == "addressed to nobody"
