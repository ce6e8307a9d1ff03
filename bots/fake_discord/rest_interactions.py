"""Slash commands, buttons and forms: what they are told, how they must be answered, and by when."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from bots.fake_discord.desk import Desk
from bots.fake_discord.posting import checked, edited, message_from
from bots.fake_discord.refusal import ALREADY_ANSWERED, UNKNOWN_INTERACTION, UNKNOWN_MESSAGE
from bots.fake_discord.wire import Json, answer, body_of, nothing

PONG, MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, COMPLETIONS, MODAL = 1, 4, 5, 6, 7, 8, 9
EPHEMERAL = 1 << 6
SECONDS_TO_ANSWER = 3.0


@dataclass
class Interaction:
    """One press or command, and what has become of it."""

    id: str
    token: str
    channel: Json
    application: Json
    at: float
    source: Json | None = None  # the message whose button was pressed
    kind: int | None = None  # of the first answer
    answered: Json = field(default_factory=dict)
    shown: dict[str, Json] = field(default_factory=dict)  # messages by id, "@original" among them


class Interactions:
    """The routes under `/interactions` and, with an interaction's token, under `/webhooks`."""

    def __init__(self, desk: Desk, now: Callable[[], float]) -> None:
        self._desk = desk
        self._now = now
        self.by_token: dict[str, Interaction] = {}

    def routes(self) -> list[web.RouteDef]:
        commands = ("/applications/{application}/commands", "/applications/{application}/guilds/{guild}/commands")
        return [
            web.post("/interactions/{id}/{token}/callback", self.callback),
            *(web.put(path, self.sync) for path in commands),
            *(web.get(path, self.commands) for path in commands),
        ]

    def open(self, channel: Json, application: Json, source: Json | None = None) -> Interaction:
        """A new interaction that waits to be answered."""
        ids = self._desk.world.ids
        opened = Interaction(ids.next(), secrets.token_urlsafe(16), channel, application, self._now(), source)
        self.by_token[opened.token] = opened
        return opened

    async def sync(self, request: web.Request) -> web.Response:
        wanted: list[Json] = await request.json()
        application, key = request.match_info["application"], request.path
        ids = self._desk.world.ids
        kept = [
            {"description": "", **command, "id": ids.next(), "application_id": application, "version": "1"}
            for command in wanted
        ]
        self._desk.world.commands[key] = kept
        return answer(kept)

    async def commands(self, request: web.Request) -> web.Response:
        return answer(self._desk.world.commands.get(request.path, []))

    async def callback(self, request: web.Request) -> web.Response:
        interaction, body = self.by_token.get(request.match_info["token"]), await body_of(request)
        if interaction is None or self._now() - interaction.at > SECONDS_TO_ANSWER:
            raise UNKNOWN_INTERACTION
        if interaction.kind is not None:
            raise ALREADY_ANSWERED
        data = {**(body.get("data") or {}), "_files": body.get("_files", [])}
        if body["type"] == MESSAGE:
            checked(data)
        interaction.kind, interaction.answered = body["type"], data
        resource = await self._carry_out(interaction, body["type"], data)
        return answer({"interaction": {"id": interaction.id, "type": 2}, **resource})

    async def _carry_out(self, interaction: Interaction, kind: int, data: Json) -> Json:
        if kind in (MESSAGE, DEFERRED):
            message = self._message(interaction, data, loading=kind == DEFERRED)
            await self._show(interaction, "@original", message)
            return {"resource": {"type": kind, "message": message}}
        if kind == UPDATE and interaction.source:
            message = await self._desk.change(edited(self._desk.world, interaction.source, data))
            interaction.shown["@original"] = message
            return {"resource": {"type": kind, "message": message}}
        if kind == DEFERRED_UPDATE and interaction.source:
            interaction.shown["@original"] = interaction.source
        return {}

    async def follow_up(self, request: web.Request) -> web.Response:
        interaction, body = self._answered(request), await body_of(request)
        checked(body)
        message = self._message(interaction, body)
        await self._show(interaction, message["id"], message)
        return answer(message)

    async def read(self, request: web.Request) -> web.Response:
        return answer(self._shown(request))

    async def edit(self, request: web.Request) -> web.Response:
        message, body = self._shown(request), await body_of(request)
        changed = edited(self._desk.world, message, {"flags": message["flags"] & ~128, **body})
        interaction = self._answered(request)
        interaction.shown[request.match_info["message"]] = changed
        if not changed["flags"] & EPHEMERAL:
            await self._desk.change(changed)
        return answer(changed)

    async def delete(self, request: web.Request) -> web.Response:
        message = self._shown(request)
        if not message["flags"] & EPHEMERAL:
            await self._desk.remove(message)
        del self._answered(request).shown[request.match_info["message"]]
        return nothing()

    async def _show(self, interaction: Interaction, key: str, message: Json) -> None:
        """Hidden messages reach nobody but the one who asked."""
        interaction.shown[key] = interaction.shown[message["id"]] = message
        if not message["flags"] & EPHEMERAL:
            await self._desk.post(message)

    def _message(self, interaction: Interaction, body: Json, *, loading: bool = False) -> Json:
        author = interaction.application["user"]
        message = message_from(self._desk.world, interaction.channel, author, body, webhook_id=None)
        return {
            **message,
            "flags": message["flags"] | (128 if loading else 0),
            "application_id": interaction.application["application"]["id"],
        }

    def _answered(self, request: web.Request) -> Interaction:
        interaction = self.by_token.get(request.match_info["token"])
        if interaction is None or interaction.kind is None:
            raise UNKNOWN_INTERACTION
        return interaction

    def _shown(self, request: web.Request) -> Json:
        found = self._answered(request).shown.get(request.match_info["message"])
        if found is None:
            raise UNKNOWN_MESSAGE
        return found
