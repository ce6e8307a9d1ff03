"""How many tokens a prompt may have, without the model's tokeniser: high rather than low."""

import re
from collections.abc import Sequence

from serving.chat import ChatMessage

FRAME = 8  # what a chat template puts around a message; Llama 3's, the longest of the common ones, has five
PIECE = re.compile(r"[A-Za-z]+|[0-9]|[^\sA-Za-z0-9]|\s+")


def estimate(messages: Sequence[ChatMessage]) -> int:
    """At least what the tokenisers of today's models count for ordinary text; about half as much again for English.

    What is not covered: a tokeniser with a very small vocabulary, which may need twice as many.
    """
    return FRAME + sum(FRAME + sum(tokens_of(piece) for piece in PIECE.findall(m.content)) for m in messages)


def tokens_of(piece: str) -> int:
    """A word: one for every three letters; a digit or sign: one; a character beyond ASCII: its bytes less one."""
    if piece.isspace():
        return (piece.count("\n") + len(piece)) // 4
    if piece.isascii():
        return -(-len(piece) // 3)
    return max(1, len(piece.encode("utf-8", errors="replace")) - 1)
