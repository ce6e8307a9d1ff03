"""Which Discord the client talks to: the real one, or any server that speaks its protocol."""

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


def point_at(*, api: str, gateway: str) -> None:
    """Points discord.py at another server; `api` with its version (`http://…/api/v10`), `gateway` as `ws://…`.

    These three class attributes are all that discord.py takes its addresses from; they hold for the whole process.
    """
    Route.BASE = api.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    discord.Asset.BASE = api.partition("/api")[0]
