"""What a page is told when something can't be done: a sentence, what to try, and a fitting status."""

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bots.api_refusal import Refused
from memory import NotYours, UnknownMemory, UnknownTurn


class Trouble(Exception):
    """Something was refused; `sentence` says what, `remedy` what to try."""

    def __init__(self, status: int, sentence: str, remedy: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.remedy = remedy


def no_talk() -> Trouble:
    return Trouble(404, "There is no such conversation of yours.", "Begin a new one.")


def no_turn() -> Trouble:
    return Trouble(404, "There is no such reply in your conversations.", "Reload the page.")


def no_persona(persona_id: str) -> Trouble:
    return Trouble(404, f"Nobody called '{persona_id}' is in the house.", "Choose somebody from the cast.")


def opening() -> Trouble:
    return Trouble(503, "The house is still opening.", "Try again in a few seconds.")


def told(status: int, sentence: str, remedy: str = "") -> JSONResponse:
    headers = {"Retry-After": "2"} if status in (429, 503) else None
    return JSONResponse({"error": {"sentence": sentence, "try": remedy}}, status_code=status, headers=headers)


def malformed_api(exc: RequestValidationError) -> JSONResponse:
    """The same for a client of the API, in the shape that it knows."""
    first = exc.errors()[0]
    return Refused(400, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}").response()


def tell_troubles(app: FastAPI) -> None:
    """Gives every way to be refused the same shape."""

    async def trouble(_: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, Trouble)
        return told(exc.status, exc.sentence, exc.remedy)

    async def unknown_turn(_: Request, exc: Exception) -> JSONResponse:
        return await trouble(_, no_turn())

    async def unknown_memory(_: Request, exc: Exception) -> JSONResponse:
        return told(404, "There is no such memory.", "Open the drawer again.")

    async def malformed(request: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, RequestValidationError)
        if request.url.path.startswith("/v1/"):
            return malformed_api(exc)
        where = ", ".join(sorted({".".join(map(str, error["loc"][1:])) or "the body" for error in exc.errors()}))
        return told(422, f"The page asked for something malformed ({where}).", "Reload the page.")

    async def plain(_: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, HTTPException)
        return told(exc.status_code, str(exc.detail))

    handlers: dict[type[Exception], Callable[[Request, Exception], object]] = {
        Trouble: trouble,
        UnknownTurn: unknown_turn,
        NotYours: unknown_turn,
        UnknownMemory: unknown_memory,
        RequestValidationError: malformed,
        HTTPException: plain,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)  # type: ignore[arg-type]
