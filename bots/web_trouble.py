"""What a page is told when something can't be done: a sentence, what to try, and a fitting status."""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bots.api_refusal import Refused
from bots.keys import KeysTrouble
from memory import JournalTrouble, MemoryTrouble, NotYours, UnknownMemory, UnknownTurn

log = structlog.get_logger()
Handler = Callable[[Request, Exception], Awaitable[JSONResponse]]


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


def told_on(path: str, status: int, sentence: str, remedy: str = "") -> JSONResponse:
    """The same in the shape that the caller knows: OpenAI's for a client of the API."""
    if path.startswith("/v1/"):
        kind = "server_error" if status >= 500 else "invalid_request_error"
        return Refused(status, sentence, type_=kind, retry_after=2 if status == 503 else 0).response()
    return told(status, sentence, remedy)


def malformed_api(exc: RequestValidationError) -> Refused:
    """The first thing that is wrong with a client's request, and where."""
    first = exc.errors()[0]
    if first["type"] == "json_invalid":
        return Refused(400, f"The body is no JSON: {first['ctx']['error']} (at character {first['loc'][-1]}).")
    if first["type"] == "model_attributes_type" and isinstance(first.get("input"), bytes):
        return Refused(400, "The body was not sent as JSON. Send the header Content-Type: application/json.")
    # where one of several types would do, pydantic names the type it tried last, too
    where = ".".join(str(one) for one in first["loc"][1:] if one != "str" and "[" not in str(one))
    return Refused(400, f"{where or 'The body'}: {first['msg'].removeprefix('Value error, ')}")


def away(event: str, sentence: str, remedy: str) -> Handler:
    """Told to the operator with its reason, and to who asks in a sentence."""

    async def answer(request: Request, exc: Exception) -> JSONResponse:
        log.error(event, reason=str(exc))
        return told_on(request.url.path, 503, sentence, remedy)

    return answer


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
            return malformed_api(exc).response()
        where = ", ".join(sorted({".".join(map(str, error["loc"][1:])) or "the body" for error in exc.errors()}))
        return told(422, f"The page asked for something malformed ({where}).", "Reload the page.")

    async def plain(request: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, HTTPException)
        return told_on(request.url.path, exc.status_code, f"{exc.detail}.".replace("..", "."))

    async def our_fault(request: Request, _: Exception) -> JSONResponse:
        """Told whole in the log by the server; here only that it happened."""
        return told_on(request.url.path, 500, "Something went wrong in the house.", "Try again.")

    handlers: dict[type[Exception], Handler] = {
        Trouble: trouble,
        UnknownTurn: unknown_turn,
        NotYours: unknown_turn,
        UnknownMemory: unknown_memory,
        RequestValidationError: malformed,
        HTTPException: plain,
        JournalTrouble: away("journal_away", "The house can't write down what you say just now.", "Try again."),
        MemoryTrouble: away("memory_away", "The house can't reach its memories just now.", "Try again."),
        KeysTrouble: away("keys_away", "The house can't read its keys just now.", "Tell whoever runs it."),
        Exception: our_fault,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
