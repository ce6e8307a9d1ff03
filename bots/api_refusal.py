"""What an API client is told when something can't be done, in the shape that OpenAI's clients know."""

import math

from fastapi.responses import JSONResponse

from serving import EngineBusy, ServingError


class Refused(Exception):
    """`status` and `type` decide which error OpenAI's client raises; `retry_after` is in seconds."""

    def __init__(
        self, status: int, message: str, *, type_: str = "invalid_request_error", code: str = "", retry_after: float = 0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type_
        self.code = code
        self.retry_after = retry_after

    def response(self) -> JSONResponse:
        headers = {"Retry-After": str(math.ceil(self.retry_after))} if self.retry_after else None
        error = {"message": str(self), "type": self.type, "param": None, "code": self.code or None}
        return JSONResponse({"error": error}, status_code=self.status, headers=headers)


def no_key() -> Refused:
    message = "No valid API key. Make one with: greenroom key add NAME"
    return Refused(401, message, type_="authentication_error", code="invalid_api_key")


def too_often(wait: float) -> Refused:
    message = f"This key has asked too often. Try again in {math.ceil(wait)} s."
    return Refused(429, message, type_="rate_limit_error", code="rate_limit_exceeded", retry_after=wait)


def too_full(in_character: str, wait: float, family: str) -> Refused:
    """The house is full, or a day's tokens are spent; the message is what the persona says to that."""
    code = "insufficient_quota" if family == "BudgetSpent" else "overloaded"
    return Refused(429, in_character, type_="rate_limit_error", code=code, retry_after=wait)


def key_used() -> Refused:
    message = "This Idempotency-Key came with other words before. Send a new one with each question."
    return Refused(400, message, code="idempotency_key_reused")


def no_vectors(why: ServingError) -> Refused:
    """The encoder is full, or does not answer; where it is and why is for the operator."""
    if isinstance(why, EngineBusy):
        wait = max(1.0, why.retry_after)
        message = f"The encoder is full. Try again in {math.ceil(wait)} s."
        return Refused(429, message, type_="rate_limit_error", code="overloaded", retry_after=wait)
    return Refused(503, "The encoder does not answer.", type_="server_error", retry_after=2)


def no_model(name: str) -> Refused:
    return Refused(
        404, f"There is no persona '{name}' for this key. GET /v1/models lists them.", code="model_not_found"
    )


def still_opening() -> Refused:
    return Refused(503, "The house is still opening.", type_="server_error", retry_after=2)
