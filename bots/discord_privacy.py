"""`/privacy` and `/memory`: what is kept of a fan, all of it as a file, its erasure with a receipt, and a deaf ear.

A fan who opts out is neither heard nor kept from then on; what was kept before is erased by `forget-me`.
"""

import asyncio
import io
import json
from dataclasses import fields

import discord
from discord import app_commands

from bots.discord_character import room_of
from bots.discord_client import Client
from bots.discord_place import fan_id, place_of
from memory import Receipt, Scope

LATEST = 20
WHAT = (
    "**What is kept.** What you say to a character, what it answered, your 👍 and 👎, and what it remembers of you, so "
    "that it can be the same friend tomorrow. What you say in private stays in private; what you say in this server is "
    "recalled in this server only. {days}\n"
    "**What is overheard.** Where a character is, it hears what is not said to it, too; that is kept alike.\n"
    "**What is not.** Nothing is used for training on Discord unless the operator *and* you have said yes.\n"
    "`/privacy export` gives you everything, `/privacy forget-me` erases it and counts what was erased, "
    "`/privacy opt-out` keeps the characters from hearing you at all."
)
OUT = (
    "From now on no character hears you, and nothing you say is kept. What was kept before is still there until you "
    "use `/privacy forget-me`. `/privacy opt-out back: True` takes this back."
)
LEFT = ("rows_left", "memories_left", "bytes_left")


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
        scope = Scope(persona.id, fan_id(interaction.user), place_of(here, interaction.user))
        known = await self._client.house.memory.show(scope)
        lines = [f"- {record.at:%d %b %Y}: {record.text[:150]}" for record in known[-LATEST:]]
        text = "\n".join(lines)[:1900] or f"{persona.name} remembers nothing of you yet."
        await interaction.followup.send(text, ephemeral=True)


class Privacy(app_commands.Group):
    """`/privacy`: what is kept, all of it, and how to erase it."""

    def __init__(self, client: Client) -> None:
        super().__init__(name="privacy", description="What is kept of you, and how to erase it.")
        self._client = client

    @app_commands.command(description="What is kept of you, in plain words.")
    async def what(self, interaction: discord.Interaction) -> None:
        days = self._client.settings.keep_days
        told = WHAT.format(days=f"It is erased after {days:g} days." if days else "It is kept until you erase it.")
        await interaction.response.send_message(told, ephemeral=True)

    @app_commands.command(description="Let what you say to a character help its next training, or take that back.")
    async def training(self, interaction: discord.Interaction, character: str, allow: bool) -> None:
        await interaction.response.defer(ephemeral=True)
        here = room_of(interaction)
        persona, lessons = self._client.rooms.called(character, here), self._client.house.journal.lessons
        if persona is None:
            await interaction.followup.send("Nobody by that name is here.", ephemeral=True)
        elif allow and not lessons.asked_on(place_of(here, interaction.user)):
            await interaction.followup.send("Nothing said on Discord is used for training here.", ephemeral=True)
        else:
            scope = Scope(persona.id, fan_id(interaction.user), place_of(here, interaction.user))
            await (lessons.allow(scope) if allow else lessons.withdraw(scope))
            told = "may learn from what you say" if allow else "learns nothing from you"
            await interaction.followup.send(f"{persona.name} {told}.", ephemeral=True)

    @app_commands.command(description="Everything that is kept of you, as a file.")
    async def export(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        kept = await self._client.house.journal.export(fan_id(interaction.user))
        kept["opted_out"] = await asyncio.to_thread(self._client.opt_outs.has, fan_id(interaction.user))
        content = json.dumps(kept, ensure_ascii=False, indent=1, default=str).encode()
        await interaction.followup.send(file=discord.File(io.BytesIO(content), "greenroom.json"), ephemeral=True)

    @app_commands.command(name="forget-me", description="Erase everything that is kept of you.")
    async def forget_me(self, interaction: discord.Interaction, sure: bool) -> None:
        await interaction.response.defer(ephemeral=True)
        if not sure:
            await interaction.followup.send("Nothing was erased. Say `sure: True` to erase everything.", ephemeral=True)
            return
        receipt = await self._client.house.memory.forget_fan(fan_id(interaction.user))
        await interaction.followup.send(told(receipt), ephemeral=True)

    @app_commands.command(name="opt-out", description="Characters stop hearing you, and keep nothing you say.")
    async def opt_out(self, interaction: discord.Interaction, back: bool = False) -> None:
        await interaction.response.defer(ephemeral=True)
        wishes, fan = self._client.opt_outs, fan_id(interaction.user)
        await asyncio.to_thread(wishes.come_back if back else wishes.leave, fan)
        if not back:
            await self._client.house.journal.lessons.withdraw_all(fan)
            await self._take_back(fan)
        await interaction.followup.send("Characters hear you again." if back else OUT, ephemeral=True)

    async def _take_back(self, fan: str) -> None:
        """What a fan said and nobody began to answer is neither answered nor kept."""
        house = self._client.house
        for _, said in await house.journal.waiting():
            if said.speaker_id == fan:
                for scope in await house.journal.unsay(said.id, place=said.place):
                    await house.memory.sync(scope)


def told(receipt: Receipt) -> str:
    """A receipt in words: what went, by kind, and what was found when everything was looked through again."""
    names = [one.name for one in fields(receipt) if one.name not in (*LEFT, "at")]
    gone = "\n".join(f"- {name}: {getattr(receipt, name)}" for name in names)
    left = sum(getattr(receipt, name) for name in LEFT)
    found = "nothing is left." if receipt.complete else f"{left} traces are left; ask the operator about them."
    return f"**Erased**, at {receipt.at:%Y-%m-%d %H:%M} UTC:\n{gone}\nLooked through everything again: {found}"
