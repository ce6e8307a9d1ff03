"""Talks and turns over HTTP: to say something, to hear it answered, and all that can be done to a reply."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from bots.gate import NothingSaid, TooMuchSaid, words_of
from bots.performance import Performance, over
from bots.web_fan import place_of
from bots.web_foyer import Guest, Visitor
from bots.web_shape import heard_json, why_json
from bots.web_stream import stream_of
from bots.web_trouble import Trouble, no_persona
from bots.why import prompt_of
from memory import Scope
from personas import Utterance, spelled

router = APIRouter(prefix="/api")
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Begin(BaseModel):
    persona: str


class Said(BaseModel):
    text: str
    key: str


class Thumb(BaseModel):
    thumb: Literal["up", "down"] | None


@router.get("/talks")
async def talks(guest: Guest, persona: str) -> list[dict[str, Any]]:
    """This fan's talks with a persona, the latest first."""
    found = await guest.house.journal.talks(guest.fan.id, persona)
    return [
        {
            "id": talk.place.removeprefix("web:"),
            "persona": talk.persona_id,
            "title": talk.title,
            "began_at": talk.began_at.isoformat(),
            "last_at": talk.last_at.isoformat(),
            "turns": talk.turns,
        }
        for talk in found
        if guest.owns(talk.place)
    ]


@router.post("/talks")
async def begin(guest: Guest, body: Begin) -> dict[str, str]:
    """A new talk; it is kept from its first word on."""
    persona = guest.house.persona(body.persona)
    if persona is None:
        raise no_persona(body.persona)
    return {"id": guest.foyer.tickets.new_talk(guest.fan, persona.id), "persona": persona.id}


@router.get("/talks/{talk}")
async def talk(
    guest: Guest, talk: str, before: str | None = None, limit: int = Query(50, ge=1, le=200)
) -> dict[str, Any]:
    """The latest turns of a talk with what waits for a turn of its own, or those before one that is shown already."""
    persona_id = guest.persona_of(talk)
    persona = guest.house.persona(persona_id)
    greeting = spelled(persona.speaking(guest.fan.language), user=guest.fan.name).greeting if persona else ""
    if before:
        await guest.turn(before)
    waiting = () if before else await guest.house.journal.in_line(place_of(talk), persona_id)
    turns = await guest.house.journal.path(place_of(talk), persona_id, before=before, limit=limit + 1)
    return {
        "id": talk,
        "persona": persona_id,
        "greeting": {"html": guest.foyer.prose.html(greeting)},
        "turns": await guest.all_shaped(turns[-limit:]),
        "waiting": [heard_json(said) for said in waiting if said.speaker_id == guest.fan.id],
        "more": len(turns) > limit,
    }


@router.post("/talks/{talk}/say")
async def say(guest: Guest, talk: str, body: Said) -> StreamingResponse:
    """Says something, and streams the answer."""
    persona_id = guest.persona_of(talk)
    persona = guest.house.persona(persona_id)
    if persona is None:
        raise no_persona(persona_id)
    _, understudy = guest.house.playing(persona)
    language = "" if understudy else guest.fan.language  # the understudy reads English only
    said = uttered(guest, talk, body)
    return followed(guest, await guest.house.hall.hear(said, persona_id=persona_id, language=language))


@router.post("/turns/{turn}/again")
async def again(guest: Guest, turn: str) -> StreamingResponse:
    """Another reply to the same words."""
    return followed(guest, await guest.house.hall.again((await guest.turn(turn)).id))


@router.post("/turns/{turn}/edit")
async def edit(guest: Guest, turn: str, body: Said) -> StreamingResponse:
    """Other words in place of these, and the answer to them."""
    known = await guest.turn(turn)
    said = uttered(guest, known.place.removeprefix("web:"), body)
    return followed(guest, await guest.house.hall.edit(known.id, said))


@router.post("/turns/{turn}/continue")
async def go_on(guest: Guest, turn: str) -> StreamingResponse:
    """The same reply, longer."""
    return followed(guest, await guest.house.hall.go_on((await guest.turn(turn)).id))


@router.get("/turns/{turn}/stream")
async def join(guest: Guest, turn: str) -> StreamingResponse:
    """A reply in progress from its start, or a finished one at once."""
    if performance := guest.performance(turn):
        return followed(guest, performance)
    known = await guest.turn(turn)
    if known.said is None:
        raise Trouble(409, "That reply was interrupted.", "Ask for it again.")
    return followed(guest, over(known))


@router.post("/turns/{turn}/stop")
async def stop(guest: Guest, turn: str) -> dict[str, bool]:
    """Ends a reply that is being given."""
    return {"stopped": guest.performance(turn) is not None and await guest.house.hall.stop(turn)}


@router.post("/turns/{turn}/choose")
async def choose(guest: Guest, turn: str) -> dict[str, bool]:
    """Goes on from this version of the reply."""
    known = await guest.turn(turn)
    await guest.house.journal.choose(known.id)
    await guest.house.memory.sync(Scope(known.persona_id, guest.fan.id, known.place))
    return {"chosen": True}


@router.post("/turns/{turn}/feedback")
async def feedback(guest: Guest, turn: str, body: Thumb) -> dict[str, str | None]:
    """A thumb up or down for a reply, or neither."""
    known = await guest.turn(turn)
    await guest.house.journal.feedback(known.id, fan_id=guest.fan.id, thumb=body.thumb)
    return {"feedback": body.thumb}


@router.get("/turns/{turn}/why")
async def why(guest: Guest, turn: str) -> dict[str, Any]:
    """Why a reply came out as it did."""
    known = await guest.turn(turn)
    prompt = await prompt_of(known, guest.house) if guest.operator else None
    return why_json(known, [{"role": m.role, "content": m.content} for m in prompt] if prompt else None)


def followed(guest: Visitor, performance: Performance) -> StreamingResponse:
    return stream_of(performance, guest.shaped, prose=guest.foyer.prose, mood=guest.house.mood)


def uttered(guest: Visitor, talk: str, said: Said) -> Utterance:
    """What the fan typed, as an utterance; its id is the page's key, so sending twice says it once."""
    try:
        words = words_of(said.text, limit=guest.house.settings.longest_message)
    except NothingSaid as exc:
        raise Trouble(422, str(exc), "Write something first.") from exc
    except TooMuchSaid as exc:
        raise Trouble(413, str(exc), "Send it in parts.") from exc
    key = said.key if KEY.fullmatch(said.key) else sha256(said.key.encode("utf-8", "replace")).hexdigest()[:32]
    name = guest.fan.name or "Fan"
    return Utterance(f"web:{talk}:{key}", guest.fan.id, name, place_of(talk), words, datetime.now(UTC))
