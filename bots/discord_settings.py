"""What an operator can say about Discord, and what a guild or a channel may change of it."""

import json
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bots.attention import Manners, Why


class DiscordSettings(BaseSettings):
    """Set by the environment (GREENROOM_DISCORD_…); the token never stands in a file."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="GREENROOM_DISCORD_", populate_by_name=True
    )

    token: SecretStr | None = Field(None, validation_alias="DISCORD_TOKEN", description="The bot account's token.")
    api: str = Field("", description="Another server's API, with its version: http://127.0.0.1:9000/api/v10.")
    gateway: str = Field("", description="Another server's gateway: ws://127.0.0.1:9000/gateway.")
    cast: tuple[str, ...] = Field((), description="Ids of the personas that come along; empty: the whole cast.")
    reads_everything: bool = Field(
        True, description="Ask for the message content intent; without it: mentions and DMs."
    )
    sharded: bool = Field(False, description="Several gateway connections in one process; needed from 2,500 guilds.")
    public_url: str = Field("", description="Where the web page can be reached from outside, for the faces.")
    settle: float = Field(1.0, ge=0, description="Seconds to wait for a fan's next line before answering.")
    edit_every: float = Field(1.25, ge=0, description="Seconds between two edits while a reply streams.")
    catch_up_minutes: float = Field(15.0, ge=0, description="Unanswered lines younger than this are answered at start.")


class RoomRules(BaseModel):
    """What a guild or a channel says; None is left to whoever stands above."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cast: tuple[str, ...] | None = Field(None, description="Who is here.")
    muted: tuple[str, ...] | None = Field(None, description="Who hears, and stays silent.")
    paused: bool | None = Field(None, description="Nobody speaks.")
    always: bool | None = Field(None, description="Every line is answered.")
    chance: float | None = Field(None, ge=0, le=1, description="How likely somebody speaks unasked.")
    cooldown: int | None = Field(None, ge=0, description="Seconds between two unasked lines.")
    quiet: tuple[time, time] | None = Field(None, description="Hours in which nobody speaks unasked.")
    speakers: int | None = Field(None, ge=1, le=5, description="At most so many answer one line.")
    order: Literal["natural", "list", "pooled", "manual"] | None = Field(None, description="Who speaks first.")
    answers_bots: bool | None = Field(None, description="Whether other bots are answered when they mention somebody.")
    blocked: tuple[str, ...] | None = Field(None, description="Ids of people who are not answered.")
    log_channel: str | None = Field(None, description="Where changes of these rules are told.")

    def over(self, above: "RoomRules") -> "RoomRules":
        """These rules, and those above where these are silent."""
        said = {name: value for name, value in self if value is not None}
        return above.model_copy(update=said)

    def manners(self) -> Manners:
        """What attention needs of the rules, defaults filled in."""
        usual = Manners()
        return Manners(
            on=frozenset[Why]({"private", "thread", "mention", "reply", "name", "summoned"}),
            always=bool(self.always),
            chance=self.chance or 0.0,
            cooldown=usual.cooldown if self.cooldown is None else timedelta(seconds=self.cooldown),
            quiet=self.quiet,
            most_speakers=self.speakers or usual.most_speakers,
            order=self.order or "natural",
            answers_bots=bool(self.answers_bots),
        )


class RuleBook:
    """The rules of all guilds, one file a guild; what a channel does not say, its guild says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, dict[str, RoomRules]] = {}

    def of(self, guild: str, *channels: str) -> RoomRules:
        """The rules in a channel; name a thread's parent after the thread."""
        known = self._guild(guild)
        rules = RoomRules()
        for place in ("", *reversed(channels)):
            rules = known.get(place, RoomRules()).over(rules)
        return rules

    def own(self, guild: str, channel: str = "") -> RoomRules:
        """What a channel (empty: the guild) says itself."""
        return self._guild(guild).get(channel, RoomRules())

    def change(self, guild: str, channel: str = "", **said: object) -> RoomRules:
        """Changes what a channel says; None takes a word back. Raises `ValueError` with a sentence."""
        old = self.own(guild, channel).model_dump(mode="json", exclude_none=True)
        try:
            new = RoomRules.model_validate({**old, **said})
        except ValidationError as exc:
            first = exc.errors()[0]
            raise ValueError(f"{first['loc'][0]}: {first['msg']}") from exc
        known = {**self._guild(guild), channel: new}
        self._read[guild] = known
        self._keep(guild, known)
        return new

    def forget(self, guild: str) -> None:
        """A guild that was left takes its rules along."""
        self._read.pop(guild, None)
        self._file(guild).unlink(missing_ok=True)

    def _guild(self, guild: str) -> Mapping[str, RoomRules]:
        if guild not in self._read:
            file = self._file(guild)
            written = json.loads(file.read_text()) if file.exists() else {}
            self._read[guild] = {place: RoomRules.model_validate(rules) for place, rules in written.items()}
        return self._read[guild]

    def _keep(self, guild: str, known: Mapping[str, RoomRules]) -> None:
        """Whole or not at all: a crash leaves the old file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._file(guild).with_suffix(".new")
        new.write_text(
            json.dumps({at: rules.model_dump(mode="json", exclude_none=True) for at, rules in known.items()})
        )
        new.replace(self._file(guild))

    def _file(self, guild: str) -> Path:
        return self._folder / f"{int(guild)}.json"
