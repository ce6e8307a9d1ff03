"""What people took back or put otherwise lately, for lines that wait their turn and stand in no journal yet."""

from collections import OrderedDict
from copy import copy

import discord

KNOWN = 5000


class Revisions:
    """The newest of every message that was edited or deleted since we are here; the oldest make room."""

    def __init__(self) -> None:
        self._latest: OrderedDict[int, discord.Message | None] = OrderedDict()

    def note(self, message_id: int, now: discord.Message | None) -> None:
        """A message is another one now, or (None) gone."""
        self._latest[message_id] = now
        self._latest.move_to_end(message_id)
        while len(self._latest) > KNOWN:
            self._latest.popitem(last=False)

    def of(self, message: discord.Message) -> discord.Message | None:
        """A message in its newest words, None once it is gone; who wrote it and where is as it was."""
        if message.id not in self._latest:
            return message
        latest = self._latest[message.id]
        if latest is None:
            return None
        now = copy(message)  # what an edit tells of its author may be less
        now.content, now.mentions, now.attachments = latest.content, latest.mentions, latest.attachments
        return now
