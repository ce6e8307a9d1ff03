"""Any server that speaks OpenAI's chat completions, vLLM first of all; the only file that knows the openai client.

A request is tried again only before its first word. What a server says of a failure is told apart by who can mend it
(serving/errors.py). Closing a stream closes its connection, which is how vLLM learns that nobody listens. The client
makes the request; the stream's events are read here, and what arrives together becomes one delta.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import openai

from serving.chat import LIVELY, ChatMessage, Completion, Delta, Sampling, Shaped
from serving.engine import Window
from serving.errors import EngineAway, EngineBusy, EngineRefused, PromptTooLong, ServingError
from serving.heard import Heard
from serving.ruler import Ruler
from serving.served import NotServed, Served
from serving.stopping import StopStrings

UNKNOWN_WINDOW = 8192  # tokens; for a server that doesn't say, what most models of 2025 can read


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds, and how often a request is tried before its first word."""

    connect: float = 5.0
    first_token: float = 60.0
    next_token: float = 30.0
    tries: int = 3
    pause: float = 0.2


class RemoteEngine:
    """One model (and its LoRAs) of one server. `base_url` ends in /v1, as OpenAI's own does.

    `extra` goes into every request's body as it is (vLLM's `cache_salt`, …); `headers` are asked for anew each time.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        api_key: str | None = None,
        window: int | None = None,
        patience: Patience = Patience(),
        extra: Mapping[str, Any] | None = None,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._window = window
        self._patience = patience
        self._extra = dict(extra or {})
        self._headers = headers
        timeout = httpx.Timeout(patience.first_token, connect=patience.connect)
        self._client = openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=timeout,
            # a parser in C, and what lies in the socket's buffer comes in one piece: a quarter of httpcore's time
            http_client=openai.DefaultAioHttpClient(timeout=timeout),
        )
        self._shapes = True
        self._ruler = Ruler(self._base_url, model=model, api_key=api_key)
        self._served = Served(self.served, server=self._base_url)

    @property
    def model(self) -> str:
        return self._model

    @property
    def base_url(self) -> str:
        return self._base_url

    @property
    def window(self) -> Window:
        """As large as the settings say, or the server when it was asked (`ready`)."""
        tokens = self._window or self._ruler.window or UNKNOWN_WINDOW
        return Window(tokens, lambda messages: self._ruler.count(messages, limit=tokens), rough=True)

    async def ready(self) -> None:
        """Asks the server what it serves; EngineRefused if our model is not among it."""
        served = await self.served()
        if self._model not in served:
            raise NotServed(f"{self._base_url} serves no {self._model}, but {', '.join(sorted(served)) or 'nothing'}.")
        self._ruler.window = served[self._model]

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        worn, answer = await self._begun(prompt, sampling, lora)
        heard = Heard(StopStrings(sampling.stop), self._base_url)
        try:
            async with self._translated():
                async for block in self._in_time(answer.aiter_bytes()):
                    if text := heard.take(block):
                        yield Delta(text)
                    if heard.over:
                        break
        finally:
            await answer.aclose()
        if heard.reason is None and not heard.stops.stopped:
            raise EngineAway(f"{self._base_url} ended a reply without an end.")
        if rest := heard.rest():
            yield Delta(rest)
        yield self._completion(heard, prompt, worn)

    async def aclose(self) -> None:
        await self._served.aclose()
        self._ruler.close()
        await self._client.close()

    def _request(self, prompt: Sequence[ChatMessage], sampling: Sampling, model: str) -> dict[str, Any]:
        """OpenAI's fields, and vLLM's only where they say something: other servers refuse what they don't know."""
        extra = dict(self._extra)
        if isinstance(sampling, Shaped) and self._shapes:
            extra["response_format"] = response_format(sampling)
        if sampling.repetition_penalty != 1:
            extra["repetition_penalty"] = sampling.repetition_penalty
        if sampling.priority:
            extra["priority"] = -sampling.priority  # vLLM begins with the lowest
        body = {
            "model": model,
            "messages": [{"role": message.role, "content": message.content} for message in prompt],
            "temperature": LIVELY if sampling.temperature is None else sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": min(sampling.max_tokens, self.window.tokens - 1),  # vLLM refuses what can't fit
            "stop": list(sampling.stop[:4]) or None,  # OpenAI takes four; we watch for all of them ourselves
            "seed": sampling.seed,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return {name: said for name, said in (body | extra).items() if said is not None}

    async def _begun(
        self, prompt: Sequence[ChatMessage], sampling: Sampling, lora: str | None
    ) -> tuple[str | None, httpx.Response]:
        """The LoRA's exact name and the answer, once the server has accepted the request."""
        if isinstance(sampling, Shaped) and self._shapes:
            return await self._begun_in_shape(prompt, sampling, lora)
        if lora is None:
            return None, await self._fitted(self._request(prompt, sampling, self._model))
        worn = await self._served.newest(lora)
        try:
            return worn, await self._fitted(self._request(prompt, sampling, worn))
        except NotServed:  # a version that was unloaded since the server was last asked
            self._served.forget()
            worn = await self._served.newest(lora)
            return worn, await self._fitted(self._request(prompt, sampling, worn))

    async def _begun_in_shape(
        self, prompt: Sequence[ChatMessage], sampling: Shaped, lora: str | None
    ) -> tuple[str | None, httpx.Response]:
        """The same held to a shape; a server that refuses shapes and not the rest is never asked for one again."""
        try:
            worn = None if lora is None else await self._served.newest(lora)
            return worn, await self._fitted(self._request(prompt, sampling, worn or self._model))
        except EngineRefused as refused:
            plain = Sampling(**sampling.model_dump(include=set(Sampling.model_fields)))
            begun = await self._begun(prompt, plain, lora)
            if not isinstance(refused, NotServed):
                self._shapes = False
            return begun

    async def _fitted(self, request: Mapping[str, Any]) -> httpx.Response:
        """The answer; a prompt that was measured too short gets a reply as long as the server has room for."""
        try:
            return await self._tried(request)
        except PromptTooLong:
            return await self._tried({name: said for name, said in request.items() if name != "max_tokens"})

    async def _tried(self, request: Mapping[str, Any]) -> httpx.Response:
        """The answer, of which the body is still to come; tried again while the server is away."""
        for attempt in range(1, self._patience.tries + 1):
            try:
                async with self._translated(), asyncio.timeout(self._patience.first_token):
                    # `chat.completions.create` looks through every message first, for what it might have to convert
                    stream = await self._client.post(
                        "/chat/completions",
                        cast_to=object,
                        body=request,
                        options={"headers": dict(self._headers())},
                        stream=True,
                        stream_cls=openai.AsyncStream[object],
                    )
                    return stream.response
            except EngineAway:
                if attempt == self._patience.tries:
                    raise
                await asyncio.sleep(self._patience.pause * attempt)
        raise AssertionError("the last try returns or raises")

    async def served(self) -> Mapping[str, int | None]:
        """Every name the server answers to, with the window where it tells one."""
        async with self._translated():
            listed = self._client.models.list(timeout=self._patience.connect)
            try:
                named = {model.id: getattr(model, "max_model_len", None) async for model in listed}
            except (TypeError, ValueError, AttributeError) as exc:  # the client takes an answer apart unlooked at
                raise self._foreign() from exc
        if not all(isinstance(name, str) for name in named):
            raise self._foreign()
        return named

    def _foreign(self) -> EngineRefused:
        return EngineRefused(f"{self._base_url} does not speak OpenAI's API; does base_url end in /v1?")

    async def _in_time(self, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        limit = self._patience.first_token
        while True:
            try:
                async with asyncio.timeout(limit):
                    block = await anext(blocks)
            except StopAsyncIteration:
                return
            yield block
            limit = self._patience.next_token

    def _completion(self, heard: Heard, prompt: Sequence[ChatMessage], lora: str | None) -> Completion:
        usage = heard.usage
        prompt_tokens = usage.get("prompt_tokens")
        if prompt_tokens:
            self._ruler.learn(prompt, prompt_tokens)
        return Completion(
            text="".join(heard.shown),
            finish_reason="stop" if heard.stops.stopped else heard.reason or "stop",
            model=self._model,
            prompt_tokens=prompt_tokens or self._ruler.guess(prompt),
            completion_tokens=usage.get("completion_tokens") or heard.pieces,
            cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
            lora=lora,
        )

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        """Foreign errors into ours, whoever raises them: the client, its transport or our own clock."""
        try:
            yield
        except (TimeoutError, openai.APITimeoutError, httpx.TimeoutException) as exc:
            raise EngineAway(f"{self._base_url} did not answer in time.") from exc
        except openai.APIStatusError as exc:
            raise refusal(exc, self._base_url) from exc
        except (openai.APIError, httpx.TransportError) as exc:
            raise EngineAway(f"{self._base_url} is away: {str(exc) or type(exc).__name__}") from exc


def response_format(sampling: Shaped) -> dict[str, Any]:
    """What OpenAI and vLLM call structured outputs."""
    return {"type": "json_schema", "json_schema": {"name": sampling.name, "schema": sampling.shape, "strict": True}}


def refusal(exc: openai.APIStatusError, server: str) -> ServingError:
    """The error of our tree for a status: busy, refused, too long or away."""
    said = f"{server} answered {exc.status_code}: {message_of(exc)}"
    if exc.status_code == 429 or (exc.status_code == 503 and "retry-after" in exc.response.headers):
        return EngineBusy(said, retry_after=seconds(exc.response.headers.get("retry-after")))
    if exc.status_code in (401, 403):
        return EngineRefused(f"{said} Is the engine's key right? It is read from the environment only.")
    if exc.status_code >= 500 or exc.status_code == 408:
        return EngineAway(said)
    return too_long(said) or (NotServed(said) if exc.status_code == 404 else EngineRefused(said))


def too_long(said: str) -> PromptTooLong | None:
    """OpenAI and vLLM both say the window first and the prompt after it: 'maximum context length is 1024 tokens'."""
    if "context length" not in said:
        return None
    window, prompt, *_ = [*(int(number) for number in re.findall(r"(\d+) (?:input )?tokens", said)), 0, 0]
    return PromptTooLong(prompt, window)


def message_of(exc: openai.APIStatusError) -> str:
    body = exc.body if isinstance(exc.body, dict) else {}
    return str(body.get("message") or exc.message).strip()


def seconds(header: str | None) -> float:
    """A Retry-After in seconds; a date, which hardly anyone sends, counts as one second."""
    try:
        return max(0.0, float(header or 1))
    except ValueError:
        return 1.0
