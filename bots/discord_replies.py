"""What a button under a reply does: stop, again, go on, thumbs, delete. Answered first, worked on afterwards."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

import discord

from bots.discord_budgets import Budgets
from bots.discord_buttons import Pressed, Why
from bots.discord_deliveries import mark_taken_away
from bots.discord_delivery import found
from bots.discord_opt_outs import OptOuts
from bots.discord_place import Anywhere, fan_id
from bots.discord_refusals import UNHEARD, guild_of, refusal, unheard
from bots.discord_rooms import Rooms
from bots.discord_voice import Channel
from bots.house import House
from memory import MemoryTrouble, Scope, Turn, UnknownMemory

NOT_YOURS = "Only the person who was answered, or a moderator, can do that."
GONE = "That reply is gone."
STAYS = "I may not delete that message here (Manage Messages); it is forgotten."
REPLY = ":said"  # what a reply's memory is called, after its turn


class Deliverer(Protocol):
    """Whoever can bring a reply into a channel; the client."""

    house: House
    rooms: Rooms
    opt_outs: OptOuts
    budgets: Budgets

    @property
    def deliver(self) -> Callable[..., Awaitable[Turn | None]]: ...


async def press(client: Deliverer, interaction: discord.Interaction, pressed: Pressed) -> None:
    """Does what a button says, or tells only the one who pressed it why not."""
    if pressed.verb == "down":
        await interaction.response.send_modal(Why(lambda sent, reason: vote(client, sent, pressed, "down", reason)))
        return
    await interaction.response.defer(ephemeral=pressed.verb == "up", thinking=False)
    if pressed.verb == "up":
        await vote(client, interaction, pressed, "up")
        return
    try:
        turn: Turn = await client.house.journal.turn(pressed.turn_id)
    except MemoryTrouble:
        await interaction.followup.send(GONE, ephemeral=True)
        return
    if not may_touch(interaction, turn):
        await interaction.followup.send(NOT_YOURS, ephemeral=True)
    else:
        await touch(client, interaction, pressed, turn)


async def touch(client: Deliverer, interaction: discord.Interaction, pressed: Pressed, turn: Turn) -> None:
    """Stops, repeats, lengthens or removes a reply."""
    channel, message = interaction.channel, interaction.message
    if not isinstance(channel, Anywhere) or message is None:
        return
    if pressed.verb == "stop":
        await client.house.hall.stop(turn.id)
    elif pressed.verb == "delete":
        standing = await found(channel, turn.id, around=message)
        if not await take_away(client, channel, turn, standing or [message.id]):
            await interaction.followup.send(STAYS, ephemeral=True)
    else:
        await bring_another(client, interaction, message, turn, longer=pressed.verb == "on")


async def bring_another(
    client: Deliverer, interaction: discord.Interaction, message: discord.Message, turn: Turn, *, longer: bool = False
) -> bool:
    """Another version, or a longer one, in place of the one that a message shows; who may not is told, alone."""
    person, channel = interaction.user, message.channel
    why = await refusal(client, person, channel, turn)
    if not why:
        async with client.house.journal.alone(turn.place):
            why = await refusal(client, person, channel, turn)  # somebody may have been answered while we waited
            if not why:
                hall, standing = client.house.hall, await found(channel, turn.id, around=message)
                performance = await (hall.go_on(turn.id) if longer else hall.again(turn.id))
                spoken = await client.deliver(performance, channel, over=standing or [message.id])
                if spoken is not None:
                    client.budgets.spend(spoken, fan=fan_id(person), guild=guild_of(channel))
    if why:
        await interaction.followup.send(why, ephemeral=True)
    return not why


async def take_away(client: Deliverer, channel: Anywhere, turn: Turn, standing: Sequence[int]) -> bool:
    """A deleted reply goes from the channel, with all its parts, and from what is remembered; False if we may not
    delete some of them."""
    persona, gone = client.house.persona(turn.persona_id), True
    if persona is not None and isinstance(channel, Channel):
        voice = await client.rooms.voice(channel, persona)
        for message_id in standing:
            try:
                await voice.delete(message_id)
            except discord.Forbidden:
                gone = False
    await mark_taken_away(client.house, turn)
    for fan in dict.fromkeys(said.speaker_id for said in turn.heard):
        with suppress(UnknownMemory):
            await client.house.memory.forget(Scope(turn.persona_id, fan, turn.place), f"{turn.id}{REPLY}")
    return gone


async def vote(
    client: Deliverer, interaction: discord.Interaction, pressed: Pressed, thumb: str, reason: str = ""
) -> None:
    """Keeps an opinion, one for each person and reply."""
    if not interaction.response.is_done():
        await interaction.response.defer(ephemeral=True, thinking=False)
    fan = fan_id(interaction.user)
    try:
        if unheard(client, interaction.user, await client.house.journal.turn(pressed.turn_id)):
            await interaction.followup.send(UNHEARD, ephemeral=True)
            return
        await client.house.journal.feedback(pressed.turn_id, fan_id=fan, thumb=thumb, reason=reason)
    except MemoryTrouble:
        await interaction.followup.send(GONE, ephemeral=True)
        return
    await interaction.followup.send("Thank you, noted.", ephemeral=True)


def may_touch(interaction: discord.Interaction, turn: Turn) -> bool:
    """The people who were answered, and moderators; asked of Discord's own permissions, not of the command's."""
    answered = {said.speaker_id for said in turn.heard}
    return fan_id(interaction.user) in answered or interaction.permissions.manage_messages
