"""What every route needs: who is asking, what they may, and telling everybody what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from bots.fake_discord.gateway import Gateway
from bots.fake_discord.refusal import UNAUTHORIZED
from bots.fake_discord.wire import Json
from bots.fake_discord.world import EVERYTHING, World


@dataclass
class Desk:
    """Between the routes and the world."""

    world: World
    gateway: Gateway
    nonces: dict[tuple[str, str], Json] = field(default_factory=dict)
    tell_watchers: Callable[[str, Json], None] = lambda event, data: None

    def application_of(self, request: web.Request) -> Json:
        """The application whose token the request carries."""
        token = request.headers.get("Authorization", "").removeprefix("Bot ")
        if token not in self.gateway.applications:
            raise UNAUTHORIZED
        return self.gateway.applications[token]

    def may(self, user_id: str, channel_id: str, permission: int) -> bool:
        """Whether nobody took this permission away from the user in the channel."""
        return not self.world.denied.get((user_id, channel_id), 0) & permission

    def permissions(self, user_id: str, channel_id: str) -> str:
        """The bits that a user has in a channel, as Discord writes them."""
        return str(int(EVERYTHING) & ~self.world.denied.get((user_id, channel_id), 0))

    def sent_before(self, user_id: str, body: Json) -> Json | None:
        """The message that this nonce has made already, where the sender wants it enforced."""
        if not body.get("enforce_nonce"):
            return None
        return self.nonces.get((user_id, str(body.get("nonce"))))

    def remember_nonce(self, user_id: str, body: Json, message: Json) -> None:
        if body.get("nonce") is not None:
            self.nonces[user_id, str(body["nonce"])] = message

    async def post(self, message: Json) -> Json:
        """Keeps a message and tells everybody."""
        channel = self.world.channels[message["channel_id"]]
        self.world.messages[channel["id"]][message["id"]] = message
        channel["last_message_id"] = message["id"]
        await self.happen("MESSAGE_CREATE", self._with_member(message), channel=channel)
        return message

    async def change(self, message: Json) -> Json:
        """Keeps a message's new version and tells everybody."""
        channel = self.world.channels[message["channel_id"]]
        self.world.messages[channel["id"]][message["id"]] = message
        await self.happen("MESSAGE_UPDATE", self._with_member(message), channel=channel)
        return message

    async def remove(self, message: Json) -> None:
        channel = self.world.channels[message["channel_id"]]
        del self.world.messages[channel["id"]][message["id"]]
        gone = {"id": message["id"], "channel_id": channel["id"]}
        await self.happen("MESSAGE_DELETE", gone, channel=channel)

    async def reaction(self, verb: str, message: Json, user: Json, emoji: str) -> None:
        channel = self.world.channels[message["channel_id"]]
        data: Json = {
            "user_id": user["id"],
            "channel_id": channel["id"],
            "message_id": message["id"],
            "message_author_id": message["author"]["id"],
            "emoji": {"id": None, "name": emoji},
            "type": 0,
            "burst": False,
        }
        if verb == "ADD" and (member := self._member(channel, user["id"])):
            data["member"] = member
        await self.happen(f"MESSAGE_REACTION_{verb}", data, channel=channel)

    async def happen(self, event: str, data: Json, *, channel: Json) -> None:
        """Dispatches an event about a channel; its guild's id is left out, not null, in a DM."""
        guild_id = channel.get("guild_id")
        data = {**data, "guild_id": guild_id} if guild_id else data
        self.tell_watchers(event, data)
        await self.gateway.dispatch(event, data, guild_id=guild_id)

    def _with_member(self, message: Json) -> Json:
        channel = self.world.channels[message["channel_id"]]
        member = None if "webhook_id" in message else self._member(channel, message["author"]["id"])
        return {**message, "member": {key: member[key] for key in member if key != "user"}} if member else message

    def _member(self, channel: Json, user_id: str) -> Json | None:
        return self.world.member(channel["guild_id"], user_id) if "guild_id" in channel else None
