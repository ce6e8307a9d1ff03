"""How Discord says no: an HTTP status, its own code, a sentence."""

from aiohttp import web

from bots.fake_discord.wire import answer


class Refusal(Exception):
    """`code` as in Discord's documentation (Opcodes and Status Codes, JSON); 0 where it gives none."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> web.Response:
        return answer({"code": self.code, "message": self.message}, status=self.status)


def unknown(what: str, code: int) -> Refusal:
    """404 with the code for a thing of this kind."""
    return Refusal(404, code, f"Unknown {what}")


UNKNOWN_CHANNEL = unknown("Channel", 10003)
UNKNOWN_GUILD = unknown("Guild", 10004)
UNKNOWN_MESSAGE = unknown("Message", 10008)
UNKNOWN_USER = unknown("User", 10013)
UNKNOWN_WEBHOOK = unknown("Webhook", 10015)
UNKNOWN_INTERACTION = unknown("interaction", 10062)
EMPTY_MESSAGE = Refusal(400, 50006, "Cannot send an empty message")
FOREIGN_EDIT = Refusal(403, 50005, "Cannot edit a message authored by another user")
MISSING_ACCESS = Refusal(403, 50001, "Missing Access")
MISSING_PERMISSIONS = Refusal(403, 50013, "Missing Permissions")
ALREADY_ANSWERED = Refusal(400, 40060, "Interaction has already been acknowledged.")
TOO_MANY_WEBHOOKS = Refusal(400, 30007, "Maximum number of webhooks reached (15)")
UNAUTHORIZED = Refusal(401, 0, "401: Unauthorized")


def invalid_form(message: str) -> Refusal:
    """400 for a body that doesn't keep to the limits."""
    return Refusal(400, 50035, f"Invalid Form Body: {message}")
