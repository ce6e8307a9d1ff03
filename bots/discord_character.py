"""`/character`: who is in a channel, who speaks there, and a thread with one of them."""

from collections.abc import Iterable

import discord
from discord import app_commands

from bots.discord_client import Client
from bots.discord_parts import parts_of
from bots.discord_place import Anywhere
from bots.discord_rules import RoomRules
from personas import Persona

NO_RIGHT = "You need the permission to manage this server for that."


class Character(app_commands.Group):
    """`/character`: who is here."""

    def __init__(self, client: Client) -> None:
        super().__init__(name="character", description="Who is here, and who speaks.", guild_only=True)
        self._client = client

    @app_commands.command(description="Who is in this channel.")
    async def who(self, interaction: discord.Interaction) -> None:
        lines = [f"**{one.name}**" + (f", {one.role}" if one.role else "") for one in self._here(interaction)]
        first, *more = parts_of("\n".join(lines) or "Nobody is here.")
        await interaction.response.send_message(first.text, ephemeral=True)
        for part in more:
            await interaction.followup.send(part.text, ephemeral=True)

    @app_commands.command(description="Bring a character into this channel.")
    async def summon(self, interaction: discord.Interaction, character: str) -> None:
        await self._change(interaction, character, come=True)

    @app_commands.command(description="Send a character away from this channel.")
    async def dismiss(self, interaction: discord.Interaction, character: str) -> None:
        await self._change(interaction, character, come=False)

    @app_commands.command(description="Let a character listen in silence here, or speak again.")
    async def mute(self, interaction: discord.Interaction, character: str, silent: bool = True) -> None:
        chosen = self._client.rooms.called(character)
        muted = set(self._rules(interaction).muted or ())
        if chosen is not None:
            muted = muted | {chosen.id} if silent else muted - {chosen.id}
        await change(self._client, interaction, chosen, character, muted=sorted(muted))

    @app_commands.command(description="Nobody speaks in this channel until you lift it.")
    async def pause(self, interaction: discord.Interaction, paused: bool = True) -> None:
        await change(self._client, interaction, None, "", paused=paused)

    @app_commands.command(description="Open a thread in which a character answers every line.")
    async def thread(self, interaction: discord.Interaction, character: str) -> None:
        chosen, channel = self._client.rooms.called(character, room_of(interaction)), interaction.channel
        if chosen is None or not isinstance(channel, discord.TextChannel):
            await interaction.response.send_message("Nobody by that name is here, or no threads are.", ephemeral=True)
            return
        await interaction.response.defer(ephemeral=True)
        title = f"{chosen.name} & {interaction.user.display_name}"[:100]
        try:
            opened = await channel.create_thread(name=title, type=discord.ChannelType.public_thread)
        except discord.Forbidden:
            await interaction.followup.send("I may not open threads here (Create Public Threads).", ephemeral=True)
            return
        self._client.rooms.rules.change(str(interaction.guild_id), str(opened.id), cast=[chosen.id])
        await interaction.followup.send(f"{chosen.name} waits for you in {opened.mention}.", ephemeral=True)

    @summon.autocomplete("character")
    @dismiss.autocomplete("character")
    @mute.autocomplete("character")
    @thread.autocomplete("character")
    async def _names(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        everyone: Iterable[Persona] = self._client.house.cast.all()
        fitting = [one for one in everyone if typed.casefold() in one.name.casefold()]
        return [app_commands.Choice(name=one.name, value=one.id) for one in fitting[:25]]

    async def _change(self, interaction: discord.Interaction, character: str, *, come: bool) -> None:
        chosen = self._client.rooms.called(character)
        here = [one.id for one in self._here(interaction)]
        if chosen is not None:
            here = [*(one for one in here if one != chosen.id), *([chosen.id] if come else [])]
        await change(self._client, interaction, chosen, character, cast=here)

    def _rules(self, interaction: discord.Interaction) -> RoomRules:
        return self._client.rooms.rules_of(room_of(interaction))

    def _here(self, interaction: discord.Interaction) -> list[Persona]:
        return self._client.rooms.personas(room_of(interaction))


def room_of(interaction: discord.Interaction) -> Anywhere:
    """Where a command was used; Discord always says it for commands that we register."""
    assert isinstance(interaction.channel, discord.abc.Messageable)
    return interaction.channel


async def change(
    client: Client, interaction: discord.Interaction, chosen: Persona | None, called: str, **said: object
) -> None:
    """Changes the rules of a channel, if whoever asks may, and tells the guild's log."""
    if not interaction.permissions.manage_guild or interaction.guild_id is None:
        await interaction.response.send_message(NO_RIGHT, ephemeral=True)
        return
    if called and chosen is None:
        await interaction.response.send_message(f"There is no character called {called!r}.", ephemeral=True)
        return
    await interaction.response.defer(ephemeral=True)
    guild, channel = str(interaction.guild_id), str(interaction.channel_id)
    try:
        client.rooms.rules.change(guild, channel, **said)
    except ValueError as wrong:
        await interaction.followup.send(f"That doesn't work: {wrong}", ephemeral=True)
        return
    told = ", ".join(f"{name} = {value}" for name, value in said.items())
    await interaction.followup.send(f"Done: {told}", ephemeral=True)
    await client.note(guild, f"<@{interaction.user.id}> in <#{channel}>: {told}")
