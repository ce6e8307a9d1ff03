"""What a persona feels while she says something, read from her own words, so that her face can follow.

`FeltMood` asks the emotion reader of the serving room (an encoder and a small head); `WordMood` counts words, emoji
and stage directions, needs no model, and stands in where there is none. Both read the end of a reply: a face shows
the last feeling, not the average.

What is not covered: irony, and moods the words don't show.
"""

import re
from collections.abc import Mapping
from typing import Protocol

from bots.rooms import MoodReader
from personas import Mood

LATEST_CHARACTERS = 240
SURE_ENOUGH = 0.45

SIGNS: Mapping[Mood, str] = {
    "joy": r"smil\w*|laugh\w*|giggl\w*|grin\w*|beam\w*|chuckl\w*|happy|happily|glad\w*|yay|wonderful|great|excited|"
    r"delight\w*|fun|cheer\w*|haha+|hehe+|hooray|"
    r"开心|高兴|太好了|哈哈\w*|嘿嘿|笑|嬉しい|楽しい|やった|[😀😃😄😁😆😊🙂🎉✨🎶🥳]",
    "sadness": r"sad\w*|cry\w*|cries|tear\w*|sigh\w*|lonely|miss (?:you|him|her|them)|sorry to hear|mourn\w*|"
    r"grie[fv]\w*|heartbr\w*|难过|伤心|哭|唉|寂寞|悲しい|寂しい|泣\w*|[😢😭😔😞🥺☹]",
    "anger": r"angry|anger\w*|furious|glare\w*|scowl\w*|growl\w*|annoy\w*|hate|unfair|how dare|"
    r"生气|气死|讨厌|可恶|怒\w*|許せない|[😠😡🤬]",
    "surprise": r"wow|whoa|gasp\w*|surpris\w*|really\?+!*|no way|what\?!+|oh my|blink\w*|eyes widen\w*|unbelievable|"
    r"哇\w*|真的吗|居然|竟然|天哪|えっ|びっくり|本当\?|[😮😲😯🤯‼⁉]",
    "fear": r"afraid|scar(?:ed|y)|fear\w*|trembl\w*|shiver\w*|nervous\w*|worr(?:y|ied)|anxious|"
    r"害怕|可怕|担心|怕|怖い|心配|[😨😰😱]",
    "love": r"love\w*|hug\w*|kiss\w*|dear\w*|sweetheart|blush\w*|adore\w*|cherish\w*|heart|"
    r"爱\w*|喜欢你|抱抱|亲\w*|大好き|愛\w*|[❤💕💖😍🥰😘♥]",
    "thinking": r"hmm+|think\w*|wonder\w*|ponder\w*|let me see|maybe|perhaps|tilts? (?:her|his|their) head|not sure|"
    r"don't know(?: yet)?|想想|嗯+|也许|可能|不知道|让我想|うーん|たぶん|かな|[🤔💭]",
}
PATTERNS = {mood: re.compile(rf"(?<![a-z])(?:{signs})(?![a-z])", re.IGNORECASE) for mood, signs in SIGNS.items()}


FEELINGS: Mapping[Mood, tuple[str, ...]] = {
    "joy": ("joy", "amusement", "excitement", "optimism", "pride", "relief", "gratitude", "admiration"),
    "love": ("love", "caring", "desire"),
    "sadness": ("sadness", "grief", "disappointment", "remorse", "embarrassment"),
    "anger": ("anger", "annoyance", "disgust", "disapproval"),
    "surprise": ("surprise",),
    "fear": ("fear", "nervousness"),
    "thinking": ("confusion", "curiosity", "realization"),
}


class Feelings(Protocol):
    """The serving room's reader: words to a probability for each of GoEmotions' 28 feelings."""

    async def read(self, text: str, /) -> Mapping[str, float]: ...


class WordMood:
    """The mood most of a reply's last words are signs of; neutral if none are. Later signs weigh more."""

    async def read(self, words: str) -> Mood:
        latest = words[-LATEST_CHARACTERS:]
        weights = {mood: weight_of(pattern, latest) for mood, pattern in PATTERNS.items()}
        mood = max(weights, key=lambda mood: weights[mood])
        return mood if weights[mood] > 0 else "neutral"


class FeltMood:
    """The likeliest feeling of a reply's last words, if the reader is sure enough; else what the words are signs of."""

    def __init__(self, feelings: Feelings, otherwise: MoodReader) -> None:
        self._feelings = feelings
        self._otherwise = otherwise

    async def read(self, words: str) -> Mood:
        latest = words[-LATEST_CHARACTERS:].strip()
        if not latest or not latest.isascii():  # the reader knows English only
            return await self._otherwise.read(latest)
        found = await self._feelings.read(latest)
        weights = {mood: sum(found.get(label, 0.0) for label in labels) for mood, labels in FEELINGS.items()}
        mood = max(weights, key=lambda mood: weights[mood])
        return mood if weights[mood] >= SURE_ENOUGH else await self._otherwise.read(latest)


def weight_of(pattern: re.Pattern[str], words: str) -> float:
    """Each sign counts one, and up to one more the nearer it stands to the end."""
    return sum(1 + found.end() / len(words) for found in pattern.finditer(words))
