"""All commands and menus that a client offers; each family stands in a file of its own.

Every command that touches disk or a model answers first ("thinking …") and works then. Admins can loosen a command's
permissions on Discord's side, so those that change something are checked again here.
"""

from bots.discord_character import Character
from bots.discord_client import Client, Command
from bots.discord_config import Config
from bots.discord_menus import menus
from bots.discord_privacy import Memory, Privacy


def commands(client: Client) -> list[Command]:
    """All that a client offers."""
    return [Character(client), Config(client), Memory(client), Privacy(client), *menus(client)]
