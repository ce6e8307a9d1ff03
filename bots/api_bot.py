"""An OpenAI-compatible API whose models are personas, with memory and lore: any client that takes a base URL works.

    POST /v1/chat/completions   streaming or not      GET /v1/models   the personas this key may talk to
    POST /v1/embeddings         the memory's encoder

Every call needs a key (`greenroom key add`). Fans are told apart by the header `X-Greenroom-Fan` or the field `user`,
within one key: no key reaches another key's fans. A client that leaves ends its reply. A full house answers 429 with
Retry-After, in the persona's own words; that is why a stream's status line waits for the first word.
"""

import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict

from bots.api_branch import turn_gone_on_from
from bots.api_line import Lines
from bots.api_reader import Readers
from bots.api_refusal import Refused, no_key, no_model, no_vectors, still_opening, too_full, too_often
from bots.api_talk import Asked, Words, chunk_json, completion_json, finish_of, last_usage, place_of, short, until
from bots.crowd import BUSY
from bots.gate import NothingSaid, TooMuchSaid, words_of
from bots.house import House
from bots.keys import Key, bearer
from bots.performance import Performance, TurnFailed
from bots.rate import Rate
from bots.web_foyer import foyer_of
from memory import Turn
from personas import Persona, Utterance
from serving import Delta, ServingError

log = structlog.get_logger()
LONGEST_BATCH = 256
EYE = 0.15  # seconds; what comes faster than an eye tells apart goes out together


class KeyFirst(APIRoute):
    """A route that looks at nothing of a request before its key: a stranger's body is not even parsed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def with_key(request: Request) -> Response:
            key = foyer_of(request).keys.find(bearer(request.headers.get("authorization", "")))
            if key is None:
                raise no_key()
            request.state.key = key
            return await answer(request)

        return with_key


router = APIRouter(prefix="/v1", route_class=KeyFirst)


class Caller:
    """One request's key and fan, in an open house; `lines` are those that wait in its conversations."""

    def __init__(self, house: House, key: Key, lines: Lines) -> None:
        self.house = house
        self.key = key
        self.lines = lines

    def personas(self) -> list[Persona]:
        return [persona for persona in self.house.cast.all() if self.key.allows(persona.id)]

    def persona(self, name: str) -> Persona:
        """The persona that a client calls its model. Raises `Refused`."""
        found = self.house.persona(name)
        if found is None or not self.key.allows(found.id):
            raise no_model(name)
        return found

    def fan(self, asked: Asked, header: str | None) -> str:
        """Who is talking, by an id that no other key can name."""
        named = header or asked.user
        return f"api:{self.key.id}/{short('fan', named) if named else 'owner'}"


async def caller_of(request: Request) -> Caller:
    """Whose request this is. Raises `Refused` too often, or too early.

    Waits for nothing, and is a coroutine all the same: FastAPI would carry it into a thread for every request.
    """
    key: Key = request.state.key
    if wait := request.app.state.rate.wait(key.id, per_minute=key.per_minute):
        raise too_often(wait)
    house = foyer_of(request).house
    if house is None:
        raise still_opening()
    return Caller(house, key, request.app.state.lines)


Known = Annotated[Caller, Depends(caller_of)]


@router.get("/models")
async def models(caller: Known) -> dict[str, Any]:
    """The personas this key may talk to."""
    return {"object": "list", "data": [model_json(persona) for persona in caller.personas()]}


@router.get("/models/{name}")
async def model(caller: Known, name: str) -> dict[str, Any]:
    """One of them."""
    return model_json(caller.persona(name))


def model_json(persona: Persona) -> dict[str, Any]:
    return {"id": persona.id, "object": "model", "created": 0, "owned_by": "greenroom", "name": persona.name}


