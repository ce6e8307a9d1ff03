"""Who is told what: intents by event, and message content only where Discord grants it."""

from typing import Protocol

from bots.fake_discord.wire import Json

MESSAGE_CONTENT = 1 << 15
BLANK: Json = {"content": "", "embeds": [], "attachments": [], "components": []}

# event -> the intent's bit in guilds, in direct messages; None: told to everybody
INTENT: dict[str, tuple[int | None, int | None]] = {
    "GUILD_CREATE": (0, None),
    "GUILD_DELETE": (0, None),
    "CHANNEL_CREATE": (0, None),
    "CHANNEL_DELETE": (0, None),
    "THREAD_CREATE": (0, None),
    "WEBHOOKS_UPDATE": (5, None),
    "MESSAGE_CREATE": (9, 12),
    "MESSAGE_UPDATE": (9, 12),
    "MESSAGE_DELETE": (9, 12),
    "MESSAGE_DELETE_BULK": (9, 12),
    "MESSAGE_REACTION_ADD": (10, 13),
    "MESSAGE_REACTION_REMOVE": (10, 13),
    "TYPING_START": (11, 14),
}


class Listener(Protocol):
    intents: int
    user_id: str


def may_see(event: str, intents: int, *, private: bool) -> bool:
    """Whether a session with these intents is told of an event."""
    bit = INTENT.get(event, (None, None))[private]
    return bit is None or bool(intents & (1 << bit))


def visible(event: str, data: Json, listener: Listener, *, private: bool) -> Json:
    """The event as this listener may read it: without the intent, only DMs, own words and mentions carry content."""
    if not event.startswith("MESSAGE_") or "content" not in data:
        return data
    mine = data["author"]["id"] == listener.user_id
    named = any(user["id"] == listener.user_id for user in data.get("mentions", []))
    if listener.intents & MESSAGE_CONTENT or private or mine or named:
        return data
    return {**data, **BLANK}
