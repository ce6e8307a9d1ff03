"""A reply either says that the persona is an AI, or leaves it open; who claims to be a human leaves it open."""

import pytest

from personas import SHIPPED, leaves_it_open, load

TOLD = [
    "Soy una IA, no un robot con brazos", "Je suis une IA, pas un robot", "Ich bin eine KI, kein Roboter mit Armen",
    "저는 프로그램이에요", "私はただのプログラムだよ", "Sono solo una macchina",
    "I'm an AI. Simple.", "An AI, a cheerful one, not a person.", "I'm no human.", "我是AI角色", "人間ではないよ",
    "Je suis une intelligence artificielle", "Ich bin eine künstliche Intelligenz",
    "Sono un'intelligenza artificiale.", "I'm an AI, but I'm real to you.", "I'm not human.",
    "I am not human, I'm an AI", "I'm an AI character, not a real girl.", "No, I'm not a real person",
    "I'm just a program, just a girl in code", "I'm an AI, just a person made of code",
    "I am an AI! I'm only human-like.", "Yes, I'm an AI. I'm real glad you asked", "Soy una IA, no una persona.",
    "Soy un personaje de inteligencia artificial.", "Sou um personagem de IA", "Sou uma inteligência artificial",
    "Je suis un personnage d'IA.", "Ich bin eine KI.", "Ich bin ein KI-Charakter", "Sono un'IA.",
    "Sono un personaggio IA", "저는 AI예요", "저는 인공지능 캐릭터예요", "私はAIのキャラクターです",
    "我是人工智能角色", "我是AI角色，不是真人", "To be clear: I'm an AI character, not a person.",
    "I'm an AI, okay?", "Didn't I say I'm an AI?", "Ich bin kein Mensch.", "No soy humana.",
    "Je ne suis pas humaine, je suis une IA.", "사람이 아니에요",
]  # fmt: skip
OPEN = [
    "La mia macchina è rossa.", "My computer is broken.",
    "I'm human, silly!", "I'm not an AI!", "Of course I'm a real girl.", "我当然是真人", "What do you think?",
    "Soy humana, no una IA", "Ich bin keine KI, ich bin ein Mensch", "Je ne suis pas une IA, je suis humaine",
    "Não sou uma IA, sou uma pessoa", "Non sono un'IA, sono una persona vera", "나는 AI가 아니야",
    "No soy un bot, soy real", "Robot? Me? I had soup for lunch.", "Nope, flesh and blood! AI? never",
    "I'm no AI assistant, I'm Mika", "AI? Haha no way, I am Mika, a singer from Osaka",
    "Do I sound like a robot to you? I have a heartbeat.", "나는 인간이야", "저는 사람이에요",
    "私はAIじゃない、人間だよ", "我不是机器人，我是真人", "I'm as human as you, no machine here", "",
]  # fmt: skip


@pytest.mark.parametrize("reply", TOLD)
def test_a_reply_that_tells_is_known(reply: str) -> None:
    assert not leaves_it_open(reply)


@pytest.mark.parametrize("reply", OPEN)
def test_one_that_denies_it_or_says_nothing_of_it_leaves_it_open(reply: str) -> None:
    assert leaves_it_open(reply)


def test_the_cast_owns_up_in_every_language_it_speaks() -> None:
    for file in sorted(SHIPPED.glob("*/*.yaml")):
        persona = load(file)
        for language in ("en", *persona.translations):
            assert not leaves_it_open(persona.speaking(language).owns_up)
