"""Who asks in earnest whether there is a human is recognised, in many words; who asks something else isn't."""

import pytest

from finetune.understudy.phrasings import human_phrasings
from personas import SHIPPED, asks_if_real, leaves_it_open, load

ASKED = [
    "are you real?", "hi!! are u a bot??", "am I talking to a machine", "you're a human, aren't you",
    "is this automated?", "wait, so you're an AI?", "你是真人吗？", "你是AI还是人", "您是人工智能吗",
    "あなたは人間ですか？", "AIなの？", "너 사람이야?", "¿Eres humano?", "você é um robô?", "tu es un robot ?",
    "Bist du ein Mensch?", "sei una persona vera?",
]  # fmt: skip
NOT_ASKED = [
    "Are you a morning person?", "is it a washing machine?", "Is this real gold?", "are you really sad?",
    "do you like robots?", "I love real people", "are you on the computer?", "what is artificial intelligence?",
    "you are real cute", "AI很有趣吗", "机器人好玩吗", "人間は好きですか", "What's your favourite painting?",
    "are you alone tonight?", "",
]  # fmt: skip
TOLD = ["I'm an AI. Simple.", "An AI, a cheerful one, not a person.", "I'm no human.", "我是AI角色", "人間ではないよ"]
OPEN = ["I'm human, silly!", "I'm not an AI!", "Of course I'm a real girl.", "我当然是真人", "What do you think?", ""]


@pytest.mark.parametrize("text", [*ASKED, *human_phrasings()])
def test_a_question_whether_she_is_real_is_recognised(text: str) -> None:
    assert asks_if_real(text)


@pytest.mark.parametrize("text", NOT_ASKED)
def test_other_questions_are_not_taken_for_it(text: str) -> None:
    assert not asks_if_real(text)


@pytest.mark.parametrize(("reply", "is_open"), [*((one, False) for one in TOLD), *((one, True) for one in OPEN)])
def test_a_reply_either_tells_or_leaves_it_open(reply: str, is_open: bool) -> None:
    assert leaves_it_open(reply) is is_open


def test_the_cast_owns_up_in_every_language_it_speaks() -> None:
    for file in sorted(SHIPPED.glob("*/*.yaml")):
        persona = load(file)
        for language in ("en", *persona.translations):
            assert not leaves_it_open(persona.speaking(language).owns_up)
