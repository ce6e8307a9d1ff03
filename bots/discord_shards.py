"""A client over several gateway connections, and which kind of client the settings want."""

from collections.abc import Callable, Iterable
from typing import Any

import discord

from bots.attention import Attention
from bots.discord_accounts import Accounts
from bots.discord_client import Client, Command
from bots.discord_meters import DiscordMeters
from bots.discord_settings import DiscordSettings
from bots.house import House


class ShardedClient(Client, discord.AutoShardedClient):
    """The same over several gateway connections, as Discord wants it from 2,500 guilds on."""


def make_client(
    house: House,
    settings: DiscordSettings,
    *,
    attention: Attention,
    commands: Callable[[Client], Iterable[Command]],
    speaker: str | None = None,
    accounts: Accounts | None = None,
    meters: DiscordMeters | None = None,
) -> Client:
    """A client as the settings want it."""
    told: dict[str, Any] = {"attention": attention, "commands": commands, "speaker": speaker, "accounts": accounts}
    told["meters"] = meters
    if settings.part:
        ours, count = settings.part
        return ShardedClient(house, settings, shard_ids=list(ours), shard_count=count, **told)
    return (ShardedClient if settings.sharded else Client)(house, settings, **told)
