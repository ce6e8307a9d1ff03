"""Who is in a channel, by what rules, and in whose voice they speak there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import discord
import structlog

from bots.attention import Manners, Present, Why
from bots.discord_accounts import Accounts
from bots.discord_faces import Faces
from bots.discord_names import names_of
from bots.discord_place import Anywhere, is_adult_room
from bots.discord_rules import RoomRules, RuleBook
from bots.discord_settings import DiscordSettings
from bots.discord_voice import Channel, FaceOf, HookVoice, PlainVoice, Voice
from bots.discord_webhooks import Webhooks
from bots.house import House
from personas import Persona

log = structlog.get_logger()


class Rooms:
    """The cast as Discord's channels see it; `speaker` is the one whose own account this client is, if any."""

    def __init__(
        self, house: House, settings: DiscordSettings, *, speaker: str | None = None, accounts: Accounts | None = None
    ) -> None:
        self.rules = RuleBook(house.settings.data / "discord")
        self.hooks = Webhooks(0, 0)
        self.faces = Faces(house, settings.public_url)
        self._house = house
        self._settings = settings
        self._speaker = speaker
        self._accounts = accounts or Accounts()
        self._no_hooks: set[int] = set()

    def speaks_for(self, persona_id: str) -> bool:
        """Whether this client is the one that brings this character's words."""
        return self._speaker in (None, persona_id)

    def rules_of(self, channel: Anywhere) -> RoomRules:
        """The rules that hold in a channel: its own, its parent's (of a thread), its category's, its guild's."""
        guild = getattr(channel, "guild", None)
        if guild is None:
            return RoomRules()
        above = [getattr(channel, name, None) for name in ("parent_id", "category_id")]
        return self.rules.of(str(guild.id), str(channel.id), *(str(one) for one in above if one))

    def manners(self, channel: Anywhere) -> Manners:
        """When characters speak there: by the channel's rules, and where those are silent as their files say."""
        rules, shown = self.rules_of(channel), [one.presence.discord for one in self.personas(channel)]
        manners = rules.manners()
        if rules.chance is None:
            manners = replace(manners, chance=max((one.chance for one in shown), default=0.0))
        if rules.always is None:
            manners = replace(manners, always=any("always" in one.speaks for one in shown))
        return manners

    def present(self, channel: Anywhere) -> tuple[Present, ...]:
        """The characters of a channel; adult ones only where only adults are, so never in private."""
        rules, adults_only = self.rules_of(channel), is_adult_room(channel)
        return tuple(
            Present(one.id, names_of(one), interests_of(one), one.id in (rules.muted or ()), occasions_of(one))
            for one in self._invited(channel, rules)
            if (adults_only or one.boundaries.rating != "adult") and comes_to(one, channel)
        )

    def _invited(self, channel: Anywhere, rules: RoomRules) -> list[Persona]:
        """Who may come at all: a channel's own cast, else the operator's; in private whose account it is."""
        everyone = self.everyone()
        with_account = set(self._settings.tokens) or {one.id for one in everyone}
        if isinstance(channel, discord.DMChannel) and self._speaker:
            with_account = {self._speaker}
        wanted = set(self._settings.cast) or with_account
        wanted = wanted if rules.cast is None else set(rules.cast)
        return [one for one in everyone if one.id in wanted & with_account]

    def personas(self, channel: Anywhere) -> list[Persona]:
        """The same, as personas."""
        return [one for here in self.present(channel) if (one := self._house.persona(here.persona_id))]

    def meant(self, channel: Anywhere) -> Persona | None:
        """Who is meant when the account itself is: its own character, or whoever opens the door, if they are here."""
        here = self.personas(channel)
        first = self._speaker or (self._house.first.id if self._house.first else None)
        return next((one for one in here if one.id == first), here[0] if here else None)

    def everyone(self) -> Sequence[Persona]:
        """The whole cast, whoever is where."""
        everyone: Sequence[Persona] = self._house.cast.all()
        return everyone

    def called(self, name: str, channel: Anywhere | None = None) -> Persona | None:
        """The persona of a name or an id, in a channel or in the whole cast."""
        everyone = self.everyone() if channel is None else self.personas(channel)
        wanted = name.casefold().strip()
        return next((one for one in everyone if wanted in (one.id, one.name.casefold())), None)

    async def voice(self, channel: Channel, persona: Persona) -> Voice:
        """The character's own name and face where we may have a webhook, else the plain account."""
        if self._speaker:
            return PlainVoice(channel)
        hook = None if isinstance(channel, discord.DMChannel) else await self.hooks.of(channel)
        shown = persona.presence.discord.name or persona.name
        if hook is None:
            self._tell_once(channel)
            return PlainVoice(channel, name=shown if len(self.present(channel)) > 1 else None)
        return HookVoice(self.hooks, hook, channel, name=shown, face=self._face_of(channel, persona))

    def _face_of(self, channel: Channel, persona: Persona) -> FaceOf:
        depot = self.rules_of(channel).log_channel or ""

        async def face(mood: str) -> str | None:
            there = channel.guild.get_channel(int(depot)) if channel.guild and depot.isdigit() else None
            return await self.faces.address(persona, mood, depot=there if isinstance(there, Channel) else None)

        return face

    def _tell_once(self, channel: Channel) -> None:
        """A permission that is missing is told once for each channel."""
        if not isinstance(channel, discord.DMChannel) and channel.id not in self._no_hooks:
            self._no_hooks.add(channel.id)
            log.warning("discord_no_webhook", channel=channel.id, instead="the plain account", needs="Manage Webhooks")


def occasions_of(persona: Persona) -> frozenset[Why] | None:
    """When she answers, where her file says it; None leaves it to the room."""
    written = "discord" in persona.presence.model_fields_set and "speaks" in persona.presence.discord.model_fields_set
    return cast("frozenset[Why]", frozenset(persona.presence.discord.speaks) | {"summoned"}) if written else None


def comes_to(persona: Persona, channel: Anywhere) -> bool:
    """Whether her file lets her into a channel; it names channels by id or name, and a thread goes with its parent."""
    wanted = {one.lstrip("#") for one in persona.presence.discord.channels}
    if not wanted or isinstance(channel, discord.DMChannel):
        return True
    rooms = [channel, getattr(channel, "parent", None)]
    return any(one and wanted & {str(one.id), getattr(one, "name", None) or ""} for one in rooms)


def interests_of(persona: Persona) -> frozenset[str]:
    return frozenset(word for like in persona.likes for word in like.casefold().split() if len(word) > 3)
