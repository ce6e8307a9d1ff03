"""An OpenAI-compatible API whose models are personas, with memory and lore: any client that takes a base URL works.

    POST /v1/chat/completions   streaming or not      GET /v1/models   the personas this key may talk to
    POST /v1/embeddings         the memory's encoder

Every call needs a key (`greenroom key add`). Fans are told apart by the header `X-Greenroom-Fan` or the field `user`,
within one key: no key reaches another key's fans. A client that leaves ends its reply. A full house, or engine, answers
429 with Retry-After, in the persona's own words; that is why a stream's status line waits for the first word.
"""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Request
from fastapi.responses import JSONResponse, StreamingResponse

from bots import api_vectors
from bots.api_branch import whence
from bots.api_caller import Caller, KeyFirst, Known
from bots.api_line import Lines
from bots.api_reader import Readers
from bots.api_refusal import Refused, key_used, too_full
from bots.api_stream import finished, first_words, streamed
from bots.api_talk import Asked, completion_json, home_of, outcome_of, place_of, short, until
from bots.crowd import BUSY
from bots.gate import NothingSaid, TooMuchSaid, words_of
from bots.performance import Performance, TurnFailed
from bots.rate import Rate
from memory import Scope
from personas import Persona, Utterance

AGAIN = 5.0  # seconds until an engine that was full is asked again, where it did not say

router = APIRouter(prefix="/v1", route_class=KeyFirst)


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
    persona = caller.persona(asked.model)
    heard = heard_in(asked, caller, caller.fan(asked, x_greenroom_fan), idempotency_key)
    performance = await said(caller, asked, heard, persona)
    readers: Readers = request.app.state.readers
    created, leave = int(time.time()), partial(readers.leave, request, performance)
    if asked.stream:
        await readers.while_here(request, performance, first_words(performance, persona.at_a_loss))
        refuse(performance, heard)
        events = streamed(performance, asked, created=created, leave=leave)
        return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
    try:
        turn = await readers.while_here(request, performance, finished(performance, asked, leave=leave))
    except TurnFailed as exc:
        raise Refused(500, "The reply was interrupted.", type_="server_error", retry_after=1) from exc
    refuse(performance, heard)
    text, stopped = until(turn.said or "", asked.stops)
    outcome = outcome_of(turn, stopped=stopped)
    whole = completion_json(turn, text, outcome=outcome, created=created)
    return JSONResponse(whole, headers={"X-Greenroom-Outcome": outcome})


def heard_in(asked: Asked, caller: Caller, fan: str, idempotency_key: str | None) -> Utterance:
    """What is new in a request, said where a conversation is held that opens like it. Raises `Refused`."""
    try:
        words = words_of("\n".join(one.text for one in asked.new), limit=caller.house.settings.longest_message)
    except (NothingSaid, TooMuchSaid) as exc:
        raise Refused(400, str(exc)) from exc
    name = next((one.called for one in asked.new if one.called), "Fan")
    key = short("key", caller.key.id, fan, idempotency_key) if idempotency_key else token_hex(12)
    return Utterance(f"api:{key}", fan, name, place_of(asked, caller.key.id, fan), words, datetime.now(UTC))


async def said(caller: Caller, asked: Asked, heard: Utterance, persona: Persona) -> Performance:
    """What was heard, said to the persona after the turn that the client saw last."""
    house = caller.house
    home = "" if asked.conversation else home_of(caller.key.id, heard.speaker_id)
    at = await whence(house, Scope(persona.id, heard.speaker_id, heard.place), asked.past, home=home, stops=asked.stops)
    with caller.lines.joined(house, at.place, persona):
        performance = await house.hall.hear_after(
            replace(heard, place=at.place), persona_id=persona.id, after=at.after, max_tokens=asked.longest
        )
        refuse_other_words(performance, heard)
        if await ended_for_nobody(performance, asked):  # the client comes back with the same idempotency key
            return await house.hall.again(performance.id)
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


def refuse(performance: Performance, heard: Utterance) -> None:
    """Raises `Refused` for a turn that was not for these words, or that found the house full, or its tokens spent."""
    refuse_other_words(performance, heard)
    if (turn := performance.turn) is not None and was_turned_away(performance):
        wait = float(str(turn.trace.get("retry_after", AGAIN)))
        raise too_full(turn.said or "", wait, str(turn.trace["family"]))


def refuse_other_words(performance: Performance, heard: Utterance) -> None:
    """Raises `Refused` where this idempotency key came with other words; before a turn begins, nobody can tell."""
    before = performance.turn.heard if performance.turn else ()
    if any(one.id == heard.id and one.text != heard.text for one in before):
        raise key_used()


def was_turned_away(performance: Performance) -> bool:
    """Whether there was no place for a turn, here or at the engine; one that names who could help is delivered."""
    if performance.turn is None:
        return False
    turn, trace = performance.turn, performance.turn.trace
    engine_full = trace.get("family") == "EngineBusy" and turn.outcome == "at_a_loss" and not trace.get("reached_out")
    return trace.get("finish") == BUSY or engine_full


def add_api(app: FastAPI) -> None:
    """Mounts the API on the page's app."""
    app.state.rate = Rate()
    app.state.readers = Readers()
    app.state.lines = Lines()
    app.include_router(router)
    app.include_router(api_vectors.router)

    async def refused(_: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, Refused)
        return exc.response()

    app.add_exception_handler(Refused, refused)
