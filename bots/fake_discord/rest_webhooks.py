"""Webhooks: one hook, any name and face a message; how many characters share one channel."""

import secrets

from aiohttp import web

from bots.fake_discord.desk import Desk
from bots.fake_discord.posting import checked, edited, message_from
from bots.fake_discord.refusal import (
    MISSING_PERMISSIONS,
    TOO_MANY_WEBHOOKS,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    invalid_form,
)
from bots.fake_discord.wire import Json, answer, body_of, nothing

MANAGE_WEBHOOKS = 1 << 29
FORBIDDEN = ("discord", "clyde")


def check_name(name: str | None) -> None:
    """Refuses a name that Discord keeps for itself, or that is too long or empty."""
    if name is None:
        return
    if not 1 <= len(name) <= 80:
        raise invalid_form("username: Must be between 1 and 80 in length.")
    if any(word in name.lower() for word in FORBIDDEN):
        raise invalid_form("username: Username cannot contain 'discord' or 'clyde'")


class Webhooks:
    """The routes under `/webhooks` that a hook's own token opens, and those that make hooks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._world = desk.world

    def routes(self) -> list[web.RouteDef]:
        one = "/webhooks/{webhook}/{token}/messages/{message}"
        return [
            web.get("/channels/{channel}/webhooks", self.of_channel),
            web.post("/channels/{channel}/webhooks", self.make),
            web.get("/webhooks/{webhook}/{token}", self.show),
            web.delete("/webhooks/{webhook}", self.end),
            web.get(one, self.read),
            web.patch(one, self.edit),
            web.delete(one, self.delete),
        ]

    async def of_channel(self, request: web.Request) -> web.Response:
        channel = self._permitted(request)
        return answer([hook for hook in self._world.webhooks.values() if hook["channel_id"] == channel["id"]])

    async def make(self, request: web.Request) -> web.Response:
        channel, body = self._permitted(request), await body_of(request)
        check_name(body.get("name"))
        if sum(hook["channel_id"] == channel["id"] for hook in self._world.webhooks.values()) >= 15:
            raise TOO_MANY_WEBHOOKS
        application = self._desk.application_of(request)
        hook: Json = {
            "id": self._world.ids.next(),
            "type": 1,
            "guild_id": channel["guild_id"],
            "channel_id": channel["id"],
            "name": body["name"],
            "avatar": None,
            "token": secrets.token_urlsafe(12),
            "user": application["user"],
            "application_id": application["application"]["id"],
        }
        self._world.webhooks[hook["id"]] = hook
        return answer(hook)

    async def show(self, request: web.Request) -> web.Response:
        return answer(self.hook(request))

    async def end(self, request: web.Request) -> web.Response:
        if self._world.webhooks.pop(request.match_info["webhook"], None) is None:
            raise UNKNOWN_WEBHOOK
        return nothing()

    async def send(self, request: web.Request) -> web.Response:
        """A message under any name; hooks have no nonce, so sending twice makes two."""
        hook, body = self.hook(request), await body_of(request)
        check_name(body.get("username"))
        checked(body)
        channel = self._world.channel_by_id(request.query.get("thread_id") or hook["channel_id"])
        author: Json = {
            "id": hook["id"],
            "username": body.get("username") or hook["name"],
            "avatar": None,
            "discriminator": "0000",
            "bot": True,
            "avatar_url": body.get("avatar_url"),
        }
        message = message_from(self._world, channel, author, body, webhook_id=hook["id"])
        message["application_id"] = hook["application_id"]
        await self._desk.post(message)
        return answer(message) if request.query.get("wait", "").lower() in ("1", "true") else nothing()

    async def read(self, request: web.Request) -> web.Response:
        return answer(self._message(request))

    async def edit(self, request: web.Request) -> web.Response:
        message, body = self._message(request), await body_of(request)
        if len(body.get("content") or "") > 2000:
            raise invalid_form("content: Must be 2000 or fewer in length.")
        return answer(await self._desk.change(edited(self._world, message, body)))

    async def delete(self, request: web.Request) -> web.Response:
        await self._desk.remove(self._message(request))
        return nothing()

    def hook(self, request: web.Request) -> Json:
        return self._world.webhook_by_id(request.match_info["webhook"], request.match_info["token"])

    def _message(self, request: web.Request) -> Json:
        hook = self.hook(request)
        channel = request.query.get("thread_id") or hook["channel_id"]
        message = self._world.message_by_id(channel, request.match_info["message"])
        if message.get("webhook_id") != hook["id"]:
            raise UNKNOWN_MESSAGE
        return message

    def _permitted(self, request: web.Request) -> Json:
        channel = self._world.channel_by_id(request.match_info["channel"])
        me = self._desk.application_of(request)["user"]
        if not self._desk.may(me["id"], channel["id"], MANAGE_WEBHOOKS):
            raise MISSING_PERMISSIONS
        return channel
