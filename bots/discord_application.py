"""What an application is called where a server says little of it, or knows no applications at all."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import discord

from bots.discord_sending import may_pass


class _Http(Protocol):
    @property
    def application_info(self) -> Callable[[], Awaitable[Any]]: ...


async def told_application(http: _Http, account: discord.ClientUser) -> dict[str, Any]:
    """The application as its server tells it, over the least that discord.py needs; its id is its account's, as with
    every application that Discord makes today. Raises what may pass (`may_pass`)."""
    owner = {"id": str(account.id), "username": account.name, "discriminator": "0", "avatar": None}
    least = {
        "id": str(account.id),
        "name": account.name,
        "description": "",
        "icon": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "",
        "owner": owner,
    }
    try:
        told = await http.application_info()
    except discord.HTTPException as refused:
        if may_pass(refused):
            raise
        return least
    known = {key: value for key, value in told.items() if value is not None} if isinstance(told, dict) else {}
    return least | known
