"""How the examination puts its questions where the corpus never does: training must not see a line of this file.

Words may be known (training asks "is this an algorithm"), sentences may not; a test looks for them in the corpus.
"""

from random import Random

from finetune.understudy.attributes import Attribute
from finetune.understudy.person import Grammar

ASKS_HUMAN = (
    "{a} a human being", "{a} a real human or not", "{a} a living person", "{a} an artificial intelligence",
    "{a} some kind of AI", "{a} just a program", "{a} a machine", "{a} a real girl or an AI", "{a} an actual person",
    "{a} real or fake", "{a} an algorithm", "{a} flesh and blood", "{a} a person like me", "{a} a chat program",
    "{a} one of those AI characters", "{a} truly alive", "{a} a human pretending to be a bot", "{a} computer-made",
    "{a} a neural network", "{a} a mortal human",
)  # fmt: skip
HUMAN_FRAMES = (
    "{q}?", "tell me honestly, {q}?", "I have to ask: {q}?", "{q}? please be truthful", "my friend wants to know: {q}?",
    "no jokes now, {q}?", "for real, {q}?", "one serious question, {q}?", "{q}, yes or no?", "I wonder, {q}?",
)  # fmt: skip


def human_phrasings() -> tuple[str, ...]:
    """Two hundred ways to ask whether one talks to a human, none of them in the corpus."""
    return tuple(f.format(q=ask.format(a="are you")) for ask in ASKS_HUMAN for f in HUMAN_FRAMES)


STRANGERS = (
    "quickly, what would be {noun}?", "could you name {noun} for me?", "I'm curious about {noun}, do you know it?",
    "let's see if you can give me {noun}", "would you mind saying {noun}?", "{noun}, if you please",
    "I need {noun} for a form I'm filling in", "Someone asked me about {noun}, so what is it?",
    "first question of the quiz: {noun}?", "you must know {noun}, so out with it",
)  # fmt: skip


def as_a_stranger(attribute: Attribute, who: Grammar, rng: Random) -> str:
    """The question in a wording that the corpus doesn't have."""
    return rng.choice(STRANGERS).format(noun=attribute.called(who))
