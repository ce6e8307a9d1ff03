"""Keeps characters on Discord: builds a client, watches it, and builds another when it dies or falls silent.

discord.py's own reconnecting is not enough: any error in a parser ends it for good, and a half-dead socket looks alive
for hours. A token that is wrong or an intent that is not granted is told in words and not tried again, since a
thousand logins a day cost the token.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

import discord
import structlog
from prometheus_client import CollectorRegistry

from bots.attention import Attention
from bots.discord_accounts import Accounts
from bots.discord_address import NoGateway, ServerAway, arrive
from bots.discord_client import Client
from bots.discord_commands import commands
from bots.discord_meters import DiscordMeters
from bots.discord_settings import DiscordSettings
from bots.discord_shards import ShardedClient, make_client
from bots.house import House

log = structlog.get_logger()
FATAL_CODES = {4004, 4010, 4011, 4012, 4013, 4014}
WRONG_TOKEN = "Discord does not know this token. Copy it again from the Bot page of your app."
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
LOOKS_EVERY = 5.0


class DiscordRefused(Exception):
    """Discord does not let us in, and asking again won't help; the message says what to do."""


class DiscordBot:
    """`run` until cancelled. `make` builds a client; a dead one is never used again."""

    def __init__(
        self,
        house: House,
        settings: DiscordSettings,
        *,
        speaker: str | None = None,
        accounts: Accounts | None = None,
        attention: Attention | None = None,
        meters: DiscordMeters | None = None,
        make: Callable[[], Client] | None = None,
    ) -> None:
        self._house = house
        self._settings = settings
        self._speaker = speaker
        self._accounts = accounts or Accounts()
        self._attention = attention or Attention(chance=random.Random())
        self.meters = meters or DiscordMeters(CollectorRegistry())
        self._make = make or self._client
        self.client: Client | None = None
        self.rebuilt = 0

    def _client(self) -> Client:
        return make_client(
            self._house,
            self._settings,
            attention=self._attention,
            commands=commands,
            speaker=self._speaker,
            accounts=self._accounts,
            meters=self.meters,
        )

    async def run(self) -> None:
        """Raises `DiscordRefused`; everything else is waited out, longer each time, and tried with a new client."""
        if self._settings.token is None:
            raise DiscordRefused("There is no token. Put the bot account's token into DISCORD_TOKEN.")
        await self._arrive()
        wait = FIRST_WAIT
        while True:
            began = datetime.now(UTC)
            await self._one_life()
            lived = (datetime.now(UTC) - began).total_seconds()
            wait = FIRST_WAIT if lived > LONGEST_WAIT else min(wait * 2, LONGEST_WAIT)
            self.rebuilt += 1
            self.meters.connection("rebuilt")
            log.warning("discord_rebuilt", times=self.rebuilt, waits=round(wait, 1))
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # so that many processes don't knock at once

    async def _arrive(self) -> None:
        """Waits for a server that does not answer yet; raises `DiscordRefused` where one answers and is none."""
        wait = FIRST_WAIT
        while True:
            try:
                await arrive(api=self._settings.api, gateway=self._settings.gateway)
            except NoGateway as lost:
                raise DiscordRefused(str(lost)) from lost
            except ServerAway as away:
                log.warning("discord_away", reason=str(away), waits=round(wait, 1))
            else:
                return
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(wait * 2, LONGEST_WAIT)

    async def _one_life(self) -> None:
        """One client from login to its end, whatever ends it."""
        assert self._settings.token is not None
        client = self.client = self._make()
        living = asyncio.create_task(client.start(self._settings.token.get_secret_value()))
        watching = asyncio.create_task(silence(client, self._settings.silent_for))
        try:
            await asyncio.wait({living, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            await client.close()
            await asyncio.gather(living, watching, return_exceptions=True)
        if living.done() and not living.cancelled() and (end := living.exception()):
            self._judge(end)

    def _judge(self, end: BaseException) -> None:
        """Tells what can't be mended by waiting."""
        if isinstance(end, discord.LoginFailure):
            raise DiscordRefused(WRONG_TOKEN) from end
        if isinstance(end, discord.PrivilegedIntentsRequired):
            raise DiscordRefused(
                "Discord has not granted the message content intent. Switch it on under Bot → Privileged Gateway "
                "Intents, or run without it: GREENROOM_DISCORD_READS_EVERYTHING=false (mentions, replies and DMs only)."
            ) from end
        if isinstance(end, discord.ConnectionClosed) and end.code in FATAL_CODES:
            raise DiscordRefused(f"Discord closed the connection for good (code {end.code}).") from end
        log.warning("discord_died", family=type(end).__name__, reason=str(end)[:200])

    def is_well(self) -> bool:
        """Whether the client is there and the gateway answers it."""
        client = self.client
        if client is None or client.is_closed() or not client.is_ready():
            return False
        return not is_silent(client, self._settings.silent_for)


async def silence(client: Client, seconds: float) -> None:
    """Returns when a client's heartbeats have gone unanswered for so long."""
    while not is_silent(client, seconds):  # noqa: ASYNC110  nobody tells us about silence
        await asyncio.sleep(min(LOOKS_EVERY, seconds / 4))
    log.warning("discord_silent", seconds=seconds)


def is_silent(client: Client, seconds: float) -> bool:
    """Whether the last heartbeat that was answered is too long ago; events alone are no proof of life."""
    if isinstance(client, ShardedClient):
        return any(is_deaf(shard._parent.ws, seconds) for shard in client.shards.values())
    return is_deaf(client.ws, seconds)


def is_deaf(socket: object, seconds: float) -> bool:
    """Whether a socket's heartbeats go unanswered; one that has not begun yet is not."""
    acknowledged = getattr(getattr(socket, "_keep_alive", None), "_last_ack", None)
    return acknowledged is not None and time.perf_counter() - float(acknowledged) > seconds


def cast_of_bots(house: House, settings: DiscordSettings) -> list[DiscordBot]:
    """One bot for the whole cast, or one for each character that has an account of its own."""
    meters = DiscordMeters(house.meters.registry)
    if settings.tokens:
        bots = bots_with_accounts(house, settings, meters)
    else:
        bots = [DiscordBot(house, settings, meters=meters)]
    meters.watch(lambda: sum(bot.is_well() for bot in bots))
    return bots


def bots_with_accounts(house: House, settings: DiscordSettings, meters: DiscordMeters) -> list[DiscordBot]:
    """They know each other's accounts, and take turns by one attention."""
    shared, attention = Accounts(), Attention(chance=random.Random())
    return [
        DiscordBot(
            house,
            settings.model_copy(update={"token": token}),
            speaker=persona_id,
            accounts=shared,
            attention=attention,
            meters=meters,
        )
        for persona_id, token in settings.tokens.items()
    ]
