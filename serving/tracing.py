"""OpenTelemetry, where an operator wants it: the only file that knows it exists, and nobody else imports it.

A span carries names, counts and seconds; never words, and no id of a fan. What goes wrong is told by its type only,
because a server's sentence may quote what it was asked.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace import Tracer as Tracer

from serving.chat import ChatMessage, Completion, Delta, Sampling
from serving.engine import Engine
from serving.engine_around import EngineAround
from serving.errors import ServingError

Attributes = Mapping[str, str | int | float]


@asynccontextmanager
async def tracing_to(endpoint: str) -> AsyncIterator[Tracer]:
    """Sends spans to a collector's OTLP address over HTTP until the block ends; then what is left is sent."""
    provider = TracerProvider(resource=Resource.create({"service.name": "greenroom"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)))
    try:
        yield provider.get_tracer("greenroom")
    finally:
        await asyncio.to_thread(provider.shutdown)


@contextmanager
def spanning(tracer: Tracer, name: str, attributes: Attributes) -> Iterator[Span]:
    """A span around what happens in the block, and the parent of spans begun in it."""
    with tracer.start_as_current_span(
        name, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
    ) as span:
        yield span


def add(span: Span, attributes: Attributes) -> None:
    span.set_attributes(dict(attributes))


def headers() -> dict[str, str]:
    """`traceparent` of the span that is current, for a server that traces too; nothing outside of one."""
    carried: dict[str, str] = {}
    inject(carried)
    return carried


class TracedEngine(EngineAround):
    """An engine with a span for each reply."""

    def __init__(self, engine: Engine, tracer: Tracer, *, name: str) -> None:
        super().__init__(engine)
        self._tracer = tracer
        self._name = name

    async def stream(
        self, prompt: Sequence[ChatMessage], *, sampling: Sampling, lora: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        # not made current: a generator may be ended in another context than it was begun in
        span = self._tracer.start_span(f"chat {self._name}", kind=SpanKind.CLIENT, attributes=asked(self, lora))
        try:
            async with aclosing(super().stream(prompt, sampling=sampling, lora=lora)) as stream:
                first = True
                async for piece in stream:
                    if first:
                        span.add_event("first word")
                        first = False
                    if isinstance(piece, Completion):
                        add(span, answered(piece))
                    yield piece
        except ServingError as exc:
            span.set_status(Status(StatusCode.ERROR, type(exc).__name__))
            raise
        finally:
            span.end()


def asked(engine: Engine, lora: str | None) -> dict[str, str]:
    """What a request is, in the words of OpenTelemetry's conventions for generative models."""
    return {"gen_ai.operation.name": "chat", "gen_ai.request.model": engine.model, "greenroom.lora": lora or ""}


def answered(completion: Completion) -> Attributes:
    return {
        "gen_ai.response.model": completion.model,
        "gen_ai.usage.input_tokens": completion.prompt_tokens,
        "gen_ai.usage.output_tokens": completion.completion_tokens,
        "greenroom.cached_tokens": completion.cached_tokens,
        "greenroom.finish": completion.finish_reason,
    }
