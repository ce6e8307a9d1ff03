"""Slash commands and menus: who is here, how they behave, what they remember, and why they said what they said.

Every command that touches disk or a model answers first ("thinking …") and works then. Admins can loosen a command's
permissions on Discord's side, so those that change something are checked again here.
"""

import io
import json
from collections.abc import Iterable

import discord
from discord import app_commands

from bots.discord_buttons import turn_of
from bots.discord_client import Client, Command
from bots.discord_delivery import found
from bots.discord_place import Anywhere, fan_id, place_of
from bots.discord_replies import may_touch
from bots.discord_settings import RoomRules
from memory import MemoryTrouble, Scope, Turn
from personas import Persona

NO_RIGHT = "You need the permission to manage this server for that."
WHAT = (
    "**What is kept.** What you say to a character, what it answered, and what it remembers of you, so that it can be "
    "the same friend tomorrow. What you say in private stays in private; what you say here is recalled here only.\n"
    "**What is not.** Nothing is used for training on Discord unless the operator *and* you have said yes.\n"
    "`/privacy export` gives you everything, `/privacy forget-me` erases it and counts what was erased."
)


def commands(client: Client) -> list[Command]:
    """All that a client offers."""
    return [Character(client), Config(client), Memory(client), Privacy(client), *menus(client)]


class Character(app_commands.Group):
    """`/character`: who is here."""

    def __init__(self, client: Client) -> None:
        super().__init__(name="character", description="Who is here, and who speaks.", guild_only=True)
        self._client = client

    @app_commands.command(description="Who is in this channel.")
    async def who(self, interaction: discord.Interaction) -> None:
        lines = [f"**{one.name}**" + (f", {one.role}" if one.role else "") for one in self._here(interaction)]
        await interaction.response.send_message("\n".join(lines) or "Nobody is here.", ephemeral=True)

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

    @summon.autocomplete("character")
    @dismiss.autocomplete("character")
    @mute.autocomplete("character")
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
        await interaction.response.send_message("\n".join(lines), ephemeral=True)

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


class Memory(app_commands.Group):
    """`/memory`: what a character remembers of you, here."""

    def __init__(self, client: Client) -> None:
        super().__init__(name="memory", description="What a character remembers of you.")
        self._client = client

    @app_commands.command(description="What a character remembers of you, as far as it may come up here.")
    async def show(self, interaction: discord.Interaction, character: str = "") -> None:
        await interaction.response.defer(ephemeral=True)
        rooms, here = self._client.rooms, room_of(interaction)
        persona = rooms.called(character, here) if character else rooms.meant(here)
        if persona is None:
            await interaction.followup.send("Nobody by that name is here.", ephemeral=True)
            return
        known = await self._client.house.memory.show(self._scope(interaction, persona))
        lines = [f"- {record.at:%d %b %Y}: {record.text[:150]}" for record in known[-20:]]
        text = "\n".join(lines)[:1900] or f"{persona.name} remembers nothing of you yet."
        await interaction.followup.send(text, ephemeral=True)

    def _scope(self, interaction: discord.Interaction, persona: Persona) -> Scope:
        return Scope(persona.id, fan_id(interaction.user), place_of(room_of(interaction)))


class Privacy(app_commands.Group):
    """`/privacy`: what is kept, all of it, and how to erase it."""

    def __init__(self, client: Client) -> None:
        super().__init__(name="privacy", description="What is kept of you, and how to erase it.")
        self._client = client

    @app_commands.command(description="What is kept of you, in plain words.")
    async def what(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(WHAT, ephemeral=True)

    @app_commands.command(description="Let what you say to a character help its next training, or take that back.")
    async def training(self, interaction: discord.Interaction, character: str, allow: bool) -> None:
        await interaction.response.defer(ephemeral=True)
        here = room_of(interaction)
        persona, lessons = self._client.rooms.called(character, here), self._client.house.journal.lessons
        if persona is None:
            await interaction.followup.send("Nobody by that name is here.", ephemeral=True)
        elif allow and not lessons.asked_on(place_of(here)):
            await interaction.followup.send("Nothing said on Discord is used for training here.", ephemeral=True)
        else:
            scope = Scope(persona.id, fan_id(interaction.user), place_of(here))
            await (lessons.allow(scope) if allow else lessons.withdraw(scope))
            told = "may learn from what you say" if allow else "learns nothing from you"
            await interaction.followup.send(f"{persona.name} {told}.", ephemeral=True)

    @app_commands.command(description="Everything that is kept of you, as a file.")
    async def export(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        kept = await self._client.house.journal.export(fan_id(interaction.user))
        content = json.dumps(kept, ensure_ascii=False, indent=1, default=str).encode()
        await interaction.followup.send(file=discord.File(io.BytesIO(content), "greenroom.json"), ephemeral=True)

    @app_commands.command(name="forget-me", description="Erase everything that is kept of you.")
    async def forget_me(self, interaction: discord.Interaction, sure: bool) -> None:
        await interaction.response.defer(ephemeral=True)
        if not sure:
            await interaction.followup.send("Nothing was erased. Say `sure: True` to erase everything.", ephemeral=True)
            return
        receipt = await self._client.house.memory.forget_fan(fan_id(interaction.user))
        await interaction.followup.send(f"Erased, and counted again on disk:\n```\n{receipt}\n```", ephemeral=True)


def why(turn: Turn) -> str:
    """What the persona had in mind, which engine spoke, and how long it took, in words."""
    recalled = [f"- {one.at:%d %b %Y}: {one.text[:120]} (sure: {one.confidence:.0%})" for one in turn.recalled]
    took = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in turn.timings.items())
    return "\n".join(
        [
            "**What came to mind**",
            *(recalled or ["- nothing"]),
            f"**Lore**: {', '.join(turn.lore) or 'none'}",
            f"**Who spoke**: {turn.model}" + (f" with {turn.lora}" if turn.lora else ""),
            f"**Words**: {turn.prompt_tokens} tokens read, {turn.completion_tokens} said",
            f"**Time**: {took}",
        ]
    )


def menus(client: Client) -> list[app_commands.ContextMenu]:
    """What the menu of a message offers."""

    async def why_so(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True)
        turn_id = turn_of(message)
        try:
            turn = await client.house.journal.turn(turn_id) if turn_id else None
        except MemoryTrouble:
            turn = None
        if turn is None or not may_touch(interaction, turn):
            await interaction.followup.send("Only for those whom this answers, and for moderators.", ephemeral=True)
            return
        await interaction.followup.send(why(turn)[:2000], ephemeral=True)

    async def regenerate(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True)
        turn_id = turn_of(message)
        turn = await client.house.journal.turn(turn_id) if turn_id else None
        if turn is None or not may_touch(interaction, turn):
            await interaction.followup.send("Only for those whom this answers, and for moderators.", ephemeral=True)
            return
        standing = await found(message.channel, turn.id)
        await client.deliver(await client.house.hall.again(turn.id), message.channel, over=standing)
        await interaction.followup.send("Here is another one.", ephemeral=True)

    return [
        app_commands.ContextMenu(name="Why did she say that?", callback=why_so),
        app_commands.ContextMenu(name="Regenerate", callback=regenerate),
    ]
