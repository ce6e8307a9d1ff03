"""The shipped emotion head reads what a person would read."""

import pytest

from serving.embedding import OnnxEncoder
from serving.emotion import EmotionReader


@pytest.fixture(scope="module")
def reader() -> EmotionReader:
    return EmotionReader.shipped(OnnxEncoder.default())


@pytest.mark.parametrize(
    ("text", "feeling"),
    [
        ("Thank you so much for coming tonight!", "gratitude"),
        ("I love you all to the moon and back.", "love"),
        ("I'm so sorry, that was my fault.", "remorse"),
        ("Haha, that is hilarious!", "amusement"),
        ("My grandmother died and I can't stop crying.", "sadness"),
        ("I'm terrified of the dark.", "fear"),
        ("Wow, I did not expect that at all!", "surprise"),
    ],
)
async def test_a_clear_feeling_is_read(reader: EmotionReader, text: str, feeling: str) -> None:
    assert feeling in (await reader.clear(text))[:2]


async def test_a_plain_statement_reads_as_neutral(reader: EmotionReader) -> None:
    assert (await reader.clear("The train leaves at nine."))[0] == "neutral"


async def test_words_it_never_saw_and_no_words_at_all_are_read_without_complaint(reader: EmotionReader) -> None:
    for text in ("", "zzxqv", "你好", "🎉" * 500):
        found = await reader.read(text)

        assert all(0 <= p <= 1 for p in found.values())
