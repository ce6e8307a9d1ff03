"""The menu of a message: another reply, what was behind this one, and, for operators, other words in its place."""

import discord
from discord import app_commands

from bots.discord_buttons import turn_of
from bots.discord_client import Client
from bots.discord_delivery import found
from bots.discord_place import fan_id
from bots.discord_refusals import ONLY_LATEST
from bots.discord_replies import bring_another, may_touch
from bots.performance import over
from bots.rewriting import NotLatest, is_among_newest, rewrite
from memory import MemoryTrouble, Turn

NOT_YOURS = "Only for those whom this answers, and for moderators."
NO_OPERATOR = "Only for operators of this bot (GREENROOM_DISCORD_OPERATORS)."
NO_REPLY = "That is no reply of a character's."
LONGEST = 4000  # characters a form's field holds


def why(turn: Turn, *, asked_by: str) -> str:
    """What the persona had in mind, which engine spoke, and how long it took, in words.

    What came to mind are words of the fan who spoke last, perhaps of another room: only they read them.
    """
    recalled = [f"- {one.at:%d %b %Y}: {one.text[:120]} (sure: {one.confidence:.0%})" for one in turn.recalled]
    if recalled and [said.speaker_id for said in turn.heard[-1:]] != [asked_by]:
        recalled = [f"- of whoever spoke last, for nobody else to read: {len(recalled)}"]
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


class Rewriting(discord.ui.Modal, title="Say it differently"):
    """A form with a reply's words; what is sent stands in its place, here, on the web and in memory."""

    def __init__(self, client: Client, turn: Turn, message: discord.Message) -> None:
        super().__init__(timeout=1800)
        self._client = client
        self._turn = turn
        self._message = message
        self.words = discord.ui.TextInput[discord.ui.View](
            style=discord.TextStyle.paragraph, default=(turn.said or "")[:LONGEST], max_length=LONGEST
        )
        self.add_item(discord.ui.Label(text="What she says instead", component=self.words))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=False)
        channel = interaction.channel
        if not isinstance(channel, discord.abc.Messageable):
            return
        try:
            async with self._client.house.journal.alone(self._turn.place):
                new = await rewrite(self._client.house, self._turn, self.words.value)
                standing = await found(channel, self._turn.id, around=self._message)
                await self._client.deliver(over(new), channel, over=standing or [self._message.id])
        except NotLatest:
            await interaction.followup.send(ONLY_LATEST, ephemeral=True)
            return
        await self._client.note(
            str(interaction.guild_id or 0), f"<@{interaction.user.id}> rewrote a reply of {new.persona_id}."
        )


def menus(client: Client) -> list[app_commands.ContextMenu]:
    """What the menu of a message offers."""

    async def turn_under(interaction: discord.Interaction, message: discord.Message) -> Turn | None:
        """The turn of a message that this person may touch; None, and they are told."""
        turn_id = turn_of(message)
        try:
            turn: Turn | None = await client.house.journal.turn(turn_id) if turn_id else None
        except MemoryTrouble:
            turn = None
        if turn is None or not may_touch(interaction, turn):
            await interaction.followup.send(NOT_YOURS, ephemeral=True)
            return None
        return turn

    async def why_so(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True)
        if turn := await turn_under(interaction, message):
            await interaction.followup.send(why(turn, asked_by=fan_id(interaction.user))[:2000], ephemeral=True)

    async def regenerate(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True)
        turn = await turn_under(interaction, message)
        if turn and await bring_another(client, interaction, message, turn):
            await interaction.followup.send("Here is another one.", ephemeral=True)

    async def edit(interaction: discord.Interaction, message: discord.Message) -> None:
        if str(interaction.user.id) not in client.settings.operators:
            await interaction.response.send_message(NO_OPERATOR, ephemeral=True)
            return
        turn_id = turn_of(message)
        try:  # a form must be the first answer; reading two turns takes milliseconds
            turn: Turn | None = await client.house.journal.turn(turn_id) if turn_id else None
            latest = turn is not None and await is_among_newest(client.house, turn, 1)
        except MemoryTrouble:
            turn, latest = None, False
        if turn is None or not latest:
            await interaction.response.send_message(ONLY_LATEST if turn else NO_REPLY, ephemeral=True)
        else:
            await interaction.response.send_modal(Rewriting(client, turn, message))

    return [
        app_commands.ContextMenu(name="Why did she say that?", callback=why_so),
        app_commands.ContextMenu(name="Regenerate", callback=regenerate),
        app_commands.ContextMenu(name="Edit (operator)", callback=edit),
    ]
