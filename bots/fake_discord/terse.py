"""What a server that is no Discord may leave out: everything that an unmodified discord.py does without.

Found by deleting keys one by one; without those that are kept here the library itself fails.
"""

from bots.fake_discord.wire import Json

OPTIONAL = frozenset({
    "global_name", "public_flags", "topic", "rate_limit_per_user", "permission_overwrites", "icon", "nsfw_level",
    "verification_level", "member_count", "large", "preferred_locale", "features", "emojis", "stickers", "presences",
    "voice_states", "stage_instances", "guild_scheduled_events", "joined_at", "deaf", "mute", "tts", "pinned", "nonce",
    "reactions", "referenced_message", "application_id", "mention_roles", "mention_everyone", "avatar_url", "context",
    "app_permissions", "locale", "entitlements", "authorizing_integration_owners", "permissions", "owner_id",
    "unavailable", "v", "message_author_id", "burst",
})  # fmt: skip
OF_A_GUILD = frozenset({"members", "threads"})
OF_A_WEBHOOK = frozenset({"user", "guild_id"})
OF_A_THREAD = frozenset({"owner_id", "member_count"})
OF_AN_APPLICATION = ("options", "version", "bot_public")  # with one of these beside it, an application's id is needed


def terse(data: object) -> object:
    """The same payload with nothing in it that could be missing."""
    if isinstance(data, list):
        return [terse(one) for one in data]
    if not isinstance(data, dict):
        return data
    absent = left_out(data)
    return {key: terse(value) for key, value in data.items() if key not in absent}


def left_out(data: Json) -> frozenset[str]:
    """The keys that this payload does without."""
    if "thread_metadata" in data:
        return OPTIONAL - OF_A_THREAD
    if any(key in data for key in OF_AN_APPLICATION):
        return OPTIONAL - {"application_id", "icon"}
    if "channels" in data and "roles" in data:
        return OPTIONAL | OF_A_GUILD
    return OPTIONAL | (OF_A_WEBHOOK if "token" in data and "channel_id" in data else frozenset())
