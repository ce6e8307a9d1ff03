"""Measures a prompt for a server whose tokeniser is elsewhere: by what it said of others, by estimate, or by asking."""

from collections.abc import Sequence

import httpx

from serving.chat import ChatMessage
from serving.measured import Measured
from serving.token_estimate import estimate


class Ruler:
    """Measures prompts for one server: by estimate while there is room, by vLLM's own tokeniser when it gets tight.

    Asking costs a round trip in which the calling thread waits, so a prompt that goes on from another is measured by
    what the server said of that, and one that fills half the window by a high estimate needs no better number. What
    the server says a prompt had makes the estimates after it no lower.
    """

    def __init__(self, base_url: str, *, model: str, api_key: str | None) -> None:
        self._model = model
        self._url = base_url.removesuffix("/v1") + "/tokenize"
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(timeout=1.0, headers=headers)
        self._exact = True
        self._factor = 1.0
        self._measured = Measured()
        self.window: int | None = None

    def count(self, messages: Sequence[ChatMessage], *, limit: int) -> int:
        if (measured := self._measured.count(messages)) is not None:
            return measured
        guessed = self.guess(messages)
        if guessed <= limit / 2 or not self._exact:
            return guessed
        counted = self._ask(messages)
        return guessed if counted is None else counted

    def guess(self, messages: Sequence[ChatMessage]) -> int:
        return int(estimate(messages) * self._factor)

    def learn(self, messages: Sequence[ChatMessage], tokens: int) -> None:
        """A tokeniser that needs more than we thought makes all later estimates higher."""
        self._factor = max(self._factor, 1.1 * tokens / estimate(messages))
        self._measured.learn(messages, tokens)

    def close(self) -> None:
        self._http.close()

    def _ask(self, messages: Sequence[ChatMessage]) -> int | None:
        """vLLM's count; None, and never asked again, from a server that has no /tokenize."""
        told = [{"role": message.role, "content": message.content} for message in messages]
        try:
            answer = self._http.post(self._url, json={"model": self._model, "messages": told})
        except httpx.TransportError:
            return None
        counted = count_in(answer)
        self._exact = counted is not None
        return counted


def count_in(answer: httpx.Response) -> int | None:
    """The number vLLM answers with; None for another server's answer, such as llama.cpp's list of no tokens."""
    if answer.status_code != 200:
        return None
    try:
        body = answer.json()
    except ValueError:
        return None
    count = body.get("count") if isinstance(body, dict) else None
    return count if isinstance(count, int) else None
