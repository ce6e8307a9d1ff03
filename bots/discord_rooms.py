"""Who is in a channel, by what rules, and in whose voice they speak there."""

from collections.abc import Sequence

import discord

from bots.attention import Present
from bots.discord_place import Anywhere, is_adult_room
from bots.discord_settings import DiscordSettings, RoomRules, RuleBook
from bots.discord_voice import Channel, HookVoice, PlainVoice, Voice, Webhooks
from bots.house import House
from personas import Persona


class Rooms:
    """The cast as Discord's channels see it."""

    def __init__(self, house: House, settings: DiscordSettings) -> None:
        self.rules = RuleBook(house.settings.data / "discord")
        self.hooks = Webhooks(0)
        self._house = house
        self._settings = settings

    def rules_of(self, channel: Anywhere) -> RoomRules:
        """The rules that hold in a channel; none in private."""
        guild = getattr(channel, "guild", None)
        if guild is None:
            return RoomRules()
        parent = str(channel.parent_id) if isinstance(channel, discord.Thread) else ""
        return self.rules.of(str(guild.id), str(channel.id), *([parent] if parent else []))

    def present(self, channel: Anywhere) -> tuple[Present, ...]:
        """The characters of a channel; adult ones only where only adults are."""
        rules, adults_only = self.rules_of(channel), is_adult_room(channel)
        wanted = self._settings.cast if rules.cast is None else rules.cast
        everyone: Sequence[Persona] = self._house.cast.all()
        return tuple(
            Present(one.id, names_of(one), interests_of(one), muted=one.id in (rules.muted or ()))
            for one in everyone
            if (one.id in wanted or (rules.cast is None and not wanted))
            and (adults_only or one.boundaries.rating != "adult")
        )

    def personas(self, channel: Anywhere) -> list[Persona]:
        """The same, as personas."""
        return [one for here in self.present(channel) if (one := self._house.persona(here.persona_id))]

    def meant(self, channel: Anywhere) -> Persona | None:
        """Who is meant when the account itself is: whoever opens the door, if they are here."""
        here = self.personas(channel)
        first = self._house.first
        return next((one for one in here if first and one.id == first.id), here[0] if here else None)

    def called(self, name: str, channel: Anywhere | None = None) -> Persona | None:
        """The persona of a name or an id, in a channel or in the whole cast."""
        everyone: Sequence[Persona] = self._house.cast.all() if channel is None else self.personas(channel)
        wanted = name.casefold().strip()
        return next((one for one in everyone if wanted in (one.id, one.name.casefold())), None)

    async def voice(self, channel: Channel, persona: Persona) -> Voice:
        """The character's own name and face where we may have a webhook, else the plain account."""
        hook = None if isinstance(channel, discord.DMChannel) else await self.hooks.of(channel)
        shown = persona.presence.discord.name or persona.name
        if hook is None:
            return PlainVoice(channel, name=shown if len(self.present(channel)) > 1 else None)
        return HookVoice(self.hooks, hook, channel, name=shown, face=self._face(persona))

    def _face(self, persona: Persona) -> str | None:
        """Where Discord can fetch the persona's picture; None without a public address."""
        base = self._settings.public_url.rstrip("/")
        return f"{base}/faces/{persona.id}.png" if base else None


def names_of(persona: Persona) -> tuple[str, ...]:
    """What people call her: her name, its first word, the name she has on Discord."""
    names = [persona.name, persona.name.split()[0], persona.presence.discord.name]
    return tuple(dict.fromkeys(name for name in names if len(name) > 1))


def interests_of(persona: Persona) -> frozenset[str]:
    return frozenset(word for like in persona.likes for word in like.casefold().split() if len(word) > 3)
