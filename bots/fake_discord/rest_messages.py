"""Messages over HTTP: send, read, edit, delete, react, type, and the threads that grow from them."""

from aiohttp import web

from bots.fake_discord.desk import Desk
from bots.fake_discord.posting import checked, edited, message_from
from bots.fake_discord.refusal import FOREIGN_EDIT, MISSING_PERMISSIONS, invalid_form
from bots.fake_discord.wire import Json, answer, body_of, nothing

MANAGE_MESSAGES = 1 << 13


class Messages:
    """The routes under `/channels`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._world = desk.world

    def routes(self) -> list[web.RouteDef]:
        one = "/channels/{channel}/messages/{message}"
        return [
            web.get("/channels/{channel}", self.channel),
            web.get("/channels/{channel}/messages", self.read),
            web.post("/channels/{channel}/messages", self.send),
            web.get(one, self.read_one),
            web.patch(one, self.edit),
            web.delete(one, self.delete),
            web.post("/channels/{channel}/typing", self.type),
            web.put(one + "/reactions/{emoji}/@me", self.react),
            web.delete(one + "/reactions/{emoji}/@me", self.unreact),
            web.post(one + "/threads", self.thread),
            web.post("/channels/{channel}/threads", self.thread),
        ]

    async def channel(self, request: web.Request) -> web.Response:
        return answer(self._world.channel_by_id(request.match_info["channel"]))

    async def read(self, request: web.Request) -> web.Response:
        """Newest first, as Discord does."""
        channel = self._world.channel_by_id(request.match_info["channel"])
        found = sorted(self._world.messages[channel["id"]].values(), key=lambda m: int(m["id"]), reverse=True)
        if before := request.query.get("before"):
            found = [message for message in found if int(message["id"]) < int(before)]
        if around := request.query.get("around"):
            half = int(request.query.get("limit", 50)) // 2
            older = [message for message in found if int(message["id"]) <= int(around)][: half + 1]
            found = [message for message in found if int(message["id"]) > int(around)][-half:] + older
        if after := request.query.get("after"):
            found = [message for message in found if int(message["id"]) > int(after)][::-1]
        return answer(found[: int(request.query.get("limit", 50))])

    async def read_one(self, request: web.Request) -> web.Response:
        return answer(self._message(request))

    async def send(self, request: web.Request) -> web.Response:
        channel = self._world.channel_by_id(request.match_info["channel"])
        author = self._desk.application_of(request)["user"]
        body = await body_of(request)
        checked(body)
        if (earlier := self._desk.sent_before(author["id"], body)) is not None:
            return answer(earlier)
        message = message_from(self._world, channel, author, body)
        await self._desk.post(message)
        self._desk.remember_nonce(author["id"], body, message)
        return answer(message)

    async def edit(self, request: web.Request) -> web.Response:
        message, body = self._message(request), await body_of(request)
        if message["author"]["id"] != self._desk.application_of(request)["user"]["id"] or "webhook_id" in message:
            raise FOREIGN_EDIT
        if len(body.get("content") or "") > 2000:
            raise invalid_form("content: Must be 2000 or fewer in length.")
        return answer(await self._desk.change(edited(self._world, message, body)))

    async def delete(self, request: web.Request) -> web.Response:
        message = self._message(request)
        me = self._desk.application_of(request)["user"]
        if message["author"]["id"] != me["id"] and not self._desk.may(me["id"], message["channel_id"], MANAGE_MESSAGES):
            raise MISSING_PERMISSIONS
        await self._desk.remove(message)
        return nothing()

    async def type(self, request: web.Request) -> web.Response:
        channel = self._world.channel_by_id(request.match_info["channel"])
        me = self._desk.application_of(request)["user"]
        seconds = int(self._world.now().timestamp())
        typing = {"channel_id": channel["id"], "user_id": me["id"], "timestamp": seconds}
        await self._desk.happen("TYPING_START", typing, channel=channel)
        return nothing()

    async def react(self, request: web.Request) -> web.Response:
        await self._desk.reaction(
            "ADD", self._message(request), self._desk.application_of(request)["user"], request.match_info["emoji"]
        )
        return nothing()

    async def unreact(self, request: web.Request) -> web.Response:
        me = self._desk.application_of(request)["user"]
        await self._desk.reaction("REMOVE", self._message(request), me, request.match_info["emoji"])
        return nothing()

    async def thread(self, request: web.Request) -> web.Response:
        """A thread's id is its first message's, where it starts from one."""
        channel, body = self._world.channel_by_id(request.match_info["channel"]), await body_of(request)
        me = self._desk.application_of(request)["user"]
        thread = self._world.thread(
            channel, body["name"], owner_id=me["id"], thread_id=request.match_info.get("message")
        )
        await self._desk.happen("THREAD_CREATE", {**thread, "newly_created": True}, channel=thread)
        return answer(thread, status=201)

    def _message(self, request: web.Request) -> Json:
        return self._world.message_by_id(request.match_info["channel"], request.match_info["message"])
