"""The gate: what is said in a channel, who of ours answers it, and in which order.

Whoever comes first, of all clients and processes, decides for a line and writes down whom it was said to; every other
finds that in the journal. A line is let in alone: the lock on its channel dies with the process that holds it, and
then the next one goes on with what the journal says.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import discord
import structlog

from bots.arbiter import Arbiter
from bots.attention import Attention, Decision, Heard, Manners, Present, called_by
from bots.discord_accounts import Accounts
from bots.discord_budgets import Budgets
from bots.discord_deliveries import Deliveries
from bots.discord_opt_outs import OptOuts
from bots.discord_patience import patiently
from bots.discord_place import Anywhere, mentioned_in_text, utterance_of
from bots.discord_reading import Reading, can_write, guild_of, is_blocked, is_bot
from bots.discord_revisions import Revisions
from bots.discord_rooms import Rooms
from bots.discord_sending import LOST
from bots.discord_settings import DiscordSettings
from bots.house import House
from bots.performance import Performance
from memory import Scope, Turn
from personas import Utterance, persona_speaker

log = structlog.get_logger()
FIRST_CONTACT = "\n-# I'm an AI character and I remember what you tell me. /privacy shows it and erases it."
TOLD = "told on discord"  # the mark of a fan who has read it
EVERYBODY = "*"  # in whose name that mark is kept
TOO_MUCH = "⏳"


@dataclass(eq=False, slots=True)
class Burst:
    """What a fan says in several messages: `performance` is the reply they lead to, once it is `decided`.

    `again` says that somebody was here before: another process, or an earlier life.
    """

    decided: asyncio.Event = field(default_factory=asyncio.Event)
    since: float = field(default_factory=time.monotonic)
    performance: Performance | None = None
    again: bool = False


class Gate:
    """`hear` returns when a line is answered, or is known not to be."""

    def __init__(
        self,
        house: House,
        settings: DiscordSettings,
        *,
        rooms: Rooms,
        deliveries: Deliveries,
        attention: Attention,
        arbiter: Arbiter,
        opt_outs: OptOuts,
        accounts: Accounts,
    ) -> None:
        self._house = house
        self._settings = settings
        self._rooms = rooms
        self._deliveries = deliveries
        self._attention = attention
        self._arbiter = arbiter
        self._opt_outs = opt_outs
        self._accounts = accounts
        self.revisions = Revisions()
        self._reading = Reading(house, rooms, accounts)
        self.budgets = Budgets()
        self._bursts: dict[tuple[str, str], Burst] = {}

    async def hear(self, message: discord.Message, *, me: int) -> None:
        """A line from `me`'s point of view; what is not for us stops here, and nothing of it is kept."""
        if message.author.id == me or self._accounts.ours(message.author.id) or self._rooms.hooks.ours(message):
            return
        said = self._audible(message)
        if said is None:
            return
        key = (said.place, said.speaker_id)
        leaving = self._deliveries.ending
        if key in self._bursts:
            begun = self._bursts[key]
            if await patiently(lambda: self._joins(message, begun), leaving=leaving):
                return
        burst = self._bursts[key] = Burst()
        try:
            async with AsyncExitStack() as inside:
                alone = self._house.journal.alone
                await patiently(lambda: inside.enter_async_context(alone(said.place)), leaving=leaving)
                # tried again in here, since whoever waits outside spoke later
                await patiently(lambda: self._alone(message, burst, me=me), leaving=leaving)
        finally:
            burst.decided.set()
            if self._bursts.get(key) is burst:
                del self._bursts[key]

    def _audible(self, message: discord.Message) -> Utterance | None:
        """What a line says now; None where it is gone, or where whoever wrote it is not to be heard, or not here."""
        now, rules = self.revisions.of(message), self._rooms.rules_of(message.channel)
        if now is None or rules.paused or is_blocked(now, rules) or not can_write(now):
            return None
        said = utterance_of(now)
        if self._opt_outs.has(said.speaker_id) or not said.text.strip() or not self._rooms.present(now.channel):
            return None
        return said

    async def _joins(self, message: discord.Message, burst: Burst) -> bool:
        """Whether a line belongs to a burst that waits to be answered, and is in it now; none to somebody else is."""
        here = self._rooms.present(message.channel)
        await burst.decided.wait()
        said = self._audible(message)
        if said is None:
            return True
        waits = burst.performance is not None and burst.performance.turn is None
        elsewhere = message.reference or mentioned_in_text(message)
        if burst.performance is None or not waits or elsewhere:
            return False
        persona_id = burst.performance.persona_id
        if set(called_by(said.text, here)) - {persona_id}:
            return False
        performance = await self._house.hall.hear(said, persona_id=persona_id, settle=self._settings.settle)
        if performance is not burst.performance:
            return False
        for one in here:
            if one.persona_id != persona_id and message.guild:
                await self._house.hall.overhear(said, persona_id=one.persona_id)
        await self._amend(message, said)
        return True

    async def _alone(self, message: discord.Message, burst: Burst, *, me: int) -> None:
        """What nobody else does meanwhile in this channel: decide, or find what was decided, and answer."""
        said, rules = self._audible(message), self._rooms.rules_of(message.channel)
        if said is None:
            return
        here, manners = self._rooms.present(message.channel), self._rooms.manners(message.channel)
        earlier = await self._house.journal.spoken_to(said, among=[one.persona_id for one in here])
        speakers = await self._decide(message, said, here, manners, me=me) if earlier is None else earlier
        burst.again = earlier is not None
        refusal = self.budgets.refusal(fan=said.speaker_id, guild=guild_of(message), rules=rules) if speakers else ""
        if refusal:
            log.info("discord_budget", reason=refusal)
            await self._hint(message)
            return
        for persona_id in speakers:
            now = self._audible(message)
            if now and self._rooms.speaks_for(persona_id):
                await self._answer(message, now, persona_id, here, manners, burst)

    async def _amend(self, message: discord.Message, said: Utterance) -> None:
        """A line that was taken back or put otherwise while it was being written down is so in the journal, too."""
        now, journal, scopes = self._audible(message), self._house.journal, tuple[Scope, ...]()
        if now is None:
            scopes = await journal.unsay(said.id, place=said.place)
        elif now.text != said.text:
            scopes = await journal.rephrase(said.id, place=said.place, text=now.text)
        for scope in scopes:
            await self._house.memory.sync(scope)

    async def _decide(
        self, message: discord.Message, said: Utterance, here: Sequence[Present], manners: Manners, *, me: int
    ) -> tuple[str, ...]:
        """Who answers; written down for all who hear it before anybody speaks, so that a crash changes nothing."""
        heard = await self._reading.heard(self.revisions.of(message) or message, said, me=me)
        decision = self._attention.decide(heard, room=said.place, present=here, manners=manners)
        speakers = await self._in_order(decision, heard, manners)
        log.debug("discord_heard", place=said.place, speakers=speakers, reason=decision.reason)
        for persona_id in speakers:
            await self._house.journal.hear(said, persona_id=persona_id)
        for one in here:
            if one.persona_id not in speakers and message.guild:
                await self._house.hall.overhear(said, persona_id=one.persona_id)
        await self._amend(message, said)
        return speakers

    async def _in_order(self, decision: Decision, heard: Heard, manners: Manners) -> tuple[str, ...]:
        """As attention says; where an engine is to choose, it chooses among those."""
        chosen = tuple(persona_id for persona_id, _ in decision.speakers)
        if manners.order != "engine" or len(decision.candidates) < 2:
            return chosen
        personas = [one for candidate in decision.candidates if (one := self._house.persona(candidate))]
        return await self._arbiter.choose(heard.text, personas, most=len(chosen)) or chosen

    async def _answer(
        self,
        message: discord.Message,
        said: Utterance,
        persona_id: str,
        here: Sequence[Present],
        manners: Manners,
        burst: Burst,
    ) -> None:
        """Has one persona answer, lets the others hear it, and whoever it calls go on, as far as the chain reaches."""
        told = Scope(EVERYBODY, said.speaker_id, said.place)
        footnote = "" if await self._house.journal.marked(told, TOLD) or is_bot(message) else FIRST_CONTACT
        turn = await self._bring(said, persona_id, message.channel, burst, reply_to=message, footnote=footnote)
        if turn is None:
            return
        if footnote:
            await self._house.journal.mark(told, TOLD, turn.began_at.isoformat())
        self.budgets.spend(turn, fan=said.speaker_id, guild=guild_of(message))
        self._attention.spoke(persona_id, room=said.place, at=said.at, to_bot=is_bot(message))
        await self._go_on(turn, message.channel, here, manners)

    async def _go_on(self, turn: Turn, channel: Anywhere, here: Sequence[Present], manners: Manners) -> None:
        """Characters who call each other by name talk for a while, no longer than the chain."""
        left, spoken = manners.chain, turn
        while True:
            others = [one for one in here if one.persona_id != spoken.persona_id and not one.muted]
            callees = called_by(spoken.said or "", others) if left else ()
            callee = next((one for one in callees if self._rooms.speaks_for(one)), None)
            reply = await self._overheard(spoken, here, to=callee)
            if callee is None or reply is None:
                return
            answer = await self._bring(reply, callee, channel)
            if answer is None:
                return
            self._attention.spoke(callee, room=answer.place, at=answer.began_at)
            left, spoken = left - 1, answer

    async def _overheard(self, turn: Turn, here: Sequence[Present], *, to: str | None) -> Utterance | None:
        """Tells the others what one of them said; None if she said nothing."""
        persona = self._house.persona(turn.persona_id)
        if persona is None or not turn.said or turn.place.startswith("discord:dm/"):
            return None
        me = persona_speaker(persona.id)
        reply = Utterance(f"{turn.id}:said", me, persona.name, turn.place, turn.said, turn.began_at)
        for one in here:
            if one.persona_id not in (persona.id, to):
                await self._house.hall.overhear(reply, persona_id=one.persona_id)
        return reply

    async def _bring(
        self,
        said: Utterance,
        persona_id: str,
        channel: Anywhere,
        burst: Burst | None = None,
        *,
        reply_to: discord.Message | None = None,
        footnote: str = "",
    ) -> Turn | None:
        """One reply from the hall into the channel; None if it stands there already."""
        performance = await self._house.hall.hear(said, persona_id=persona_id, settle=self._settings.settle)
        if burst and not burst.decided.is_set():
            burst.performance = performance
            burst.decided.set()
        over = await self._deliveries.stands(performance, channel, doubt=bool(burst and burst.again))
        if over is None:
            return None
        return await self._deliveries.deliver(
            performance,
            channel,
            reply_to=reply_to,
            over=over,
            footnote=footnote,
            since=burst.since if burst and not burst.again else None,
        )

    async def _hint(self, message: discord.Message) -> None:
        """Says "later" without a word, and never to a bot."""
        if not is_bot(message):
            with suppress(*LOST, discord.HTTPException):
                await message.add_reaction(TOO_MUCH)
