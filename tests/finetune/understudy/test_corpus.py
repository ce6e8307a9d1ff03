"""The corpus: wide, reproducible, laid out by `render`, and honest about what it holds out."""

from random import Random

import pytest

from finetune.understudy import phrasings, questions
from finetune.understudy.attributes import attributes
from finetune.understudy.conversation import Conversation
from finetune.understudy.corpus import document, documents, drill_share, laid_out
from finetune.understudy.drawn import LAYOUTS, drawn
from finetune.understudy.model_card import intents
from finetune.understudy.person import CHOICE, YOU
from finetune.understudy.questions import SKILLS, exam
from finetune.understudy.sayings import asking, fan_lines, talk
from finetune.understudy.scenes import rehearsal
from finetune.understudy.values import KINDS, draw, held_out
from finetune.understudy.voices import voices
from personas import render


def test_the_same_document_comes_out_of_the_same_seed() -> None:
    first, again, another = (document(seed, 5, drills=0.2) for seed in (1, 1, 2))

    assert first == again
    assert first != another


def test_every_document_is_what_render_lays_out_and_then_an_answer() -> None:
    drawn_scenes = [rehearsal(Random(n)) for n in range(100)]

    for one in drawn_scenes:
        assert laid_out(one)[:-1] == render(one.scene).messages
        assert laid_out(one)[-1].role == "assistant"
        assert laid_out(one)[-1].content == one.reply != ""


def test_there_are_more_than_a_hundred_and_fifty_intents() -> None:
    assert intents() >= 150


def test_a_fan_has_twenty_ways_or_more_to_say_each_thing() -> None:
    asks = {**fan_lines(), **{topic: parts["asks"] for topic, parts in talk().items()}, **asking()}
    ways = {what: len({one for line in lines for one in choices(line)}) for what, lines in asks.items()}
    ways |= {a.keys[0]: len({a.ask(YOU, Random(n)) for n in range(400)}) for a in attributes()}

    assert {what: count for what, count in ways.items() if count < 20} == {}


def choices(line: str) -> list[str]:
    """Every way to take one side of each `{this|or that}`."""
    found = CHOICE.search(line)
    if found is None:
        return [line]
    return [one for side in found[1].split("|") for one in choices(line.replace(found[0], side, 1))]


def test_every_voice_has_a_line_for_every_act() -> None:
    acts = set(fan_lines()) | {
        "noted",
        "recall",
        "own",
        "corrected",
        "unknown_fan",
        "unknown_self",
        "openers",
        "closers",
    }

    assert {voice.name: acts - set(voice.acts) for voice in voices()} == {voice.name: set() for voice in voices()}


def test_no_slot_is_left_open_in_what_is_said() -> None:
    said = [m.content for d in documents(3, 1500) for m in d.messages]

    assert not [text for text in said if "{" in text or "}" in text or "<" in text]


def test_a_persona_is_laid_out_in_at_least_six_ways() -> None:
    assert len(set(LAYOUTS)) >= 6


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_training_draws_is_never_what_the_examination_draws(kind: str) -> None:
    rng = Random(kind)

    assert not any(held_out(draw(kind, rng)) for _ in range(200))
    assert all(held_out(draw(kind, rng, unseen=True)) for _ in range(50))


def test_an_unseen_persona_has_only_held_out_names_and_values() -> None:
    roles = [drawn(Random(n), unseen=True, facts=4) for n in range(50)]

    for role in roles:
        assert held_out(role.persona.name)
        assert all(held_out(value) for value in role.known.values())


def test_how_fans_ask_in_the_examination_whether_she_is_human_stands_nowhere_in_the_corpus() -> None:
    rng, asked = Random(1), phrasings.human_phrasings()
    talking = Conversation(drawn(rng), rng)

    heard = [talking.act("human")[0].lower() for _ in range(20_000)]

    assert len(set(asked)) == 200
    assert not [text for text in heard if any(stem.format(a="are you") in text for stem in phrasings.ASKS_HUMAN)]


def test_how_a_stranger_asks_in_the_examination_stands_nowhere_in_the_corpus() -> None:
    said = " ".join(m.content.lower() for d in documents(3, 1500) for m in d.messages if m.role == "user")

    for wording in phrasings.STRANGERS:
        assert not [part for part in wording.lower().split("{noun}") if len(part.split()) > 2 and part in said]


def test_a_fact_is_asked_for_again_only_when_none_is_left_or_it_was_corrected() -> None:
    rng = Random(2)
    talking = Conversation(drawn(rng, facts=4), rng)

    for _ in range(4):
        talking.asks_own()
        talking.tells()

    assert talking.fresh(mine=True) == []
    assert len(talking.fresh(mine=False)) == 4
    while talking.fresh(mine=False):
        talking.asks_told()
    talking.corrects()
    assert len(talking.fresh(mine=False)) == 1


def test_a_catch_phrase_is_said_once_in_a_talk() -> None:
    rng = Random(6)
    talking = Conversation(drawn(rng, facts=4), rng)

    said = [talking.phrased("Fine.") for _ in range(200)]

    assert talking.role.phrases
    assert [sum(phrase in text for text in said) for phrase in talking.role.phrases] == [1] * len(talking.role.phrases)


def test_copy_drills_grow_fewer() -> None:
    shares = [drill_share(n / 10) for n in range(11)]

    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.4 > 0.2 > shares[-1] > 0


@pytest.mark.parametrize("skill", sorted(SKILLS))
def test_the_corpus_own_answer_passes_the_examination(skill: str) -> None:
    asked = exam(SKILLS[skill][0], 150, seed=1)

    assert [q.model_answer for q in asked if q.model_answer and not q.passed(q.model_answer)] == []


@pytest.mark.parametrize("skill", sorted(SKILLS))
def test_an_answer_that_says_nothing_fails_the_examination(skill: str) -> None:
    asked = exam(SKILLS[skill][0], 50, seed=1)

    assert not any(q.passed("Hello there!") for q in asked)


def test_the_older_of_two_facts_is_a_wrong_answer() -> None:
    asked = [q for q in exam(questions.corrected, 50, seed=1) if q.forbidden]

    assert asked
    assert not any(q.passed(f"It was {q.forbidden[0]}.") for q in asked)


def test_naming_a_value_in_sight_is_no_honest_answer_to_what_was_never_told() -> None:
    asked = [q for q in exam(questions.unanswerable, 50, seed=1) if q.forbidden]

    assert asked
    assert not any(q.passed(f"I don't know, perhaps {q.forbidden[0]}?") for q in asked)


def test_every_kind_of_small_talk_has_something_to_ask_and_to_say() -> None:
    assert all(topic["asks"] and topic["says"] for topic in talk().values())
    assert all(a.asks and a.states and a.keys for a in attributes())
