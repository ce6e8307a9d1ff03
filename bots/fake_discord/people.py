"""What people do on the fake Discord: they write, edit, react, use commands and press buttons."""

from bots.fake_discord.desk import Desk
from bots.fake_discord.posting import edited, message_from
from bots.fake_discord.rest_interactions import Interaction, Interactions
from bots.fake_discord.wire import Json


class People:
    """Everybody but the bots; what they do is told to every client that may know."""

    def __init__(self, desk: Desk, interactions: Interactions) -> None:
        self.world = desk.world
        self.gateway = desk.gateway
        self._desk = desk
        self._interactions = interactions

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
