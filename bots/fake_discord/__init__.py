"""A Discord to test against: over real sockets, strict where Discord is strict."""

from bots.fake_discord.front import Heard
from bots.fake_discord.server import FakeDiscord

__all__ = ["FakeDiscord", "Heard"]
