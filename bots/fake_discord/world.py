"""Everything there is on the fake server: people, guilds, channels, messages, webhooks, commands."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bots.fake_discord.refusal import UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK
from bots.fake_discord.snowflakes import Ids, Snowflakes
from bots.fake_discord.wire import Json

TEXT, DM, VOICE, CATEGORY, FORUM, THREAD = 0, 1, 2, 4, 15, 11
EVERYTHING = str((1 << 53) - 1)


@dataclass(slots=True)
class World:
    """Payloads by id, as they would stand on the wire."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    users: dict[str, Json] = field(default_factory=dict)
    guilds: dict[str, Json] = field(default_factory=dict)
    channels: dict[str, Json] = field(default_factory=dict)
    messages: dict[str, dict[str, Json]] = field(default_factory=dict)
    webhooks: dict[str, Json] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    denied: dict[tuple[str, str], int] = field(default_factory=dict)  # (user, channel) -> permission bits taken away
    ids: Ids = field(init=False)

    def __post_init__(self) -> None:
        self.ids = Snowflakes(lambda: int(self.now().timestamp() * 1000))

    def user(self, name: str, *, bot: bool = False) -> Json:
        user: Json = {
            "id": self.ids.next(),
            "username": name,
            "discriminator": "0",
            "global_name": None if bot else name,
            "avatar": None,
            "bot": bot,
            "public_flags": 0,
        }
        self.users[user["id"]] = user
        return user

    def guild(self, name: str, *, owner: Json, nsfw_level: int = 0) -> Json:
        guild_id = self.ids.next()
        everyone = {
            "id": guild_id,
            "name": "@everyone",
            "permissions": EVERYTHING,
            "color": 0,
            "hoist": False,
            "position": 0,
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }
        guild = {
            "id": guild_id,
            "name": name,
            "owner_id": owner["id"],
            "roles": [everyone],
            "members": [],
            "channels": [],
            "threads": [],
            "emojis": [],
            "stickers": [],
            "features": [],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "nsfw_level": nsfw_level,
            "icon": None,
            "preferred_locale": "en-US",
            "verification_level": 0,
            "member_count": 0,
            "large": False,
            "unavailable": False,
        }
        self.guilds[guild_id] = guild
        self.join(guild, owner)
        return guild

    def join(self, guild: Json, user: Json, *, nick: str | None = None) -> Json:
        member: Json = {
            "user": user,
            "roles": [],
            "flags": 0,
            "joined_at": stamp(self.now()),
            "deaf": False,
            "mute": False,
            "permissions": EVERYTHING,
        }
        if nick:
            member["nick"] = nick
        guild["members"].append(member)
        guild["member_count"] += 1
        return member

    def channel(
        self, guild: Json, name: str, *, kind: int = TEXT, nsfw: bool = False, parent: Json | None = None
    ) -> Json:
        channel: Json = {
            "id": self.ids.next(),
            "type": kind,
            "name": name,
            "position": len(guild["channels"]),
            "guild_id": guild["id"],
            "permission_overwrites": [],
            "nsfw": nsfw,
            "parent_id": parent["id"] if parent else None,
            "topic": None,
            "rate_limit_per_user": 0,
            "flags": 0,
        }
        self._keep_channel(channel)
        guild["channels"].append(channel)
        return channel

    def dm(self, user: Json) -> Json:
        """The direct channel with a user; always the same one."""
        for channel in self.channels.values():
            if channel["type"] == DM and channel["recipients"][0]["id"] == user["id"]:
                return channel
        channel = {"id": self.ids.next(), "type": DM, "recipients": [user], "last_message_id": None, "flags": 0}
        self._keep_channel(channel)
        return channel

    def thread(self, parent: Json, name: str, *, owner_id: str, thread_id: str | None = None) -> Json:
        thread: Json = {
            "id": thread_id or self.ids.next(),
            "type": THREAD,
            "name": name,
            "parent_id": parent["id"],
            "guild_id": parent["guild_id"],
            "owner_id": owner_id,
            "message_count": 0,
            "member_count": 1,
            "rate_limit_per_user": 0,
            "flags": 0,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": 1440,
                "archive_timestamp": stamp(self.now()),
                "locked": False,
            },
        }
        self._keep_channel(thread)
        self.guilds[parent["guild_id"]]["threads"].append(thread)
        return thread

    def _keep_channel(self, channel: Json) -> None:
        self.channels[channel["id"]] = channel
        self.messages[channel["id"]] = {}

    def channel_by_id(self, channel_id: str) -> Json:
        if channel_id not in self.channels:
            raise UNKNOWN_CHANNEL
        return self.channels[channel_id]

    def message_by_id(self, channel_id: str, message_id: str) -> Json:
        self.channel_by_id(channel_id)
        if message_id not in self.messages[channel_id]:
            raise UNKNOWN_MESSAGE
        return self.messages[channel_id][message_id]

    def webhook_by_id(self, webhook_id: str, token: str | None = None) -> Json:
        webhook = self.webhooks.get(webhook_id)
        if webhook is None or (token is not None and webhook["token"] != token):
            raise UNKNOWN_WEBHOOK
        return webhook

    def member(self, guild_id: str, user_id: str) -> Json | None:
        members: list[Json] = self.guilds[guild_id]["members"]
        return next((member for member in members if member["user"]["id"] == user_id), None)


def stamp(when: datetime) -> str:
    """A time as Discord writes it."""
    return when.isoformat()
