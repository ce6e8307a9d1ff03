"""What other servers leave out or leave null, filled with what Discord would have said; discord.py relies on it.

Objects are known by their shape, since an answer does not say what it is. What is not covered: fields without which
nothing makes sense (ids, tokens, names); an event that lacks those is dropped, and the connection stays.
"""

import json
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from discord.gateway import DiscordWebSocket

log = structlog.get_logger()
Parse = Callable[[Any], None]
NOBODY = {"id": "0", "username": "?", "discriminator": "0", "avatar": None}
MESSAGE: Mapping[str, object] = {"type": 0, "mentions": (), "mention_roles": (), "components": ()}
BEGINNING = "1970-01-01T00:00:00+00:00"

# keys by which an object is known, and what it may lack
SHAPES: tuple[tuple[frozenset[str], Mapping[str, object]], ...] = (
    (frozenset({"username"}), {"discriminator": "0", "avatar": None}),
    (frozenset({"id", "author"}), {"content": "", **MESSAGE}),
    (frozenset({"id", "content"}), {"author": NOBODY, "channel_id": "0", **MESSAGE}),
    (frozenset({"id", "filename", "url"}), {"proxy_url": "", "size": 0}),
    (frozenset({"id", "name", "type"}), {"position": 0}),
    (frozenset({"id", "name", "description"}), {"application_id": "0"}),
    (frozenset({"id", "thread_metadata"}), {"owner_id": "0", "message_count": 0, "member_count": 0}),
    (frozenset({"archived"}), {"auto_archive_duration": 1440, "archive_timestamp": BEGINNING}),
    (frozenset({"id", "token"}), {"type": 1}),
    (frozenset({"user"}), {"roles": (), "flags": 0}),
    (frozenset({"emoji", "message_id"}), {"type": 0}),
    (frozenset({"token", "application_id", "data"}), {"version": 1, "attachment_size_limit": 10 << 20}),
    (frozenset({"url", "shards"}), {"session_start_limit": {}}),
)
NEVER_NULL = frozenset({
    "activity", "app_permissions", "application", "attachments", "authorizing_integration_owners", "available_tags",
    "call", "channel", "channels", "components", "content", "context", "data", "discriminator", "embeds", "emojis",
    "entitlements", "features", "flags", "guild", "guild_id", "guild_locale", "guilds", "interaction",
    "interaction_metadata", "locale", "member", "members", "mention_roles", "mentions", "message", "message_reference",
    "message_snapshots", "options", "permission_overwrites", "permissions", "poll", "position", "presences",
    "purchase_notification", "reactions", "recipients", "resolved", "resource", "resume_gateway_url",
    "role_subscription_data", "roles", "session_id", "shard", "sticker_items", "stickers", "thread",
    "thread_metadata", "threads", "type", "user", "version", "voice_states",
})  # fmt: skip


def read(text: str | bytes | bytearray | memoryview) -> Any:
    """A payload as discord.py expects it; takes the place of its `json.loads`."""
    return filled(json.loads(bytes(text) if isinstance(text, memoryview) else text))


def filled(told: Any) -> Any:
    """The same payload with nothing missing that has a usual value."""
    if isinstance(told, list):
        return [filled(one) for one in told]
    if not isinstance(told, dict):
        return told
    whole = {key: filled(value) for key, value in told.items() if value is not None or key not in NEVER_NULL}
    for marks, usual in SHAPES:
        if marks <= whole.keys():
            whole = {**usual, **whole}
    if isinstance(whole.get("member"), dict):
        whole["member"] = {"roles": (), "flags": 0, **whole["member"]}
    if "attachment_size_limit" in whole:
        whole = with_its_room(whole)
    return of_the_gateway(whole) if "op" in whole else whole


def with_its_room(interaction: dict[str, Any]) -> dict[str, Any]:
    """An interaction says where it happens by an object, and in a guild who pressed by a member."""
    channel_id, user = interaction.get("channel_id"), interaction.get("user")
    private = {} if "guild_id" in interaction else {"type": 1, "recipients": [user] if user else []}
    usual: dict[str, Any] = {"channel": {"id": channel_id, **private}} if channel_id else {}
    if user and "guild_id" in interaction:
        usual["member"] = {"user": user, "roles": (), "flags": 0}
    return {**usual, **interaction}


def of_the_gateway(frame: dict[str, Any]) -> dict[str, Any]:
    """READY and RESUMED; a session whose server names no place for its return goes on where it began."""
    told: dict[str, Any] = frame["d"] if isinstance(frame.get("d"), dict) else {}
    if frame.get("t") == "RESUMED":
        return {**frame, "d": told}
    if frame.get("t") != "READY":
        return frame
    usual = {
        "session_id": "",
        "resume_gateway_url": str(DiscordWebSocket.DEFAULT_GATEWAY),
        "guilds": (),
        "shard": (0, 1),
    }
    ready = {**usual, **told}
    if isinstance(ready.get("application"), dict):
        ready["application"] = {"flags": 0, **ready["application"]}
    return {"s": 1, **frame, "d": ready}


def forgiving(parsers: Mapping[str, Parse]) -> dict[str, Parse]:
    """discord.py's parsers, none of which ends the connection: what can't be read is logged and dropped.

    Only READY may fail, since without it there is no session.
    """
    return {kind: parse if kind == "READY" else unless_unreadable(kind, parse) for kind, parse in parsers.items()}


def unless_unreadable(kind: str, parse: Parse) -> Parse:
    def parsed(data: Any) -> None:
        try:
            parse(data)
        except Exception as fault:  # the outermost gate of an event: any fault in it is the server's
            # where, and no more: a traceback shows what people said, and a flood of them holds up everybody
            where = traceback.extract_tb(fault.__traceback__)[-1]
            log.warning("discord_event_unreadable", kind=kind, family=type(fault).__name__, at=where.line)

    return parsed
