"""Example dialogues as authors of every country write them become exchanges."""

import pytest

from personas.card_examples import exchanged, exchanges

HALVES = (("hi", "yo"), ("你好", "喵"))
FORMS = {
    "a wide colon": "<START>\n{{user}}: hi\n{{char}}: yo\n<START>\n{{user}}：你好\n{{char}}：喵\n",
    "a wide colon after the name": "<START>\n{{user}}: hi\n小明： yo\n<START>\n{{user}}：你好\n小明：喵\n",
    "the mark in the line": "<START>{{user}}: hi\n{{char}}: yo\n<start> {{user}}：你好\n{{char}}：喵",
    "the mark behind the answer": "{{user}}: hi\n{{char}}: yo<START>\n{{user}}：你好\n{{char}}：喵 <START>",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_every_form_gives_the_same_exchanges(text: str) -> None:
    assert exchanges(text, "小明") == (HALVES, 0)


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_a_text_whose_exchanges_nobody_changed_is_given_back_as_it_was(text: str) -> None:
    assert exchanged(text, HALVES, HALVES, "小明") == text
