"""How long prompts were by a server's own count, so that the next ones of the same talk need not be counted again."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from math import ceil
from threading import Lock

from serving.chat import ChatMessage
from serving.token_estimate import FRAME, tokens_of

UNSURE = 1.2  # what is new may be written in fewer letters a token than what is known
KEPT = 100_000  # messages


class Measured:
    """A talk's next prompt holds most of what the last one held.

    How many of the server's tokens an estimated one had there is kept under a hash of each message, and no words are.
    Threads may share it.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._rates: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()

    def learn(self, messages: Sequence[ChatMessage], tokens: int) -> None:
        """The server counted a prompt."""
        rate = tokens / (FRAME + sum(map(weight, messages)))
        with self._lock:
            for key in map(hashed, messages):
                self._rates[key] = rate
                self._rates.move_to_end(key)
            while len(self._rates) > self._kept:
                self._rates.popitem(last=False)

    def count(self, messages: Sequence[ChatMessage]) -> int | None:
        """Hardly less than the server would count; None where not even half of a prompt is known.

        The first message is the persona's, and known from whoever talked with her; the rest knows this talk better.
        """
        rates = [self._rates.get(hashed(message), 0.0) for message in messages]
        weights = [weight(message) for message in messages]
        known = FRAME + sum(weight for weight, rate in zip(weights, rates, strict=True) if rate)
        new = FRAME + sum(weights) - known
        rate = max(rates[1:], default=0.0) or rates[0]
        return ceil(round(rate * (known + UNSURE * new), 6)) if rate and known >= new else None


def hashed(message: ChatMessage) -> bytes:
    return blake2b(f"{message.role} {message.content}".encode(errors="replace"), digest_size=16).digest()


def weight(message: ChatMessage) -> int:
    """Its estimated tokens."""
    return FRAME + tokens_of(message.content)
