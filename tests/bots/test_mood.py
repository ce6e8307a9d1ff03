"""A face follows the words: the last feeling of a reply, in several languages."""

from collections.abc import Mapping

import pytest

from bots.mood import FeltMood, WordMood


@pytest.mark.parametrize(
    ("words", "mood"),
    [
        ("*smiles* What a wonderful evening!", "joy"),
        ("*sighs* I was so lonely. I cried.", "sadness"),
        ("How dare you! I am furious.", "anger"),
        ("*gasps* No way! Wow!", "surprise"),
        ("I'm scared… *trembles*", "fear"),
        ("*hugs you* I love you all.", "love"),
        ("Hmm, let me think. Perhaps?", "thinking"),
        ("The train leaves at nine.", "neutral"),
        ("太好了！哈哈", "joy"),
        ("我好难过，想哭。", "sadness"),
        ("大好き！", "love"),
        ("😢", "sadness"),
        ("", "neutral"),
        ("Shell, glove, heartfelt scarcity", "neutral"),
    ],
)
async def test_words_show_their_mood(words: str, mood: str) -> None:
    assert await WordMood().read(words) == mood


async def test_the_last_feeling_wins() -> None:
    assert await WordMood().read("I was sad for a while. But now I laugh!") == "joy"


class Felt:
    """A reader that feels what it is told."""

    def __init__(self, **feelings: float) -> None:
        self.feelings = feelings

    async def read(self, text: str, /) -> Mapping[str, float]:
        return self.feelings


async def test_feelings_of_a_kind_add_up_to_a_mood() -> None:
    assert await FeltMood(Felt(excitement=0.3, amusement=0.3, fear=0.4), WordMood()).read("ok") == "joy"


async def test_a_reader_that_is_not_sure_leaves_it_to_the_words() -> None:
    assert await FeltMood(Felt(joy=0.2), WordMood()).read("*sighs*") == "sadness"


async def test_a_reader_of_english_is_not_asked_about_other_languages() -> None:
    assert await FeltMood(Felt(anger=0.9), WordMood()).read("太好了") == "joy"
