"""The page's frame: what is served before anybody says a word, and the headers that keep strangers' code out."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException

from bots.web_foyer import Guest, foyer_of, may_look_behind
from bots.web_trouble import Trouble, opening, told, told_on

PAGE = Path(__file__).parent / "page"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PICTURE_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
SAFE = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",  # asked for anew, by its ETag: after an upgrade no old script meets a new one
}
LARGEST_BODY = 2_000_000
PICTURES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}

router = APIRouter()


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    return FileResponse(PAGE / "index.html")


@router.get("/healthz")
async def healthz() -> dict[str, bool]:
    """The process is up."""
    return {"ok": True}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """The house is open, and its engines answer; where they are and what ails them is not for strangers."""
    foyer = foyer_of(request)
    if foyer.house is None:
        return JSONResponse({"ok": False, "reason": "opening"}, status_code=503)
    engines = await foyer.house.engines.health(foyer.house.cast.all())
    ok = any(not trouble for trouble in engines.values())
    shown = {"ok": ok, "engines": engines} if may_look_behind(request) else {"ok": ok}
    return JSONResponse(shown, status_code=200 if ok else 503)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """The figures, for whoever is on this machine or has a key for the whole cast."""
    foyer = foyer_of(request)
    if foyer.house is None:
        raise opening()
    if not may_look_behind(request):
        raise Trouble(401, "The figures are for operators.", "Send a key for everybody: greenroom key add prometheus.")
    return Response(foyer.house.meters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/cast/{persona}/{file:path}", include_in_schema=False)
async def picture(guest: Guest, persona: str, file: str) -> FileResponse:
    """A persona's picture; only files that her YAML names, from her own folder."""
    known = guest.house.persona(persona)
    named = {known.look.portrait, *known.look.expressions.values()} if known else set()
    folder = guest.house.folder(persona)
    kind = PICTURES.get(Path(file).suffix.lower())
    if file not in named or folder is None or kind is None:
        raise Trouble(404, "There is no such picture.")
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise Trouble(404, "There is no such picture.")
    headers = {"Content-Security-Policy": PICTURE_CSP}
    return FileResponse(path, media_type=kind, headers=headers)


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guarded:
    """Wraps the app: safe headers on every answer, our own header on every change, and no body without an end."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if refusal := refused(scope, headers):
            await refusal(scope, receive, with_safe_headers(send))
            return
        await self._app(as_get(scope), limited(receive), with_safe_headers(send))


def as_get(scope: Scope) -> Scope:
    """What watches a house asks by HEAD, which FastAPI's routes don't know; the server leaves out the body itself.

    Not below `/api/`, where some answers have no end.
    """
    head = scope["method"] == "HEAD" and not scope["path"].startswith("/api/")
    return {**scope, "method": "GET"} if head else scope


def refused(scope: Scope, headers: dict[str, str]) -> JSONResponse | None:
    """The answer to a request that is turned away at the door, or None."""
    changes = scope["method"] not in ("GET", "HEAD", "OPTIONS") and scope["path"].startswith("/api/")
    if changes and headers.get("x-greenroom") != "1":
        return told(403, "Only this house's own page may change something here.", "Send the header X-Greenroom: 1.")
    if int(headers.get("content-length") or 0) > LARGEST_BODY:
        return told_on(scope["path"], 413, "That is far more than one message can carry.", "Send it in parts.")
    return None


def limited(receive: Receive) -> Receive:
    """Refuses a body that goes on for too long, whatever its headers say; FastAPI lets this error alone through."""
    taken = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal taken
        event = await receive()
        taken += len(event.get("body", b""))
        if taken > LARGEST_BODY:
            raise HTTPException(413, "That is far more than one message can carry")
        return event

    return counted


def with_safe_headers(send: Send) -> Send:
    """Adds what is missing of the safe headers; an answer that sets its own keeps it."""

    async def safer(event: MutableMapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            have = {name.lower() for name, _ in event["headers"]}
            missing = [(n.encode(), v.encode()) for n, v in SAFE.items() if n.encode() not in have]
            event = {**event, "headers": [*event["headers"], *missing]}
        await send(event)

    return safer


def as_download(kept: dict[str, Any], name: str) -> JSONResponse:
    """A JSON file that the browser saves."""
    body = json.loads(json.dumps(kept, ensure_ascii=False, default=str))
    return JSONResponse(body, headers={"Content-Disposition": f'attachment; filename="{name}"'})
