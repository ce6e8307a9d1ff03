"""Who is asking: an anonymous fan is a signed cookie, and a talk's id is the proof of whose it is.

Neither needs a table. Whoever loses the cookie is a new fan; whoever guesses a talk's id has not its signature, which
covers the fan's id, so another fan's talk can't even be named.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from itsdangerous import BadSignature, URLSafeSerializer

from personas import Place

COOKIE = "greenroom_fan"  # with something of the house's behind it: a browser keeps one jar for all ports of a machine
YEARS_2 = 2 * 365 * 24 * 3600
LONGEST_NAME = 40
TALK = re.compile(r"([a-z0-9][a-z0-9_-]{0,62})\.([0-9a-f]{16})\.([0-9a-f]{24})")


@dataclass(frozen=True, slots=True)
class Fan:
    """`id` is stable and says nothing about the person; the name is what they asked to be called."""

    id: str
    name: str = ""
    language: str = ""

    def called(self, name: str | None, language: str | None) -> "Fan":
        """The fan with another name or language; control characters and overlong names don't come in."""
        tidy = self.name if name is None else "".join(c for c in name if c.isprintable()).strip()[:LONGEST_NAME]
        return replace(self, name=tidy, language=self.language if language is None else language[:16])


class Tickets:
    """Signs cookies and talk ids with the house's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._cookies = URLSafeSerializer(secret, salt="fan")
        self.cookie_name = f"{COOKIE}_{hmac.new(secret, b'cookie', sha256).hexdigest()[:8]}"

    def stranger(self) -> Fan:
        """A fan who has not been here."""
        return Fan(f"web:{secrets.token_hex(12)}")

    def cookie(self, fan: Fan) -> str:
        return str(self._cookies.dumps([fan.id, fan.name, fan.language]))

    def fan_in(self, cookies: Mapping[str, str]) -> Fan | None:
        """The fan of a browser's cookies, the one that an older greenroom gave included."""
        return self.fan(cookies.get(self.cookie_name)) or self.fan(cookies.get(COOKIE))

    def fan(self, cookie: str | None) -> Fan | None:
        """The fan of a cookie; None for no cookie, a forged one, or one of another house."""
        try:
            id_, name, language = self._cookies.loads(cookie or "")
        except (BadSignature, ValueError, TypeError):
            return None
        return Fan(str(id_), str(name), str(language))

    def new_talk(self, fan: Fan, persona_id: str) -> str:
        """The id of a conversation that has not begun."""
        nonce = secrets.token_hex(8)
        return f"{persona_id}.{nonce}.{self._proof(fan, persona_id, nonce)}"

    def persona_of(self, talk: str, fan: Fan) -> str | None:
        """With whom a talk of this fan is; None if it is not a talk of theirs."""
        parts = TALK.fullmatch(talk)
        if parts is None or not hmac.compare_digest(parts[3], self._proof(fan, parts[1], parts[2])):
            return None
        return parts[1]

    def _proof(self, fan: Fan, persona_id: str, nonce: str) -> str:
        words = "\x1f".join(["talk", fan.id, persona_id, nonce])
        return hmac.new(self._secret, words.encode(), sha256).hexdigest()[:24]


def place_of(talk: str) -> Place:
    """Where a talk is held."""
    return Place(f"web:{talk}")


def talk_of(place: Place) -> str:
    """The talk held in a place on the web."""
    return place.removeprefix("web:")
