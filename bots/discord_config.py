"""`/config`: how characters behave in a server and in each channel, and where each rule comes from."""

import io
import json

import discord
from discord import app_commands

from bots.discord_character import NO_RIGHT, room_of
from bots.discord_client import Client
from bots.discord_rule_value import value_of
from bots.discord_rules import RoomRules

OF_A_SERVER = "log_channel"  # the one rule that no channel has for itself


class Config(app_commands.Group):
    """`/config`: how characters behave, in the guild and in each channel."""

    def __init__(self, client: Client) -> None:
        super().__init__(
            name="config",
            description="How characters behave here.",
            guild_only=True,
            default_permissions=discord.Permissions(manage_guild=True),
        )
        self._client = client

    @app_commands.command(description="What holds in this channel, and where each rule comes from.")
    async def show(self, interaction: discord.Interaction) -> None:
        guild, channel = str(interaction.guild_id), str(interaction.channel_id)
        own, guilds = self._client.rooms.rules.own(guild, channel), self._client.rooms.rules.own(guild)
        held = self._client.rooms.rules_of(room_of(interaction))
        lines = [f"`{name}` = {shown(value)}{whence(own, guilds, name)}" for name, value in held]
        await interaction.response.send_message("\n".join(lines)[:2000], ephemeral=True)

    @app_commands.command(description="All rules of this server as a file.")
    async def export(self, interaction: discord.Interaction) -> None:
        if not interaction.permissions.manage_guild:
            await interaction.response.send_message(NO_RIGHT, ephemeral=True)
            return
        written = json.dumps(self._client.rooms.rules.written(str(interaction.guild_id)), indent=1, ensure_ascii=False)
        file = discord.File(io.BytesIO(written.encode()), "rules.json")
        await interaction.response.send_message(file=file, ephemeral=True)

    @app_commands.command(description="Change a rule; an empty value takes it back.")
    @app_commands.choices(rule=[app_commands.Choice(name=name, value=name) for name in RoomRules.model_fields])
    async def set(
        self,
        interaction: discord.Interaction,
        rule: app_commands.Choice[str],
        value: str = "",
        whole_server: bool = False,
    ) -> None:
        if not interaction.permissions.manage_guild:
            await interaction.response.send_message(NO_RIGHT, ephemeral=True)
            return
        await interaction.response.defer(ephemeral=True)
        guild, name, rules = str(interaction.guild_id), rule.value, self._client.rooms.rules
        channel = "" if whole_server or name == OF_A_SERVER else str(interaction.channel_id)
        here = self._client.get_guild(interaction.guild_id or 0)
        try:
            read = value_of(name, value, rooms=self._client.rooms, guild=here)
            new = rules.change(guild, channel, **{name: read})
        except ValueError as wrong:
            await interaction.followup.send(f"That doesn't work for `{name}`: {wrong}", ephemeral=True)
            return
        told = f"`{name}` = {shown(getattr(new, name))}"[:1900]
        await interaction.followup.send(told, ephemeral=True)
        await self._client.note(guild, f"<@{interaction.user.id}>: {told}")


def whence(own: RoomRules, guilds: RoomRules, name: str) -> str:
    """Who says a rule: the channel, or else the server."""
    if getattr(own, name) is not None:
        return " (this channel)"
    return " (server)" if getattr(guilds, name) is not None else ""


def shown(value: object) -> str:
    """A rule's value for people to read."""
    if value is None:
        return "as usual"
    return ", ".join(map(str, value)) or "nobody" if isinstance(value, tuple) else str(value)
