"""What a collector of traces receives from a house: a span for each turn, the engine's below it, and nobody's words."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bots.testing import answer_to, house_in_ram
from bots.traced import traced
from serving import ChatMessage, EngineAway, Sampling
from serving.remote_engine import RemoteEngine
from serving.testing import ScriptedEngine
from serving.tracing import TracedEngine, headers, spanning, tracing_to
from tests.serving.fake_openai import fake_openai


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[Span]]]:
    """An address that takes spans, and the spans it took."""
    took: list[Span] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        if "content-encoding: gzip" in head:
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            took.extend(span for scope in resource.scope_spans for span in scope.spans)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/traces", took


def attributes(span: Span) -> dict[str, object]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


async def test_a_turn_is_a_span_with_its_steps_and_the_engines_reply_below_it() -> None:
    async with collector() as (address, took), tracing_to(address) as tracer:
        engine = TracedEngine(ScriptedEngine("A canary reply."), tracer, name="gpu")
        async with house_in_ram(engine) as house:
            house.hall._answer = traced(house.hall._answer, lambda *said: spanning(tracer, *said))
            await answer_to(house, "My cat is called Miso.", fan="web:canary-kim")

    (turn,) = [span for span in took if span.name == "turn"]
    (reply,) = [span for span in took if span.name == "chat gpu"]
    assert reply.parent_span_id == turn.span_id
    assert attributes(turn)["greenroom.outcome"] == "answered"
    assert attributes(turn)["greenroom.seconds.recall"] is not None
    assert attributes(reply)["gen_ai.usage.output_tokens"] == 3
    everything = str(took)
    assert "canary" not in everything
    assert "Miso" not in everything


async def test_a_failure_is_told_by_its_type_and_not_by_its_sentence() -> None:
    async with collector() as (address, took), tracing_to(address) as tracer:
        broken = ScriptedEngine(fail_after=0, failure=EngineAway("it said: Miso"))
        engine = TracedEngine(broken, tracer, name="gpu")
        with pytest.raises(EngineAway):
            await anext(engine.stream([ChatMessage("user", "hi")], sampling=Sampling()))

    (reply,) = took
    assert reply.status.message == "EngineAway"
    assert "Miso" not in str(reply)


async def test_a_server_is_told_which_trace_a_request_belongs_to() -> None:
    async with collector() as (address, took), fake_openai() as fake, tracing_to(address) as tracer:
        engine = RemoteEngine(fake.url, model="base", headers=headers)
        with spanning(tracer, "turn", {}):
            async for _ in engine.stream([ChatMessage("user", "hi")], sampling=Sampling()):
                pass
        await engine.aclose()

    (turn,) = took
    assert turn.trace_id.hex() in fake.heads[-1]
