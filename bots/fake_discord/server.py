"""A Discord on loopback: an unmodified discord.py talks to it over real sockets, and a test plays everyone else.

    async with FakeDiscord() as discord:
        fan, guild = discord.person("Kim"), discord.guild("The Green Room")
        stage = discord.channel(guild, "stage")
        discord.application("token", in_guilds=[guild])
        …                                    # start the client under test
        await discord.says(fan, stage, "hello")
        reply = await discord.event("MESSAGE_CREATE", lambda m: m["author"]["bot"])

What is not covered: voice, permissions beyond those a test denies, and Discord's habit of changing its mind.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from aiohttp import web

from bots.fake_discord.buckets import Buckets
from bots.fake_discord.desk import Desk
from bots.fake_discord.faults import Fault, Faults
from bots.fake_discord.front import Front, Heard
from bots.fake_discord.gateway import Gateway
from bots.fake_discord.posting import edited, message_from
from bots.fake_discord.rest_interactions import Interaction, Interactions
from bots.fake_discord.wire import Json
from bots.fake_discord.world import TEXT, World

PATIENCE = 10.0  # seconds that a test waits for something to happen


class FakeDiscord:
    """The server and the hands that move it."""

    def __init__(self, *, heartbeat: float = 41.25, rate_limits: bool = False) -> None:
        self.world = World()
        self.events: list[tuple[str, Json]] = []
        self.faults = Faults()
        self.buckets = Buckets(time.monotonic)
        self.buckets.on = rate_limits
        self.gateway = Gateway(self.world, {}, lambda: self.gateway_url, heartbeat)
        self._desk = Desk(self.world, self.gateway, tell_watchers=self._note)
        self._interactions = Interactions(self._desk, time.monotonic)
        self._front = Front(self._desk, self._interactions, self.faults, self.buckets)
        self._happened = asyncio.Condition()
        self._keeper = self.world.user("keeper")
        self._counter = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    # -- its life --------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self._front.application(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # asyncio's Server
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.gateway.drop(1001)
        if self._runner:
            await self._runner.cleanup()

    @property
    def requests(self) -> list[Heard]:
        """Every request to the API, in order."""
        return self._front.requests

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway"

    # -- who and what there is -------------------------------------------------------------------------------------

    def person(self, name: str) -> Json:
        return self.world.user(name)

    def guild(self, name: str, *, nsfw_level: int = 0, members: Iterable[Json] = ()) -> Json:
        guild = self.world.guild(name, owner=self._keeper, nsfw_level=nsfw_level)
        for member in members:
            self.world.join(guild, member)
        return guild

    def channel(self, guild: Json, name: str, *, kind: int = TEXT, nsfw: bool = False) -> Json:
        return self.world.channel(guild, name, kind=kind, nsfw=nsfw)

    def application(
        self,
        token: str,
        *,
        name: str = "greenroom",
        in_guilds: Iterable[Json] = (),
        granted: int = (1 << 1) | (1 << 15),
    ) -> Json:
        """An application with a bot account; `granted` are the privileged intents its owner has switched on."""
        user = self.world.user(name, bot=True)
        application: Json = {
            "id": user["id"],
            "name": name,
            "description": "",
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "owner": self._keeper,
            "flags": 0,
        }
        self.gateway.applications[token] = {"user": user, "application": application, "granted": granted}
        for guild in in_guilds:
            self.world.join(guild, user)
        return user

    def deny(self, user: Json, channel: Json, permission: int) -> None:
        """Takes a permission away from a user in a channel."""
        key = (user["id"], channel["id"])
        self.world.denied[key] = self.world.denied.get(key, 0) | permission

    # -- what people do --------------------------------------------------------------------------------------------

    async def says(self, who: Json, where: Json, text: str, *, reply_to: Json | None = None) -> Json:
        """A person writes a message; where they are no member yet they join first."""
        if "guild_id" in where and self.world.member(where["guild_id"], who["id"]) is None:
            self.world.join(self.world.guilds[where["guild_id"]], who)
        body: Json = {"content": text}
        if reply_to:
            body["message_reference"] = {"message_id": reply_to["id"]}
        return await self._desk.post(message_from(self.world, where, who, body))

    async def direct(self, who: Json, text: str) -> Json:
        """A person writes to the bot in private."""
        return await self.says(who, self.world.dm(who), text)

    async def opens_thread(self, who: Json, parent: Json, name: str) -> Json:
        """A person opens a thread in a channel."""
        thread = self.world.thread(parent, name, owner_id=who["id"])
        await self._desk.happen("THREAD_CREATE", {**thread, "newly_created": True}, channel=thread)
        return thread

    async def posts(self, who: Json, forum: Json, title: str, text: str) -> tuple[Json, Json]:
        """A person opens a thread in a forum with its first message, whose id is the thread's; both."""
        first = self.world.ids.next()
        thread = self.world.thread(forum, title, owner_id=who["id"], thread_id=first)
        await self._desk.happen("THREAD_CREATE", {**thread, "newly_created": True}, channel=thread)
        if self.world.member(forum["guild_id"], who["id"]) is None:
            self.world.join(self.world.guilds[forum["guild_id"]], who)
        message = {**message_from(self.world, thread, who, {"content": text}), "id": first}
        return thread, await self._desk.post(message)

    async def expels(self, guild: Json, user: Json) -> None:
        """A guild sends somebody away; a bot is told that the guild is gone."""
        data = {"id": guild["id"]}
        await self.gateway.dispatch("GUILD_DELETE", data, guild_id=guild["id"])
        guild["members"] = [member for member in guild["members"] if member["user"]["id"] != user["id"]]

    async def lets_in(self, guild: Json, user: Json) -> None:
        """A guild lets a bot in again."""
        self.world.join(guild, user)
        joined = {key: value for key, value in guild.items() if key != "unavailable"}  # false would mean: back again
        await self.gateway.dispatch("GUILD_CREATE", joined, guild_id=guild["id"])

    async def edits(self, message: Json, text: str) -> Json:
        return await self._desk.change(edited(self.world, message, {"content": text}))

    async def deletes(self, message: Json) -> None:
        await self._desk.remove(message)

    async def reacts(self, who: Json, message: Json, emoji: str) -> None:
        await self._desk.reaction("ADD", message, who, emoji)

    async def unreacts(self, who: Json, message: Json, emoji: str) -> None:
        await self._desk.reaction("REMOVE", message, who, emoji)

    async def slash(
        self, who: Json, where: Json, name: str, options: list[Json] | None = None, *, token: str
    ) -> Interaction:
        """A person uses a command; `options` as Discord nests them."""
        data: Json = {"id": self.world.ids.next(), "name": name, "type": 1, "options": options or []}
        return await self._interact(2, who, where, data, token)

    async def menu(self, who: Json, message: Json, name: str, *, token: str) -> Interaction:
        """A person chooses a command from a message's menu."""
        data: Json = {"id": self.world.ids.next(), "name": name, "type": 3, "target_id": message["id"]}
        data["resolved"] = {"messages": {message["id"]: message}}
        return await self._interact(2, who, self.world.channels[message["channel_id"]], data, token)

    async def clicks(self, who: Json, message: Json, custom_id: str, *, token: str) -> Interaction:
        """A person presses a button."""
        data = {"custom_id": custom_id, "component_type": 2}
        return await self._interact(3, who, self.world.channels[message["channel_id"]], data, token, source=message)

    async def submits(
        self, who: Json, where: Json, custom_id: str, fields: dict[str, str], *, token: str
    ) -> Interaction:
        """A person sends a form; `fields` are the values by their custom ids."""
        rows = [
            {"type": 1, "components": [{"type": 4, "custom_id": key, "value": value}]} for key, value in fields.items()
        ]
        return await self._interact(5, who, where, {"custom_id": custom_id, "components": rows}, token)

    async def _interact(
        self, kind: int, who: Json, where: Json, data: Json, token: str, source: Json | None = None
    ) -> Interaction:
        application = self.gateway.applications[token]
        opened = self._interactions.open(where, application, source)
        payload: Json = {
            "id": opened.id,
            "application_id": application["application"]["id"],
            "type": kind,
            "token": opened.token,
            "version": 1,
            "data": data,
            "channel": where,
            "channel_id": where["id"],
            "attachment_size_limit": 10 << 20,
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "app_permissions": self._desk.permissions(application["user"]["id"], where["id"]),
            "context": 0 if "guild_id" in where else 1,
        }
        if source:
            payload["message"] = source
        if guild_id := where.get("guild_id"):
            member = self.world.member(guild_id, who["id"]) or self.world.join(self.world.guilds[guild_id], who)
            permissions = self._desk.permissions(who["id"], where["id"])
            payload |= {"guild_id": guild_id, "guild": {"id": guild_id, "features": [], "locale": "en-US"}}
            payload["member"] = {**member, "permissions": permissions}
        else:
            payload["user"] = who
        await self.gateway.dispatch("INTERACTION_CREATE", payload, guild_id=where.get("guild_id"))
        return opened

    # -- what goes wrong -------------------------------------------------------------------------------------------

    async def frame(self, op: int, data: object = None) -> None:
        await self.gateway.frame(op, data)

    async def drop(self, code: int | None = 1001) -> None:
        await self.gateway.drop(code)

    def deaf(self, is_deaf: bool = True) -> None:
        """Heartbeats go unanswered, as with a half-dead connection."""
        self.gateway.is_deaf = is_deaf

    def fail(
        self,
        pattern: str,
        status: int = 500,
        times: int = 1,
        *,
        retry_after: float = 0.0,
        everywhere: bool = False,
        lose: bool = False,
    ) -> None:
        """The next requests whose `METHOD /path` matches go wrong; see `Fault`."""
        self.faults.add(Fault(re.compile(pattern), status, times, retry_after, everywhere, lose))

    # -- what a test waits for -------------------------------------------------------------------------------------

    async def event(
        self, kind: str, which: Callable[[Json], bool] = lambda data: True, *, within: float = PATIENCE
    ) -> Json:
        """The first event of a kind that fits, also one of the past; TimeoutError when none comes."""
        return (await self.events_like(kind, which, count=1, within=within))[0]

    async def events_like(
        self, kind: str, which: Callable[[Json], bool], *, count: int, within: float = PATIENCE
    ) -> list[Json]:
        """At least so many events of a kind that fit."""

        def found() -> list[Json]:
            return [data for name, data in self.events if name == kind and which(data)]

        async with asyncio.timeout(within), self._happened:
            await self._happened.wait_for(lambda: len(found()) >= count)
        return found()

    def messages(self, channel: Json) -> list[Json]:
        """What stands in a channel, oldest first."""
        return sorted(self.world.messages[channel["id"]].values(), key=lambda message: int(message["id"]))

    def asked(self, pattern: str) -> list[Heard]:
        """The requests whose `METHOD /path` the pattern finds."""
        return [heard for heard in self.requests if re.search(pattern, f"{heard.method} {heard.path}")]

    # -- inside ----------------------------------------------------------------------------------------------------

    def _note(self, event: str, data: Json) -> None:
        self.events.append((event, data))
        task = asyncio.get_running_loop().create_task(self._wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self) -> None:
        async with self._happened:
            self._happened.notify_all()
