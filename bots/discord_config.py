"""`/config`: how characters behave in a server and in each channel, and where each rule comes from."""

import io
import json

import discord
from discord import app_commands

from bots.discord_character import NO_RIGHT, room_of
from bots.discord_client import Client
from bots.discord_rules import RoomRules


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
        lines = [
            f"`{name}` = {value if value is not None else 'as usual'}{whence(own, guilds, name)}"
            for name, value in held
        ]
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
        guild, channel = str(interaction.guild_id), "" if whole_server else str(interaction.channel_id)
        try:
            self._client.rooms.rules.change(guild, channel, **{rule.value: as_value(value)})
        except ValueError as wrong:
            await interaction.followup.send(f"That doesn't work: {wrong}", ephemeral=True)
            return
        await interaction.followup.send(f"`{rule.value}` = {value or 'as usual'}", ephemeral=True)
        await self._client.note(guild, f"<@{interaction.user.id}>: `{rule.value}` = {value or 'as usual'}")


def whence(own: RoomRules, guilds: RoomRules, name: str) -> str:
    """Who says a rule: the channel, or else the server."""
    if getattr(own, name) is not None:
        return " (this channel)"
    return " (server)" if getattr(guilds, name) is not None else ""


def as_value(typed: str) -> object:
    """JSON where it is JSON (`0.2`, `true`, `["mika"]`), a list of words where there is a comma, else text."""
    if not typed.strip():
        return None
    try:
        return json.loads(typed)
    except json.JSONDecodeError:
        return [word.strip() for word in typed.split(",")] if "," in typed else typed.strip()
