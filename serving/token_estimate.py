"""How many tokens a prompt may have, without the model's tokeniser: high rather than low."""

import re
from collections.abc import Sequence

from serving.chat import ChatMessage

FRAME = 8  # what a chat template puts around a message; Llama 3's, the longest of the common ones, has five
COUNTED = re.compile(r"[A-Za-z]{1,3}|[^\sA-Za-z\x80-\U0010ffff]")
GAP = re.compile(r"\s{2,}")
BEYOND = re.compile(r"[^\s\x00-\x7f]")


def estimate(messages: Sequence[ChatMessage]) -> int:
    """At least what the tokenisers of today's models count for ordinary text; about half as much again for English.

    What is not covered: a tokeniser with a very small vocabulary, which may need twice as many.
    """
    return FRAME + sum(FRAME + tokens_of(m.content) for m in messages)


def tokens_of(text: str) -> int:
    """A word: one for every three letters; a digit or sign: one; a character beyond ASCII: its bytes less one."""
    gaps: int = sum((gap.count("\n") + len(gap)) // 4 for gap in GAP.findall(text))
    beyond: int = sum(max(1, len(sign.encode("utf-8", errors="replace")) - 1) for sign in BEYOND.findall(text))
    return len(COUNTED.findall(text)) + gaps + beyond
