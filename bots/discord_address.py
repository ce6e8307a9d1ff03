"""Which Discord the client talks to: the real one, or any server that speaks its protocol."""

import aiohttp
import discord
import yarl
from discord import utils
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.discord_gaps import read

PATIENCE = aiohttp.ClientTimeout(total=15)
TOO_MANY, FAILED = 429, 500


class NoGateway(Exception):
    """A server does not tell where its gateway is; the message says what to set."""


class ServerAway(Exception):
    """A server does not answer now; it may later."""


async def arrive(*, api: str, gateway: str) -> None:
    """Points discord.py at another server; an API that comes without its gateway is asked for it.

    Raises `NoGateway` or `ServerAway`.
    """
    if api and not gateway:
        gateway = await gateway_of(api.strip().rstrip("/"))
    point_at(api=api, gateway=gateway)


def point_at(*, api: str, gateway: str) -> None:
    """`api` with its version (`http://…/api/v10`), `gateway` as `ws://…`; what is empty stays Discord's own.

    These three class attributes are all that discord.py takes its addresses from; they hold for the whole process.
    Another server may leave out what discord.py takes for granted, so its payloads are read by `bots/discord_gaps.py`.
    """
    if api.strip() or gateway.strip():
        utils._from_json = read
    if api := api.strip().rstrip("/"):
        Route.BASE = api
        discord.Asset.BASE = api.partition("/api")[0]
    if gateway := gateway.strip():
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)


async def gateway_of(api: str) -> str:
    """What `GET /gateway` of an API names."""
    try:
        async with aiohttp.ClientSession(timeout=PATIENCE) as session, session.get(f"{api}/gateway") as told:
            if told.status == TOO_MANY or told.status >= FAILED:
                raise ServerAway(f"{api}/gateway answers {told.status}.")
            return str((await told.json(content_type=None))["url"])
    except (ValueError, KeyError, TypeError) as exc:
        raise NoGateway(
            f"{api}/gateway does not say where the gateway is ({type(exc).__name__}). "
            "Put its address (ws://…) into GREENROOM_DISCORD_GATEWAY."
        ) from exc
    except (aiohttp.ClientError, OSError, TimeoutError) as exc:
        raise ServerAway(f"{api} does not answer ({type(exc).__name__}).") from exc
