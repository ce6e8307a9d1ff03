"""What can be done to a reply: buttons that survive a restart, since each carries its turn's id.

That id makes the channel itself the record of what was delivered: whoever finds a message of ours knows its turn, and
a message that still shows "stop" was never finished.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

PREFIX = "greenroom"
FACES = {
    "stop": ("⏹️", discord.ButtonStyle.secondary),
    "again": ("🔁", discord.ButtonStyle.secondary),
    "on": ("➡️", discord.ButtonStyle.secondary),
    "up": ("👍", discord.ButtonStyle.secondary),
    "down": ("👎", discord.ButtonStyle.secondary),
    "delete": ("🗑️", discord.ButtonStyle.secondary),
    "part": ("⏬", discord.ButtonStyle.secondary),
}
SPEAKING = ("stop",)
SPOKEN = ("again", "on", "up", "down", "delete")
GOES_ON = ("part",)  # under a part of a reply that goes on in the next message; it can't be pressed
PRESSED = re.compile(rf"{PREFIX}:(?P<verb>[a-z]+):(?P<turn>[\w-]+)")


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button somebody pressed."""

    verb: str
    turn_id: str


OnPress = Callable[[discord.Interaction, Pressed], Awaitable[None]]


class Tools(discord.ui.View):
    """The row of buttons under a message; pressing one is answered by `Press`, not by this view."""

    def __init__(self, turn_id: str, verbs: tuple[str, ...]) -> None:
        super().__init__(timeout=None)
        self.stop()  # discord.py would keep every view there ever was, to answer what `Press` answers
        for verb in verbs:
            emoji, style = FACES[verb]
            mark, only_a_mark = f"{PREFIX}:{verb}:{turn_id}", verb == "part"
            self.add_item(discord.ui.Button(emoji=emoji, style=style, custom_id=mark, disabled=only_a_mark))


def turn_of(message: discord.Message) -> str | None:
    """The turn that a message of ours delivers."""
    found = (PRESSED.fullmatch(custom_id) for custom_id in custom_ids(message))
    return next((pressed["turn"] for pressed in found if pressed), None)


def is_unfinished(message: discord.Message) -> bool:
    """Whether a message of ours still shows that it is being given."""
    return any(custom_id.startswith(f"{PREFIX}:stop:") for custom_id in custom_ids(message))


def custom_ids(message: discord.Message) -> list[str]:
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return [item.custom_id or "" for row in rows for item in row.children]


def press_with(answer: OnPress) -> type[discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]]]:
    """The item that a client registers once, and that every press of any of our buttons comes to."""

    class Press(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=PRESSED):
        @classmethod
        async def from_custom_id(
            cls, interaction: discord.Interaction, item: discord.ui.Item[discord.ui.View], match: re.Match[str], /
        ) -> "Press":
            press = cls(discord.ui.Button(custom_id=match[0]))
            press.pressed = Pressed(match["verb"], match["turn"])
            return press

        pressed: Pressed

        async def callback(self, interaction: discord.Interaction) -> None:
            await answer(interaction, self.pressed)

    return Press


class Why(discord.ui.Modal, title="What was wrong with it?"):
    """Asks for a reason with a thumb down; leaving it empty is fine."""

    def __init__(self, keep: Callable[[discord.Interaction, str], Awaitable[None]]) -> None:
        super().__init__(timeout=600)
        self._keep = keep
        self.reason = discord.ui.TextInput[discord.ui.View](
            required=False, max_length=500, style=discord.TextStyle.paragraph
        )
        self.add_item(discord.ui.Label(text="In a few words (may stay empty)", component=self.reason))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await self._keep(interaction, self.reason.value)
