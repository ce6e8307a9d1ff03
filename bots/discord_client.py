"""A client in Discord's rooms: what it hears goes to the hall, what comes back is delivered.

Everything is set up in `setup_hook`, since `on_ready` fires again with every new session. A line is claimed in the
journal before it is answered, so that a replay, a restart or a second process never answers it twice.
"""

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import discord
import structlog
from discord import app_commands

from bots.attention import Attention, Heard, Present
from bots.discord_buttons import Pressed, press_with, turn_of
from bots.discord_catch_up import catch_up
from bots.discord_delivery import Delivery, Pace, found
from bots.discord_parts import LONGEST
from bots.discord_place import Anywhere, mentioned_in_text, place_of, utterance_of
from bots.discord_replies import press
from bots.discord_rooms import Rooms
from bots.discord_settings import DiscordSettings, RoomRules
from bots.discord_voice import NOBODY, Channel, PlainVoice, Webhooks
from bots.house import House
from bots.performance import Performance
from memory import MemoryTrouble, Turn
from personas import Utterance, persona_speaker

log = structlog.get_logger()
ORDINARY = (discord.MessageType.default, discord.MessageType.reply)
FIRST_CONTACT = "\n-# I'm an AI character and I remember what you tell me. /privacy shows it and erases it."
SEEN = 5000
Command = app_commands.Group | app_commands.ContextMenu


