"""A client in Discord's rooms: connects, hears events and hands each to whoever knows about it.

Everything is set up in `setup_hook`, since `on_ready` fires again with every new session. Whatever an event began is
owned here and awaited before the client is gone, so that nothing of it outlives the journal.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import discord
import structlog
from discord import app_commands
from prometheus_client import CollectorRegistry

from bots.arbiter import EngineArbiter
from bots.attention import Attention
from bots.discord_accounts import Accounts
from bots.discord_application import Applying
from bots.discord_buttons import Pressed, press_with, turn_of
from bots.discord_catch_up import CatchUp
from bots.discord_changes import Changes
from bots.discord_deliveries import Deliveries
from bots.discord_delivery import Pace
from bots.discord_gaps import forgiving
from bots.discord_gate import Gate
from bots.discord_keeping import Keeping
from bots.discord_meters import DiscordMeters
from bots.discord_opt_outs import OptOuts
from bots.discord_patience import is_passing, patiently
from bots.discord_place import place_of
from bots.discord_replies import press
from bots.discord_rooms import Rooms
from bots.discord_settings import DiscordSettings
from bots.discord_sync import sync
from bots.discord_voice import NOBODY, Channel
from bots.discord_webhooks import Webhooks
from bots.discord_wire import Wire
from bots.house import House
from bots.performance import TurnFailed
from memory import JournalTrouble

log = structlog.get_logger()
ORDINARY = (discord.MessageType.default, discord.MessageType.reply, discord.MessageType.thread_starter_message)
SEEN = 5000
PATIENCE = 3.0  # seconds that replies get to end when we leave
ANSWERED_ELSEWHERE = (40060, 10062)
Command = app_commands.Group | app_commands.ContextMenu
T = TypeVar("T")


class Client(Applying):
    """Several characters in every channel they are invited to; with a `speaker`, that one character's own account."""

    def __init__(
        self,
        house: House,
        settings: DiscordSettings,
        *,
        attention: Attention,
        commands: Callable[["Client"], Iterable[Command]],
        speaker: str | None = None,
        accounts: Accounts | None = None,
        meters: DiscordMeters | None = None,
        guild_ready_timeout: float = 2.0,
        **options: Any,
    ) -> None:
        self.meters = meters or DiscordMeters(CollectorRegistry())
        self.wire = Wire(self.meters)
        super().__init__(
            intents=intents_for(settings),
            allowed_mentions=NOBODY,
            guild_ready_timeout=guild_ready_timeout,
            http_trace=self.wire.trace(),
            **options,
        )
        self._connection.parsers = forgiving(self._connection.parsers)
        self.house = house
        self.settings = settings
        self.speaker = speaker
        self.accounts = accounts or Accounts()
        self.opt_outs = OptOuts(house.settings.data / "discord")
        self.rooms = Rooms(house, settings, speaker=speaker)
        self.keeping = Keeping(house, settings, self.rooms.rules)
        self.deliveries = Deliveries(house, self.rooms, Pace(settings.edit_every), self.meters)
        self.deliver = self.deliveries.deliver
        self.gate = Gate(
            house,
            settings,
            rooms=self.rooms,
            deliveries=self.deliveries,
            attention=attention,
            arbiter=EngineArbiter(house.engines.opened),
            opt_outs=self.opt_outs,
            accounts=self.accounts,
        )
        self.budgets = self.gate.budgets  # lines and buttons spend from one purse
        self.tree = app_commands.CommandTree(self)
        self.tree.error(told_elsewhere)
        self._changes = Changes(house, self.opt_outs, self.gate.revisions, self)
        self._catch_up = CatchUp(self)
        self._commands = commands
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._replies: OrderedDict[int, discord.Message] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    # -- its life --------------------------------------------------------------------------------------------------

    async def setup_hook(self) -> None:
        """Once for a client, before it connects."""
        self.wire.application = self.application_id
        self.rooms.hooks = Webhooks(self.application_id or 0, self.user.id if self.user else 0)
        if self.speaker and self.user:
            self.accounts.personas[self.user.id] = self.speaker
        self.add_dynamic_items(press_with(self.pressed))
        for command in self._commands(self):
            self.tree.add_command(command)
        # beside everything else: characters speak also where a server knows no commands
        folder = self.house.settings.data / "discord"
        self.own(patiently(lambda: sync(self.tree, folder), leaving=self.deliveries.ending))
        self.own(self.keeping.run())

    async def close(self) -> None:
        """Lets replies end or marks them as interrupted, then leaves; nothing that an event began is left behind."""
        await self.deliveries.end(patience=PATIENCE)
        leaving = asyncio.current_task()
        waiting = [task for task in self._tasks if task is not leaving]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await super().close()

    def own(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Runs something beside the events; `close` ends it and waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """The outermost gate of an event: a fault of ours is told whole, and the client goes on."""
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            log.error("discord_event_failed", exc_info=fault)

    # -- what happens ----------------------------------------------------------------------------------------------

    async def on_socket_event_type(self, kind: str) -> None:
        """Any event is counted."""
        self.meters.heard()

    async def on_connect(self) -> None:
        """A session begins; its guilds are still being told."""
        self.meters.connection("new")
        self._catch_up.expect()

    async def on_resumed(self) -> None:
        self.meters.connection("resumed")
        self._catch_up.return_everywhere()

    async def on_disconnect(self) -> None:
        self.meters.connection("cut")

    async def on_ready(self) -> None:
        log.info("discord_ready", account=str(self.user), guilds=len(self.guilds))
        self.own(self.keeping.there([guild.id for guild in self.guilds], account=self.application_id or 0))
        self.own(self._catch_up.begin())

    async def on_message(self, message: discord.Message) -> None:
        """A line that was said just now; what is older in its channel goes first."""
        self.own(self._heard_live(message))

    async def _heard_live(self, message: discord.Message) -> None:
        await self._catch_up.before(place_of(message.channel, message.author))
        await self.hear(message)

    async def hear(self, message: discord.Message) -> None:
        """A line, once for each client; the journal knows what other clients and earlier lives did with it.

        One that was given up is heard again when its channel is looked at the next time.
        """
        self._note_reply(message)
        if message.id in self._seen or message.type not in ORDINARY or self.user is None or self.deliveries.ending():
            return
        keep(self._seen, message.id, None)
        way = self.own(self._to_the_gate(message, me=self.user.id))
        await asyncio.wait({way})
        if not way.cancelled() and (fault := way.exception()):
            self.meters.gave_up()
            if is_passing(fault):
                self._seen.pop(message.id, None)
                self._catch_up.return_to(message.channel, message.author)

    def _note_reply(self, message: discord.Message) -> None:
        """discord.py forgets messages, and never knew an earlier life's; whoever deletes one deletes a reply."""
        if turn_of(message):
            keep(self._replies, message.id, message)

    async def _to_the_gate(self, message: discord.Message, *, me: int) -> None:
        """Where discord.py does not know the channel (a thread that was asleep, a terse server), it is asked for."""
        if isinstance(message.channel, discord.PartialMessageable):
            known = await patiently(lambda: self.channel(message.channel.id))
            if known is None or isinstance(known, discord.PartialMessageable):
                return
            message.channel = known  # type: ignore[assignment]  # a channel in which somebody just wrote
        await self.gate.hear(message, me=me)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self._note_reply(event.message)
        self.own(self._changes.edited(event.message))

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        known = event.cached_message or self._replies.get(event.message_id)
        self.own(self._changes.deleted(event.message_id, event.channel_id, known))

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        kept = {message.id: message for message in event.cached_messages}
        for message_id in event.message_ids:
            known = kept.get(message_id) or self._replies.get(message_id)
            self.own(self._changes.deleted(message_id, event.channel_id, known))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        if self.user and event.user_id != self.user.id:
            self.own(self._changes.reacted(event, given=True))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        if self.user and event.user_id != self.user.id:
            self.own(self._changes.reacted(event, given=False))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.own(self.keeping.joined(guild.id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.own(self.keeping.left(guild.id))

    async def pressed(self, interaction: discord.Interaction, pressed: Pressed) -> None:
        """A button under a reply."""
        try:
            await press(self, interaction, pressed)
        except (TurnFailed, JournalTrouble) as exc:
            log.warning("discord_press_failed", verb=pressed.verb, reason=str(exc))
        except discord.HTTPException as refused:
            if refused.code not in ANSWERED_ELSEWHERE:
                raise

    # -- what others ask of it -------------------------------------------------------------------------------------

    async def note(self, guild: str, told: str) -> None:
        """Tells a guild's log what was changed, where it has one; a channel of another guild is none."""
        channel_id = self.rooms.rules.of(guild).log_channel
        channel = await self.channel(int(channel_id)) if channel_id and channel_id.isdigit() else None
        if isinstance(channel, Channel) and channel.guild and str(channel.guild.id) == guild:
            await channel.send(told[:1900])

    async def channel(self, channel_id: int) -> object:
        """A channel by id, also one that is not at hand; None if there is none for us."""
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


async def told_elsewhere(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """A command that another process has answered already is no fault; everything else is told whole in the log."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if not (isinstance(cause, discord.HTTPException) and cause.code in ANSWERED_ELSEWHERE):
        log.error("discord_command_failed", exc_info=cause)


def keep(kept: OrderedDict[int, T], key: int, value: T) -> None:
    """Keeps the newest `SEEN`."""
    kept[key] = value
    while len(kept) > SEEN:
        kept.popitem(last=False)
