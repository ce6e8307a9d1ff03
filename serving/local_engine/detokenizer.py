"""Tokens to text, a piece at a time, and never half a character: one emoji can be four tokens."""

from collections.abc import Callable, Sequence

UNFINISHED = "\ufffd"
Decode = Callable[[Sequence[int]], str]


class Detokenizer:
    """Decodes a growing list of tokens; what each token adds depends on a few before it.

    The way of vLLM and text-generation-inference: decode a short stretch with and without the new tokens, and give
    out the difference once it ends in a whole character.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._from = 0  # where the stretch begins
        self._given = 0  # tokens whose text was given out

    def feed(self, token: int) -> str:
        """The text that is whole now; often one word, empty within a character."""
        self._tokens.append(token)
        text = self._new_text()
        return "" if text.endswith(UNFINISHED) else self._give(text)

    def flush(self) -> str:
        """What is left at the end, without a character that never became whole."""
        return self._give(self._new_text().rstrip(UNFINISHED))

    def _new_text(self) -> str:
        before = self._decode(self._tokens[self._from : self._given])
        return self._decode(self._tokens[self._from :])[len(before) :]

    def _give(self, text: str) -> str:
        self._from, self._given = self._given, len(self._tokens)
        return text
