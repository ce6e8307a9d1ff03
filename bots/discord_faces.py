"""Where Discord can fetch a character's face: from our own page, or from a message in the server's log channel.

A webhook shows only a picture with an address. Without a public page the picture is uploaded once to the channel that
a server has named for its log; its address is signed and ends after a day, so it is asked for again before that.
"""

import io
import time
from collections.abc import Callable
from contextlib import suppress

import discord

from bots.discord_sending import LOST
from bots.discord_voice import NOBODY, Channel
from bots.faces import Faces as Pictures
from bots.house import House
from personas import Persona

LASTS = 20 * 3600.0  # seconds; Discord's signatures last 24 hours


class Faces:
    """Addresses by persona and mood."""

    def __init__(self, house: House, public_url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._pictures = Pictures(house)
        self._page = public_url.rstrip("/")
        self._now = now
        self._uploaded: dict[tuple[int, str], tuple[float, str]] = {}

    async def address(self, persona: Persona, mood: str, *, depot: Channel | None) -> str | None:
        """None where Discord could not fetch it; the character then has the account's face."""
        picture = await self._pictures.of(persona, mood)
        if picture is None:
            return None
        if self._page:
            return f"{self._page}/faces/{picture.name}"
        return await self._in(depot, picture.name, picture.content) if depot else None

    async def _in(self, depot: Channel, name: str, content: bytes) -> str | None:
        at, url = self._uploaded.get((depot.id, name), (0.0, ""))
        if not url or self._now() - at > LASTS:
            with suppress(*LOST, discord.HTTPException):
                file = discord.File(io.BytesIO(content), filename=name)
                sent = await depot.send(file=file, allowed_mentions=NOBODY, silent=True)
                url = sent.attachments[0].url
                self._uploaded[depot.id, name] = self._now(), url
        return url or None
