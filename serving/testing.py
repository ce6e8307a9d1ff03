"""An engine and an encoder without a model, for tests in any room: what they do is written down beforehand."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from serving.chat import ChatMessage, Completion, Delta, FinishReason, Sampling
from serving.engine import Window
from serving.errors import EngineAway, ServingError

Script = Callable[[Sequence[ChatMessage]], str]


class ScriptedEngine:
    """Says its replies in turn, then the last one again and again; or what a function of the prompt returns.

    `delay` is the seconds before each delta, on average over a reply (a late one is made up for by the next).
    `fail_after=n` raises `failure` after n deltas of each reply; 0 fails before the first.
    What it was asked stands in `prompts`, `samplings` and `loras`; what it did in `running`, `said` (deltas given
    out, all replies together), `finished` and `cancelled`. A token is a word with the space before it.
    """

    def __init__(
        self,
        replies: str | Sequence[str] | Script = "Hello there.",
        *,
        delay: float = 0.0,
        fail_after: int | None = None,
        failure: ServingError | None = None,
        model: str = "scripted",
        window: int = 8192,
    ) -> None:
        self._replies = scripted([replies] if isinstance(replies, str) else replies)
        self.delay = delay
        self._model = model
        self._window = Window(window, count_words)
        self.fail_after = fail_after
        self.failure = failure or EngineAway("The scripted engine was told to fail.")
        self.prompts: list[tuple[ChatMessage, ...]] = []
        self.samplings: list[Sampling] = []
        self.loras: list[str | None] = []
        self.running = self.said = self.finished = self.cancelled = 0
        self.closed = False

    @property
    def model(self) -> str:
        return self._model

    @property
    def window(self) -> Window:
        return self._window

    async def ready(self) -> None:
        """Fails at once where every reply would fail at once."""
        if self.fail_after == 0:
            raise self.failure

    async def aclose(self) -> None:
        self.closed = True

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        self.prompts.append(tuple(prompt))
        self.samplings.append(sampling)
        self.loras.append(lora)
        whole = self._replies(prompt)
        self.running += 1
        try:
            async for delta in self._paced(words_of(whole)[: sampling.max_tokens]):
                yield delta
        except (GeneratorExit, asyncio.CancelledError):
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        self.finished += 1
        yield self._completion(whole, prompt, sampling, lora)

    async def _paced(self, words: Sequence[str]) -> AsyncGenerator[Delta, None]:
        clock = asyncio.get_running_loop().time
        began = clock()
        for n, word in enumerate(words):
            if n == self.fail_after:
                raise self.failure
            await asyncio.sleep(max(0.0, began + (n + 1) * self.delay - clock()))
            self.said += 1
            yield Delta(word)
        if self.fail_after is not None and self.fail_after >= len(words):
            raise self.failure

    def _completion(
        self, whole: str, prompt: Sequence[ChatMessage], sampling: Sampling, lora: str | None
    ) -> Completion:
        words = words_of(whole)
        said = words[: sampling.max_tokens]
        reason: FinishReason = "stop" if len(said) == len(words) else "length"
        return Completion("".join(said), reason, self.model, count_words(prompt), len(said), lora=lora)


def scripted(replies: Sequence[str] | Script) -> Script:
    """One function for both ways of writing a script."""
    if callable(replies):
        return replies
    if not replies:
        raise ValueError("A scripted engine needs at least one reply.")
    told = endless(replies)
    return lambda prompt: next(told)


def endless(replies: Sequence[str]) -> Iterator[str]:
    """Each reply once, then the last for ever."""
    yield from replies
    while True:
        yield replies[-1]


def words_of(text: str) -> list[str]:
    """The text in pieces of a word with the space before it; joined they are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


def count_words(prompt: Sequence[ChatMessage]) -> int:
    """The prompt's length as a ScriptedEngine counts it: its words, and four for the frame of each message."""
    return sum(4 + len(words_of(message.content)) for message in prompt)


class HashingEncoder:
    """Vectors in which texts with words in common are close; no meaning, no model, the same on every machine."""

    def __init__(self, dim: int = 256) -> None:
        self._dim = dim
        self.encoded: list[str] = []

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def name(self) -> str:
        return f"hashing-{self._dim}"

    async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, float32, of shape (len(texts), dim)."""
        self.encoded.extend(texts)
        rows = np.zeros((len(texts), self._dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()) or ["(no words)"]:
                place = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
                row[place % self._dim] += 1.0 if place >> 63 else -1.0
            if not row.any():  # two words may cancel out, and a row must have a direction
                row[0] = 1.0
        return rows / np.linalg.norm(rows, axis=1, keepdims=True) if len(texts) else rows
