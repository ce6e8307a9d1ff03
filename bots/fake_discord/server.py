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
import re
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from aiohttp import web

from bots.fake_discord.buckets import Buckets
from bots.fake_discord.desk import Desk
from bots.fake_discord.dialect import Dialect
from bots.fake_discord.faults import Fault, Faults
from bots.fake_discord.front import Front, Heard
from bots.fake_discord.gateway import Gateway
from bots.fake_discord.people import People
from bots.fake_discord.rest_interactions import Interactions
from bots.fake_discord.snowflakes import Ids
from bots.fake_discord.wire import Json
from bots.fake_discord.world import TEXT, World

PATIENCE = 10.0  # seconds that a test waits for something to happen


class FakeDiscord(People):
    """The server and the hands that move it."""

    def __init__(
        self,
        *,
        heartbeat: float = 41.25,
        rate_limits: bool = False,
        terse: bool = False,
        base: str = "/api",
        ids: Ids | None = None,
    ) -> None:
        """`terse`: tells only what a client can't do without. `base`: where the API stands. `ids`: other than times."""
        world = World()
        world.ids = ids or world.ids
        self.events: list[tuple[str, Json]] = []
        self.faults = Faults()
        self.buckets = Buckets(time.monotonic)
        self.buckets.on = rate_limits
        gateway = Gateway(world, {}, lambda: self.gateway_url, heartbeat)
        desk = Desk(world, gateway, tell_watchers=self._note)
        super().__init__(desk, Interactions(desk, time.monotonic))
        self._front = Front(self._desk, self._interactions, self.faults, self.buckets, base=base)
        self._front.terse = self.gateway.terse = terse
        self._happened = asyncio.Condition()
        self._keeper = self.world.user("keeper")
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
    def dialect(self) -> Dialect:
        """How the server words things, where it is to be another than Discord."""
        return self.gateway.dialect

    @property
    def requests(self) -> list[Heard]:
        """Every request to the API, in order."""
        return self._front.requests

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self._front.base}/v10"

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
        of_old: bool = False,
    ) -> Json:
        """An application with a bot account; `granted` are the privileged intents its owner has switched on.

        An application `of_old` has another id than its account.
        """
        user = self.world.user(name, bot=True)
        application: Json = {
            "id": self.world.ids.next() if of_old else user["id"],
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

    # -- what goes wrong -------------------------------------------------------------------------------------------

    async def frame(self, op: int, data: object = None) -> None:
        await self.gateway.frame(op, data)

    async def drop(self, code: int | None = 1001) -> None:
        await self.gateway.drop(code)

    def zombie(self) -> None:
        """The connections stay open, and nothing goes through them any more."""
        self.gateway.go_dead()

    def deaf(self, is_deaf: bool = True) -> None:
        """Heartbeats go unanswered while events still come."""
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
        late: bool = False,
    ) -> None:
        """The next requests whose `METHOD /path` matches go wrong; see `Fault`."""
        self.faults.add(Fault(re.compile(pattern), status, times, retry_after, everywhere, lose, late))

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
