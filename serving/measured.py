"""How long prompts were by a server's own count, so that the next ones of the same talk need not be counted again."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from math import ceil
from statistics import median_high
from threading import Lock

from serving.chat import ChatMessage
from serving.token_estimate import estimate

UNSURE = 1.2  # what is new may be written in fewer letters a token than what is known
PLAUSIBLE = 0.4  # tokens in an estimated one; who counts fewer leaves out what was found in a cache
STEADY = 0.9  # nor does a talk's rate fall further from one prompt to the next
KEPT = 100_000  # messages


class Measured:
    """A talk's next prompt holds most of what the last one held.

    How many of the server's tokens an estimated one had there is kept under a hash of each message, and no words are.
    A rate that can't be is not believed: some servers count what they had to read, and no more. Threads may share it.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._rates: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()

    def learn(self, messages: Sequence[ChatMessage], tokens: int) -> None:
        """The server counted a prompt."""
        rate, talk = tokens / estimate(messages), self._rates_of(messages[1:])
        if len(talk) > len(messages) / 2 and rate < STEADY * median_high(talk):
            rate = median_high(talk)
        if rate < PLAUSIBLE:
            return
        with self._lock:
            for key in map(hashed, messages):
                self._rates[key] = rate
                self._rates.move_to_end(key)
            while len(self._rates) > self._kept:
                self._rates.popitem(last=False)

    def count(self, messages: Sequence[ChatMessage]) -> int | None:
        """Hardly less than the server would count; None where not even half of a prompt is known.

        The first message is the persona's, and known from whoever talked with her; the rest knows this talk better,
        even if a word of it was said in another, too.
        """
        rates = self._rates_of(messages[1:]) or self._rates_of(messages[:1])
        known = estimate([message for message in messages if hashed(message) in self._rates])
        new = estimate(messages) - known
        return ceil(round(median_high(rates) * (known + UNSURE * new), 6)) if rates and known >= new else None

    def _rates_of(self, messages: Sequence[ChatMessage]) -> list[float]:
        """Those of the messages that are known."""
        return [rate for message in messages if (rate := self._rates.get(hashed(message)))]


def hashed(message: ChatMessage) -> bytes:
    return blake2b(f"{message.role} {message.content}".encode(errors="replace"), digest_size=16).digest()