@router.post("/chat/completions", response_model=None)
async def chat(
    request: Request,
    caller: Known,
    asked: Asked,
    x_greenroom_fan: Annotated[str | None, Header()] = None,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> StreamingResponse | JSONResponse:
    """Says what is new to a persona, and gives her answer."""
    if asked.impossible:
        raise Refused(400, asked.impossible)
    performance = await said(caller, asked, x_greenroom_fan, idempotency_key)
    readers: Readers = request.app.state.readers
    created = int(time.time())
    if asked.stream:
        await readers.while_here(request, performance, performance.heard())
        refuse_if_turned_away(performance)
        events = streamed(performance, asked, created=created, leave=partial(readers.leave, request, performance))
        return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
    try:
        turn = await readers.while_here(request, performance, performance.ended())
    except TurnFailed as exc:
        raise Refused(500, "The reply was interrupted.", type_="server_error", retry_after=1) from exc
    refuse_if_turned_away(performance)
    text, _ = until(turn.said or "", asked.stops)
    return JSONResponse(completion_json(turn, text, created=created), headers={"X-Greenroom-Outcome": turn.outcome})


def refuse_if_turned_away(performance: Performance) -> None:
    """Raises `Refused` for a turn that found the house full, or its tokens spent."""
    turn = performance.turn
    if turn is not None and was_turned_away(performance):
        raise too_full(turn.said or "", float(str(turn.trace["retry_after"])), str(turn.trace["family"]))


def was_turned_away(performance: Performance) -> bool:
    return performance.turn is not None and performance.turn.trace.get("finish") == BUSY


async def said(caller: Caller, asked: Asked, header: str | None, idempotency_key: str | None) -> Performance:
    """What is new in a request, said to the persona after the turn that the client saw last."""
    persona = caller.persona(asked.model)
    try:
        words = words_of("\n".join(one.text for one in asked.new), limit=caller.house.settings.longest_message)
    except (NothingSaid, TooMuchSaid) as exc:
        raise Refused(400, str(exc)) from exc
    fan = caller.fan(asked, header)
    place = place_of(asked, caller.key.id, fan)
    name = next((one.called for one in asked.new if one.called), "Fan")
    key = short("key", caller.key.id, fan, idempotency_key) if idempotency_key else token_hex(12)
    heard = Utterance(f"api:{key}", fan, name, place, words, datetime.now(UTC))
    after = await turn_gone_on_from(caller.house, place, persona.id, asked.past)
    with caller.lines.joined(caller.house, place, persona):
        performance = await caller.house.hall.hear_after(
            heard, persona_id=persona.id, after=after, max_tokens=asked.longest
        )
        if await ended_for_nobody(performance, asked):  # the client comes back with the same idempotency key
            return await caller.house.hall.again(performance.id)
        return performance


async def ended_for_nobody(performance: Performance, asked: Asked) -> bool:
    """Whether a reply is over that no client has: there was no place for it, or whoever waited for it left."""
    if performance.curtain.fallen:
        with suppress(TurnFailed):  # `chat` tells of it
            await performance.ended()
    turn = performance.turn
    if turn is None or not performance.over:
        return False
    left = turn.trace.get("finish") == "stopped" and not until(turn.said or "", asked.stops)[1]
    return left or was_turned_away(performance)


async def streamed(
    performance: Performance, asked: Asked, *, created: int, leave: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    """The answer as OpenAI streams one; its end, and each of the client's stop strings, is where it is to `leave`."""
    try:
        async with aclosing(performance.follow(every=EYE)) as steps:
            sent, begun = 0, False
            text = ""
            async for step in steps:
                if isinstance(step, Turn) and not begun:
                    begun = True
                    yield event(chunk_json(step, {"role": "assistant", "content": ""}, created=created))
                elif isinstance(step, Delta):
                    text += step.text
                    whole, stopped = until(text, asked.stops)
                    sure = len(whole) if stopped else len(whole) - longest_hold(whole, asked.stops)
                    if sure > sent and performance.turn:
                        yield event(chunk_json(performance.turn, {"content": whole[sent:sure]}, created=created))
                        sent = sure
                    if stopped:
                        leave()
                elif isinstance(step, Turn):
                    whole, _ = until(text, asked.stops)
                    if whole[sent:]:
                        yield event(chunk_json(step, {"content": whole[sent:]}, created=created))
                    yield event(chunk_json(step, {}, created=created, finish=finish_of(step)))
                    if (asked.stream_options or {}).get("include_usage"):
                        yield event(last_usage(step, created=created))
        yield b"data: [DONE]\n\n"
    except TurnFailed:
        yield event({"error": {"message": "The reply was interrupted.", "type": "server_error", "code": None}})
    finally:
        leave()


def longest_hold(text: str, stops: tuple[str, ...]) -> int:
    """How many of the last characters might be the beginning of a stop string."""
    holds = [n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n])]
    return max(holds, default=0)


def event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def no_tokens(given: Any) -> Any:
    """Refuses numbers, which some clients send instead of text, by saying what to change there."""
    if isinstance(given, list) and any(isinstance(one, int | list) for one in given):
        raise ValueError("tokens are not understood, send text (in LangChain: check_embedding_ctx_length=False)")
    return given


class Texts(BaseModel):
    """OpenAI's request for embeddings."""

    model_config = ConfigDict(extra="ignore")

    input: Annotated[Words | list[Words], BeforeValidator(no_tokens)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


@router.post("/embeddings")
async def embeddings(caller: Known, texts: Texts) -> dict[str, Any]:
    """Vectors of the memory's encoder, one for each text."""
    encoder = caller.house.encoder
    wanted = [texts.input] if isinstance(texts.input, str) else texts.input
    if encoder is None or not wanted or len(wanted) > LONGEST_BATCH:
        raise Refused(400, f"Give 1 to {LONGEST_BATCH} texts.")
    try:
        if texts.dimensions not in (None, encoder.dim):
            raise Refused(400, f"{encoder.name} makes vectors of {encoder.dim} dimensions, and no others.")
        vectors = await encoder.encode(wanted)
    except ServingError as exc:
        log.warning("no_vectors", encoder=encoder.name, reason=str(exc))
        raise no_vectors(exc) from exc
    shaped = [vector_json(vector, texts.encoding_format) for vector in vectors]
    data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(shaped)]
    words = sum(len(text.split()) for text in wanted)
    usage = {"prompt_tokens": words, "total_tokens": words}
    return {"object": "list", "data": data, "model": encoder.name, "usage": usage}


def vector_json(vector: Any, encoding: str) -> Any:
    """A vector as floats, or as base64 of little-endian float32, which OpenAI's client asks for by default."""
    if encoding == "base64":
        from base64 import b64encode

        return b64encode(vector.astype("<f4").tobytes()).decode()
    return vector.tolist()


def add_api(app: FastAPI) -> None:
    """Mounts the API on the page's app."""
    app.state.rate = Rate()
    app.state.readers = Readers()
    app.state.lines = Lines()
    app.include_router(router)

    async def refused(_: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, Refused)
        return exc.response()

    app.add_exception_handler(Refused, refused)
