"""The gateway: one socket a shard, with heartbeats, sessions, resume with replay, intents and close codes."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from weakref import WeakSet

from aiohttp import WSMsgType, web

from bots.fake_discord.dialect import Dialect
from bots.fake_discord.intents import may_see, visible
from bots.fake_discord.terse import terse
from bots.fake_discord.wire import Json
from bots.fake_discord.world import DM, World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 8, 9, 10, 11
PRIVILEGED = (1 << 1) | (1 << 8) | (1 << 15)  # members, presences, message content


@dataclass(slots=True)
class Session:
    """What a client has been told, so that it can resume."""

    id: str
    user_id: str
    intents: int
    shard: tuple[int, int]
    sent: list[Json] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None

    def sees(self, guild_id: str | None) -> bool:
        index, count = self.shard
        return index == 0 if guild_id is None else (int(guild_id) >> 22) % count == index


@dataclass
class Gateway:
    """Lets clients in and tells them what happens."""

    world: World
    applications: dict[str, Json]  # token -> {"user": …, "application": …, "granted": privileged bits}
    url: Callable[[], str]
    heartbeat: float = 41.25
    sharding_required: bool = False
    is_deaf: bool = False
    terse: bool = False
    dialect: Dialect = field(default_factory=Dialect)
    identifies: int = 0
    resumes: int = 0
    sessions: dict[str, Session] = field(default_factory=dict)
    dead: "WeakSet[web.WebSocketResponse]" = field(default_factory=WeakSet)  # open, and nothing goes through any more
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One client, from HELLO to its end."""
        socket = web.WebSocketResponse(max_msg_size=1 << 20, autoping=True)
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat * 1000)}})
        session: Session | None = None
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT or socket in self.dead:
                continue
            session = await self.hear(socket, session, json.loads(frame.data))
        if session and session.socket is socket:
            session.socket = None
        return socket

    async def hear(self, socket: web.WebSocketResponse, session: Session | None, frame: Json) -> Session | None:
        """What one frame of a client does; the session from then on."""
        match frame["op"]:
            case 1:
                if not self.is_deaf:
                    await socket.send_json({"op": ACK, "d": None})
            case 2:
                return await self.identify(socket, frame["d"])
            case 6:
                return await self.resume(socket, frame["d"])
            case 8 if session:
                await self.members(session, frame["d"])
            case _:
                pass
        return session

    async def identify(self, socket: web.WebSocketResponse, wish: Json) -> Session | None:
        """READY and the shard's guilds, or a close code."""
        self.identifies += 1
        application = self.applications.get(str(wish["token"]).removeprefix("Bot "))
        if code := self.refusal(application, wish):
            await socket.close(code=code)
            return None
        assert application is not None
        shard = wish.get("shard") or [0, 1]
        session = Session(secrets.token_hex(8), application["user"]["id"], wish["intents"], (shard[0], shard[1]))
        session.socket = socket
        self.sessions[session.id] = session
        guilds = list(self.of(session))
        ready = {
            "v": 10,
            "user": application["user"],
            "guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url(),
            "shard": shard,
            "application": {"id": application["application"]["id"], "flags": 0},
        }
        await self.tell(session, "READY", ready)
        for guild in guilds:
            await self.tell(session, "GUILD_CREATE", self.for_member(guild, session))
        async with self.changed:
            self.changed.notify_all()
        return session

    def refusal(self, application: Json | None, wish: Json) -> int | None:
        """The close code for a client that may not come in."""
        if application is None:
            return 4004
        shard = wish.get("shard")
        if shard and shard[0] >= shard[1]:
            return 4010
        if self.sharding_required and (not shard or shard[1] < 2):
            return 4011
        if wish["intents"] & PRIVILEGED & ~application["granted"]:
            return 4014
        return None

    def of(self, session: Session) -> Iterable[Json]:
        """The guilds of a session's shard that its bot is in."""
        return [
            guild
            for guild in self.world.guilds.values()
            if session.sees(guild["id"]) and self.world.member(guild["id"], session.user_id)
        ]

    def for_member(self, guild: Json, session: Session) -> Json:
        own = [m for m in guild["members"] if m["user"]["id"] == session.user_id]
        return {**guild, "members": guild["members"] if session.intents & (1 << 1) else own}

    async def resume(self, socket: web.WebSocketResponse, wish: Json) -> Session | None:
        """What the client has missed, once more; or an invalid session."""
        session = self.sessions.get(wish["session_id"])
        if session is None:
            await socket.send_json({"op": INVALID, "d": False})
            return None
        self.resumes += 1
        session.socket = socket
        for frame in list(session.sent):
            if frame["s"] > wish["seq"]:
                await socket.send_json(frame)
        await self.tell(session, "RESUMED", {})
        async with self.changed:
            self.changed.notify_all()
        return session

    async def members(self, session: Session, wish: Json) -> None:
        """GUILD_MEMBERS_CHUNK for op 8, only with the members intent."""
        guild = self.world.guilds.get(str(wish["guild_id"]))
        if guild is None or not session.intents & (1 << 1):
            return
        chunk = {"guild_id": guild["id"], "members": guild["members"], "chunk_index": 0, "chunk_count": 1}
        await self.tell(session, "GUILD_MEMBERS_CHUNK", {**chunk, "nonce": wish.get("nonce")})

    async def dispatch(self, event: str, data: Json, *, guild_id: str | None) -> None:
        """Tells every session that may know; those away get it when they resume."""
        for session in list(self.sessions.values()):
            if session.sees(guild_id) and may_see(event, session.intents, private=guild_id is None):
                if guild_id and not self.world.member(guild_id, session.user_id):
                    continue
                await self.tell(session, event, visible(event, data, session, private=self.is_private(data)))

    def is_private(self, data: Json) -> bool:
        channel = self.world.channels.get(str(data.get("channel_id")))
        return bool(channel and channel["type"] == DM)

    async def tell(self, session: Session, event: str, data: Json) -> None:
        """Numbers an event, keeps it for a resume, and sends it if anybody listens."""
        told = terse(data) if self.terse else data
        told = self.dialect.event(event, told) if isinstance(told, dict) else told
        frame = {"op": DISPATCH, "t": event, "s": len(session.sent) + 1, "d": told}
        session.sent.append(frame)
        if session.socket is not None and not session.socket.closed and session.socket not in self.dead:
            try:
                await session.socket.send_json(frame)
            except ConnectionError:
                session.socket = None

    async def frame(self, op: int, data: object = None) -> None:
        """Any frame to every client: `frame(7)` asks them to reconnect, `frame(9, False)` ends their sessions."""
        if op == INVALID and data is False:
            gone = list(self.sessions.values())
            self.sessions.clear()
        else:
            gone = list(self.sessions.values())
        for session in gone:
            if session.socket is not None and not session.socket.closed:
                await session.socket.send_json({"op": op, "d": data})

    async def drop(self, code: int | None = 1001) -> None:
        """Closes every socket with a code; None cuts the connection as a broken cable would."""
        for session in list(self.sessions.values()):
            socket, session.socket = session.socket, None
            if socket is None or socket.closed:
                continue
            transport = socket._req.transport if code is None and socket._req else None
            if transport is not None:
                transport.abort()
            else:
                await socket.close(code=code or 1001)

    def go_dead(self) -> None:
        """Every connection stays open and nothing goes through it any more; new ones are well."""
        self.dead.update(session.socket for session in self.sessions.values() if session.socket is not None)

    async def connected(self, count: int = 1) -> None:
        """Returns once so many sessions have a socket."""
        async with self.changed:
            await self.changed.wait_for(lambda: sum(s.socket is not None for s in self.sessions.values()) >= count)
