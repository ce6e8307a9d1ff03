"""A client's application where a server says little of it, or knows no applications at all."""

from typing import Any

import discord

from bots.discord_sending import may_pass


class Applying(discord.Client):
    """A client that logs in also where its application is hardly told; its id is then its account's, as with every
    application that Discord makes today."""

    async def application_info(self) -> discord.AppInfo:
        """Asked at login. Raises what may pass (`may_pass`)."""
        assert self.user is not None  # login knows it by then
        told: Any = least_of(self.user)
        try:
            answer: Any = await self.http.application_info()
        except discord.HTTPException as refused:
            if may_pass(refused):
                raise
            answer = None
        if isinstance(answer, dict):
            told |= {key: value for key, value in answer.items() if value is not None}
        return discord.AppInfo(self._connection, told)


def least_of(account: discord.ClientUser) -> dict[str, Any]:
    """The least that discord.py wants to know of an application."""
    name = account.name
    return {
        "id": str(account.id),
        "name": name,
        "description": "",
        "icon": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "",
        "owner": {"id": str(account.id), "username": name, "discriminator": "0", "avatar": None},
    }