class Client(discord.Client):
    """Several characters in every channel they are invited to."""

    def __init__(
        self,
        house: House,
        settings: DiscordSettings,
        *,
        attention: Attention,
        commands: Callable[["Client"], Iterable[Command]],
        guild_ready_timeout: float = 2.0,
    ) -> None:
        super().__init__(
            intents=intents_for(settings), allowed_mentions=NOBODY, guild_ready_timeout=guild_ready_timeout
        )
        self.house = house
        self.settings = settings
        self.rooms = Rooms(house, settings)
        self.tree = app_commands.CommandTree(self)
        self.pace = Pace(settings.edit_every)
        self.last_event = datetime.now(UTC)
        self._attention = attention
        self._commands = commands
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._delivering: dict[str, asyncio.Task[Turn | None]] = {}
        self._lines: dict[int, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- its life --------------------------------------------------------------------------------------------------

    async def setup_hook(self) -> None:
        """Once for a client, before it connects."""
        self.rooms.hooks = Webhooks(self.application_id or 0)
        self.add_dynamic_items(press_with(self.pressed))
        for command in self._commands(self):
            self.tree.add_command(command)
        await self._sync_commands()

    async def _sync_commands(self) -> None:
        """Tells Discord about the commands only when they changed: it allows few such calls a day."""
        commands = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        mark = hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()
        kept = self.house.settings.data / "discord" / f"commands-{self.application_id}"
        if await asyncio.to_thread(read_text, kept) != mark:
            await self.tree.sync()
            await asyncio.to_thread(write_text, kept, mark)

    async def close(self) -> None:
        """Lets replies end or marks them as interrupted, then leaves."""
        waiting = [*self._delivering.values(), *self._tasks]
        if waiting:
            await asyncio.wait(waiting, timeout=3.0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await super().close()

    async def on_socket_event_type(self, kind: str) -> None:
        """Any event is a sign of life."""
        self.last_event = datetime.now(UTC)

    async def on_ready(self) -> None:
        log.info("discord_ready", account=str(self.user), guilds=len(self.guilds))
        self.own(catch_up(self))

    def own(self, work: Coroutine[None, None, None]) -> None:
        """Runs something beside the events; `close` waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what is said ----------------------------------------------------------------------------------------------

    async def on_message(self, message: discord.Message) -> None:
        """The gate: what is not for us stops here."""
        if message.id in self._seen or message.type not in ORDINARY:
            return
        self._seen[message.id] = None
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        if message.author == self.user or self.rooms.hooks.ours(message) or not can_write(message):
            return
        rules = self.rooms.rules_of(message.channel)
        if rules.paused or str(message.author.id) in (rules.blocked or ()):
            return
        async with self._lines.setdefault(message.channel.id, asyncio.Lock()):
            await self._heard(message, rules)

    async def _heard(self, message: discord.Message, rules: RoomRules) -> None:
        """Decides who answers, and lets each of them, one after the other, so that each hears the one before."""
        said, here = utterance_of(message), self.rooms.present(message.channel)
        if not said.text.strip() or not here:
            return
        manners = rules.manners()
        heard = await self._as_heard(message, said)
        decision = self._attention.decide(heard, room=said.place, present=here, manners=manners)
        speakers = [persona_id for persona_id, _ in decision.speakers]
        log.debug("discord_heard", place=said.place, speakers=speakers, reason=decision.reason)
        for one in here:
            if one.persona_id not in speakers and message.guild:
                await self.house.hall.overhear(said, persona_id=one.persona_id)
        for persona_id in speakers:
            turn = await self._answer(message, said, persona_id, first=await self._is_first(said))
            if turn is not None:
                self._attention.spoke(persona_id, room=said.place, at=said.at, to_bot=heard.from_bot)
                await self._overheard_by_others(turn, here)

    async def _as_heard(self, message: discord.Message, said: Utterance) -> Heard:
        me = self.user.id if self.user else 0
        named = mentioned_in_text(message)
        replied = await self._replied_persona(message)
        meant = self.rooms.meant(message.channel)
        default = replied or (meant.id if meant else None)
        return Heard(
            text=said.text,
            speaker_id=said.speaker_id,
            at=said.at,
            private=isinstance(message.channel, discord.DMChannel),
            mentions=frozenset({default} if me in named and default else ()),
            replies_to=replied,
            thread_of=await self._thread_owner(message.channel),
            from_bot=message.author.bot or message.webhook_id is not None,
        )

    async def _answer(self, message: discord.Message, said: Utterance, persona_id: str, *, first: bool) -> Turn | None:
        """Has one persona answer a line and brings the reply; None if there was nothing left to do."""
        performance = await self.house.hall.hear(said, persona_id=persona_id, settle=self.settings.settle)
        if performance.id in self._delivering:
            return None
        footnote = FIRST_CONTACT if first else ""
        return await self.deliver(performance, message.channel, reply_to=message, footnote=footnote)

    async def deliver(
        self,
        performance: Performance,
        channel: Anywhere,
        *,
        reply_to: discord.Message | None = None,
        over: Sequence[int] = (),
        footnote: str = "",
    ) -> Turn | None:
        """Brings a reply into a channel, over the messages that carry it already; one at a time for each turn."""
        if not isinstance(channel, Channel):
            return None
        persona = self.house.persona(performance.persona_id)
        if persona is None:
            return None
        voice = await self.rooms.voice(channel, persona)
        messages = list(over) or (await found(channel, performance.id) if performance.over else [])
        room = LONGEST - (voice.room_for_name if isinstance(voice, PlainVoice) else 0)
        delivery = Delivery(performance, channel, voice, self.pace, reply_to, footnote, messages, room)
        task = self._delivering[performance.id] = asyncio.create_task(delivery.run())
        try:
            return await asyncio.shield(task)
        except discord.HTTPException as refused:
            log.warning("discord_refused", turn=performance.id, status=refused.status, code=refused.code)
            return None
        finally:
            if task.done():
                self._delivering.pop(performance.id, None)

    def is_delivering(self, turn_id: str) -> bool:
        """Whether a reply is on its way into a channel now."""
        return turn_id in self._delivering

    async def _overheard_by_others(self, turn: Turn, here: Sequence[Present]) -> None:
        persona = self.house.persona(turn.persona_id)
        if persona is None or not turn.said:
            return
        me = persona_speaker(persona.id)
        reply = Utterance(f"{turn.id}:said", me, persona.name, turn.place, turn.said, turn.began_at)
        for one in here:
            if one.persona_id != persona.id:
                await self.house.hall.overhear(reply, persona_id=one.persona_id)

    # -- what changes or goes --------------------------------------------------------------------------------------

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """An edited line is another line, for the journal and for what is remembered."""
        message = event.message
        if message.author.bot or message.edited_at is None:
            return
        said = utterance_of(message)
        for scope in await self.house.journal.rephrase(said.id, place=said.place, text=said.text):
            await self.house.memory.sync(scope)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A deleted line takes its memories along."""
        channel = self.get_channel(event.channel_id) or await self._channel(event.channel_id)
        if channel is None or not isinstance(channel, Channel):
            return
        for scope in await self.house.journal.unsay(f"discord:{event.message_id}", place=place_of(channel)):
            await self.house.memory.sync(scope)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in event.message_ids:
            single = discord.RawMessageDeleteEvent({"id": message_id, "channel_id": event.channel_id})
            await self.on_raw_message_delete(single)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        await self._vote(event, given=True)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        await self._vote(event, given=False)

    async def _vote(self, event: discord.RawReactionActionEvent, *, given: bool) -> None:
        """A thumb under a reply is an opinion of it; taking it back takes the opinion back."""
        thumb = {"👍": "up", "👎": "down"}.get(event.emoji.name)
        if thumb is None or (self.user and event.user_id == self.user.id):
            return
        channel = await self._channel(event.channel_id)
        if not isinstance(channel, Channel):
            return
        with suppress(discord.NotFound, discord.Forbidden, MemoryTrouble):
            turn_id = turn_of(await channel.fetch_message(event.message_id))
            if turn_id:
                fan = f"discord:{event.user_id}"
                await self.house.journal.feedback(turn_id, fan_id=fan, thumb=thumb if given else None)

    async def pressed(self, interaction: discord.Interaction, pressed: Pressed) -> None:
        """A button under a reply."""
        await press(self, interaction, pressed)

    async def note(self, guild: str, told: str) -> None:
        """Tells a guild's log what was changed, where it has one."""
        channel_id = self.rooms.rules.of(guild).log_channel
        channel = await self._channel(int(channel_id)) if channel_id and channel_id.isdigit() else None
        if isinstance(channel, Channel):
            await channel.send(told[:1900])

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.rooms.rules.forget(str(guild.id))

    # -- what a line belongs to ------------------------------------------------------------------------------------

    async def _replied_persona(self, message: discord.Message) -> str | None:
        """Whose message this one replies to, if it is one of ours."""
        if message.reference is None or message.reference.message_id is None:
            return None
        replied = message.reference.resolved or message.reference.cached_message
        if not isinstance(replied, discord.Message):
            return None
        turn_id = turn_of(replied)
        if turn_id is None:
            return None
        with suppress(MemoryTrouble):
            turn: Turn = await self.house.journal.turn(turn_id)
            return turn.persona_id
        return None

    async def _thread_owner(self, channel: Anywhere) -> str | None:
        """The character whose thread this is: one that we opened."""
        if not isinstance(channel, discord.Thread) or not self.user or channel.owner_id != self.user.id:
            return None
        meant = self.rooms.meant(channel)
        return meant.id if meant else None

    async def _is_first(self, said: Utterance) -> bool:
        """Whether this fan never spoke to any of us before."""
        return not await self.house.journal.places(said.speaker_id)

    async def _channel(self, channel_id: int) -> object:
        with suppress(discord.NotFound, discord.Forbidden):
            return self.get_channel(channel_id) or await self.fetch_channel(channel_id)
        return None


def intents_for(settings: DiscordSettings) -> discord.Intents:
    """As little as it takes: guilds, messages, reactions; the words of others only where the operator asks for them."""
    intents = discord.Intents.none()
    intents.guilds = intents.guild_messages = intents.dm_messages = True
    intents.guild_reactions = intents.dm_reactions = True
    intents.message_content = settings.reads_everything
    return intents


def can_write(message: discord.Message) -> bool:
    """Whether we may answer where this was said."""
    if message.guild is None:
        return True
    allowed = message.channel.permissions_for(message.guild.me)
    return allowed.send_messages_in_threads if isinstance(message.channel, discord.Thread) else allowed.send_messages


def read_text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
