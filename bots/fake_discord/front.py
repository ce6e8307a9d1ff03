"""The HTTP side of the fake server: all routes behind one gate where faults strike and limits are kept."""

import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from bots.fake_discord.buckets import Buckets, too_many
from bots.fake_discord.desk import Desk
from bots.fake_discord.faults import Faults
from bots.fake_discord.refusal import Refusal
from bots.fake_discord.rest_interactions import Interactions
from bots.fake_discord.rest_messages import Messages
from bots.fake_discord.rest_webhooks import Webhooks
from bots.fake_discord.terse import terse
from bots.fake_discord.wire import answer

Route = Callable[[web.Request], Awaitable[web.StreamResponse]]
LARGEST_UPLOAD = 30 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """One HTTP request that came in."""

    method: str
    path: str
    status: int
    at: float


class Front:
    """Answers requests, and notes them in `requests`."""

    def __init__(
        self, desk: Desk, interactions: Interactions, faults: Faults, buckets: Buckets, *, base: str = "/api"
    ) -> None:
        self.requests: list[Heard] = []
        self.shards = 1
        self.base = base
        self.terse = False
        self._path = re.compile(rf"{re.escape(base)}(?:/v\d+)?(/.*)")
        self._desk = desk
        self._interactions = interactions
        self._webhooks = Webhooks(desk)
        self._faults = faults
        self._buckets = buckets

    def application(self) -> web.Application:
        """The gateway at `/gateway`, and the API with and without its version."""
        app = web.Application(client_max_size=LARGEST_UPLOAD)
        serve = self._desk.gateway.serve
        app.add_routes([web.get("/gateway", serve), web.get("/gateway/", serve)])
        for version in (f"{self.base}/v10", self.base):
            inner = web.Application(client_max_size=LARGEST_UPLOAD, middlewares=[self._gate])
            inner.add_routes([*self._account_routes(), *Messages(self._desk).routes(), *self._hook_routes()])
            inner.add_routes([*self._webhooks.routes(), *self._interactions.routes()])
            app.add_subapp(version, inner)
        return app

    def _account_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/users/@me", self._me),
            web.post("/users/@me/channels", self._open_dm),
            web.get("/oauth2/applications/@me", self._my_application),
            web.get("/gateway", self._gateway),
            web.get("/gateway/bot", self._gateway_for_bots),
            web.get("/guilds/{guild}", self._guild),
        ]

    def _hook_routes(self) -> list[web.RouteDef]:
        """`/webhooks/{id}/{token}` belongs to hooks and to interactions alike; the token decides."""
        one = "/webhooks/{webhook}/{token}/messages/{message}"
        post, edit = self._webhooks.send, self._webhooks.edit
        inside = self._interactions
        return [
            web.post("/webhooks/{webhook}/{token}", self._by_token(inside.follow_up, post)),
            web.get(one, self._by_token(inside.read, self._webhooks.read)),
            web.patch(one, self._by_token(inside.edit, edit)),
            web.delete(one, self._by_token(inside.delete, self._webhooks.delete)),
        ]

    def _by_token(self, interaction: Route, hook: Route) -> Route:
        async def route(request: web.Request) -> web.StreamResponse:
            belongs = request.match_info["token"] in self._interactions.by_token
            return await (interaction if belongs else hook)(request)

        return route

    @web.middleware
    async def _gate(self, request: web.Request, handler: Route) -> web.StreamResponse:
        """Faults first, then limits, then the route; every request is noted."""
        found = self._path.match(request.path)
        path = found.group(1) if found else request.path
        response = await self._answer(request, handler, path)
        if self.terse and isinstance(response, web.Response):
            only_needed(response)
        if isinstance(response, web.Response):
            response = self._desk.gateway.dialect.answer(f"{request.method} {path}", response)
        self.requests.append(Heard(request.method, path, response.status, time.monotonic()))
        return response

    async def _answer(self, request: web.Request, handler: Route, path: str) -> web.StreamResponse:
        fault = self._faults.next_for(request.method, path)
        headers, wait = self._buckets.take(request.method, path)
        if wait is not None:
            return too_many(wait, headers)
        if fault and fault.status == 429:
            return too_many(fault.retry_after, headers, everywhere=fault.everywhere)
        if fault and not (fault.lose or fault.late):
            return answer({"message": "as you wished", "code": 0}, status=fault.status)
        try:
            response = await handler(request)
        except Refusal as refusal:
            response = refusal.response()
        response.headers.update(headers)
        if fault and fault.lose and request.transport is not None:
            self._faults.lost += 1
            request.transport.abort()
        if fault and fault.late:
            return answer({"message": "as you wished", "code": 0}, status=fault.status)
        return response

    async def _me(self, request: web.Request) -> web.Response:
        return answer(self._desk.application_of(request)["user"])

    async def _my_application(self, request: web.Request) -> web.Response:
        return answer(self._desk.application_of(request)["application"])

    async def _open_dm(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._desk.application_of(request)
        return answer(self._desk.world.dm(self._desk.world.users[str(body["recipient_id"])]))

    async def _guild(self, request: web.Request) -> web.Response:
        self._desk.application_of(request)
        return answer(self._desk.world.guilds[request.match_info["guild"]])

    async def _gateway(self, request: web.Request) -> web.Response:
        return answer({"url": self._desk.gateway.url()})

    async def _gateway_for_bots(self, request: web.Request) -> web.Response:
        self._desk.application_of(request)
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return answer({"url": self._desk.gateway.url(), "shards": self.shards, "session_start_limit": limit})


def only_needed(response: web.Response) -> None:
    """Takes everything out of an answer that a client can do without, its limits' headers included."""
    for name in [name for name in response.headers if name.startswith("X-RateLimit-") or name == "Via"]:
        del response.headers[name]
    if response.body:
        response.body = json.dumps(terse(json.loads(bytes(response.body)))).encode()  # type: ignore[arg-type]  # never a stream
