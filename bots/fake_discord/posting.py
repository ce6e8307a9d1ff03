"""What becomes of a message that somebody sends: checks, mentions, nonce, the payload everyone receives."""

import re
from collections.abc import Iterable

from bots.fake_discord.refusal import EMPTY_MESSAGE, invalid_form
from bots.fake_discord.wire import Json
from bots.fake_discord.world import DM, World, stamp

LONGEST = 2000
MENTION = re.compile(r"<@!?(\d+)>")
COMPONENTS_V2 = 1 << 15
PARSE_ALL = ["users", "roles", "everyone"]
REPLY, DEFAULT = 19, 0


def checked(body: Json) -> None:
    """Refuses what Discord refuses in a message's body."""
    content = body.get("content") or ""
    if len(content) > LONGEST:
        raise invalid_form(f"content: Must be {LONGEST} or fewer in length.")
    if body.get("flags", 0) & COMPONENTS_V2 and (content or body.get("embeds")):
        raise invalid_form("flags: content and embeds can't be used with IS_COMPONENTS_V2")
    if len(str(body.get("nonce") or "")) > 25:
        raise invalid_form("nonce: Must be 25 or fewer in length.")
    full = [content.strip(), *(body.get(part) for part in ("embeds", "components", "_files", "sticker_ids", "poll"))]
    if not any(full):
        raise EMPTY_MESSAGE


def message_from(world: World, channel: Json, author: Json, body: Json, *, webhook_id: str | None = None) -> Json:
    """A new message's payload, not yet kept."""
    parse = allowed(body, default=["users"] if webhook_id else PARSE_ALL)
    content = (body.get("content") or "").strip()  # as Discord trims it
    message: Json = {
        "id": world.ids.next(),
        "channel_id": channel["id"],
        "author": author,
        "content": content,
        "timestamp": stamp(world.now()),
        "edited_timestamp": None,
        "tts": False,
        "pinned": False,
        "type": DEFAULT,
        "flags": body.get("flags", 0),
        "embeds": body.get("embeds") or [],
        "components": body.get("components") or [],
        "attachments": [attachment(world, file) for file in body.get("_files", [])],
        "mentions": [world.users[user] for user in mentioned(content, parse, body) if user in world.users],
        "mention_roles": [],
        "mention_everyone": "everyone" in parse and ("@everyone" in content or "@here" in content),
        "reactions": [],
    }
    if body.get("nonce") is not None:
        message["nonce"] = body["nonce"]
    if webhook_id:
        message["webhook_id"] = webhook_id
    if channel["type"] != DM:
        message["guild_id"] = channel["guild_id"]
    if reference := body.get("message_reference"):
        answer_to(world, message, reference, body)
    return message


def answer_to(world: World, message: Json, reference: Json, body: Json) -> None:
    """Makes the message a reply; its author is pinged unless the sender said no."""
    replied_id = str(reference["message_id"])
    replied = world.messages[message["channel_id"]].get(replied_id)
    if replied is None and reference.get("fail_if_not_exists", True):
        raise invalid_form("message_reference: Unknown message")
    message["type"] = REPLY
    message["message_reference"] = {"message_id": replied_id, "channel_id": message["channel_id"], "type": 0}
    if replied is not None:
        message["referenced_message"] = {key: value for key, value in replied.items() if key != "referenced_message"}
        pinged = (body.get("allowed_mentions") or {}).get("replied_user", True)
        known = {user["id"] for user in message["mentions"]}
        if pinged and replied["author"]["id"] not in known and "webhook_id" not in replied:
            message["mentions"] = [*message["mentions"], replied["author"]]


def allowed(body: Json, *, default: list[str]) -> list[str]:
    """What kinds of mention may ping."""
    wish = body.get("allowed_mentions")
    return default if wish is None else list(wish.get("parse", []))


def mentioned(content: str, parse: Iterable[str], body: Json) -> list[str]:
    """User ids that the text mentions and the sender allows."""
    named = list(dict.fromkeys(MENTION.findall(content)))
    if "users" in parse:
        return named
    chosen = {str(user) for user in (body.get("allowed_mentions") or {}).get("users", [])}
    return [user for user in named if user in chosen]


def attachment(world: World, file: Json) -> Json:
    attachment_id = world.ids.next()
    url = f"https://cdn.discordapp.com/attachments/0/{attachment_id}/{file['filename']}"
    return {
        "id": attachment_id,
        "filename": file["filename"],
        "size": len(file["content"]),
        "url": url,
        "proxy_url": url,
    }


def edited(world: World, message: Json, body: Json) -> Json:
    """The message with what the edit changes."""
    changes = {key: body[key] for key in ("content", "embeds", "components", "flags") if key in body}
    changes |= {"content": changes["content"].strip()} if changes.get("content") else {}
    return {
        **message,
        **{key: value if value is not None else ([] if key != "content" else "") for key, value in changes.items()},
        "edited_timestamp": stamp(world.now()),
    }
