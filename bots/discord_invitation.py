"""The link that invites the bot with exactly the permissions it needs."""

import discord
from prometheus_client import CollectorRegistry

from bots.discord_address import point_at
from bots.discord_application import Applying
from bots.discord_bot import WRONG_TOKEN, DiscordRefused
from bots.discord_meters import DiscordMeters
from bots.discord_sending import LOST
from bots.discord_wire import Wire

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    manage_webhooks=True,
    read_message_history=True,
    attach_files=True,
    add_reactions=True,
    use_application_commands=True,
)


async def application_of(token: str, *, api: str) -> int:
    """The id of the application that a token belongs to, as the server tells it; raises `DiscordRefused`."""
    point_at(api=api, gateway="")
    wire = Wire(DiscordMeters(CollectorRegistry()))
    client = Applying(intents=discord.Intents.none(), http_trace=wire.trace())
    try:
        await client.login(token)
        return client.application_id or 0
    except discord.LoginFailure as wrong:
        raise DiscordRefused(WRONG_TOKEN) from wrong
    except (*LOST, discord.HTTPException) as lost:
        raise DiscordRefused(f"{api} does not answer as Discord would ({type(lost).__name__}). Is it up?") from lost
    finally:
        await client.close()


def invitation(application_id: int) -> str:
    """The link that invites the bot with exactly what it needs."""
    scopes = ("bot", "applications.commands")
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=scopes)
