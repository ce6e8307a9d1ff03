"""What the house keeps of a fan, in the fan's own hands: who is asking, memories, export, and being forgotten."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from bots.web_fan import COOKIE, YEARS_2, Fan
from bots.web_foyer import Guest, Visitor, fan_of, foyer_of, place_of
from bots.web_shape import NOTICE, persona_json
from bots.web_shell import as_download
from bots.web_trouble import Trouble, no_persona
from memory import Receipt, Scope
from personas import spelled

router = APIRouter(prefix="/api")


class Me(BaseModel):
    name: str | None = None
    language: str | None = None


class Teaching(BaseModel):
    persona: str
    allowed: bool


class Corrected(BaseModel):
    text: str
    persona: str


@router.get("/house")
async def house(guest: Guest, request: Request, response: Response) -> dict[str, Any]:
    """The cast and the fan; the first call makes a stranger a fan."""
    remember_cookie(response, request, guest.fan)
    language = guest.fan.language if guest.fan.language in NOTICE else "en"
    cast = []
    for persona in guest.house.cast.all():
        model, understudy = guest.house.playing(persona)
        worded = spelled(persona.speaking(guest.fan.language), user=guest.fan.name)
        cast.append(persona_json(worded, guest.foyer.prose, model=model, understudy=understudy))
    first = guest.house.first
    return {
        "fan": fan_json(guest.fan),
        "cast": cast,
        "first": first.id if first else None,
        "notice": NOTICE[language],
        "longest_message": guest.house.settings.longest_message,
    }


@router.patch("/me")
async def rename(
    fan: Annotated[Fan, Depends(fan_of)], request: Request, response: Response, body: Me
) -> dict[str, str]:
    """Another name or language for this fan."""
    called = fan.called(body.name, body.language)
    remember_cookie(response, request, called)
    return fan_json(called)


@router.get("/memories")
async def memories(guest: Guest, persona: str) -> list[dict[str, Any]]:
    """What a persona remembers of this fan."""
    kept = await guest.house.memory.show(scope_of(guest, persona))
    return [
        {
            "id": memory.id,
            "text": memory.text,
            "at": memory.at.isoformat(),
            "speaker": memory.speaker_name,
            "kind": memory.kind,
            "source_turn": memory.source or None,
        }
        for memory in kept
    ]


@router.patch("/memories/{memory}")
async def correct(guest: Guest, memory: str, body: Corrected) -> dict[str, bool]:
    """Puts a memory right."""
    text = body.text.strip()[: guest.house.settings.longest_message]
    if not text:
        raise Trouble(422, "A memory can't be empty.", "Forget it instead.")
    await guest.house.memory.correct(scope_of(guest, body.persona), memory, text)
    return {"corrected": True}


@router.delete("/memories/{memory}")
async def forget(guest: Guest, memory: str, persona: str) -> dict[str, bool]:
    """Forgets one memory for good."""
    await guest.house.memory.forget(scope_of(guest, persona), memory)
    return {"forgotten": True}


@router.get("/teaching")
async def teaching(guest: Guest, persona: str) -> dict[str, bool]:
    """Whether fans are asked to let a persona learn from them, and whether this one does."""
    scope, lessons = scope_of(guest, persona), guest.house.journal.lessons
    return {"asked": lessons.asked_on(scope.place), "allowed": await lessons.allowed(scope)}


@router.put("/teaching")
async def teach(guest: Guest, body: Teaching) -> dict[str, bool]:
    """This fan's yes or no to a persona's next training. A no is always heard, a yes only where fans are asked."""
    scope, lessons = scope_of(guest, body.persona), guest.house.journal.lessons
    if not body.allowed:
        await lessons.withdraw(scope)
    elif guest.house.persona(body.persona) is None:
        raise no_persona(body.persona)
    elif lessons.asked_on(scope.place):
        await lessons.allow(scope)
    else:
        raise Trouble(409, "Nothing said here is used for training.", "There is nothing to allow.")
    return await teaching(guest, body.persona)


@router.get("/me/export")
async def export(guest: Guest) -> JSONResponse:
    """Everything kept of this fan, as a file."""
    kept = {
        "fan": fan_json(guest.fan),
        "exported_at": datetime.now(UTC).isoformat(),
        "journal": await guest.house.journal.export(guest.fan.id),
        "memories": {persona.id: await memories(guest, persona.id) for persona in guest.house.cast.all()},
    }
    return as_download(kept, "greenroom.json")


@router.delete("/me")
async def forget_me(guest: Guest, response: Response, persona: str | None = None) -> dict[str, Any]:
    """Forgets this fan, for one persona or altogether; the receipt counts what went."""
    receipt = await guest.house.memory.forget_fan(guest.fan.id, persona)
    if persona is None:
        for name in (guest.foyer.tickets.cookie_name, COOKIE):
            response.delete_cookie(name, path="/")
    return receipt_json(receipt)


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    return {**asdict(receipt), "at": receipt.at.isoformat(), "complete": receipt.complete}


def scope_of(guest: Visitor, persona_id: str) -> Scope:
    """This fan with a persona, in private."""
    return Scope(persona_id, guest.fan.id, place_of("drawer"))


def fan_json(fan: Fan) -> dict[str, str]:
    return {"id": fan.id, "name": fan.name, "language": fan.language}


def remember_cookie(response: Response, request: Request, fan: Fan) -> None:
    """Sets the signed cookie; Secure where the page came over HTTPS."""
    tickets = foyer_of(request).tickets
    response.set_cookie(
        tickets.cookie_name,
        tickets.cookie(fan),
        max_age=YEARS_2,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
