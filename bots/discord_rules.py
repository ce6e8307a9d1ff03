"""The rules of guilds and channels: what they may change of how characters behave there."""

import json
import re
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bots.attention import Manners, Order, Why

MARK = re.compile(r"<(?:@[!&]?|#)(\d+)>")


def bare(mark: object) -> str:
    """An id without the signs of a mention: `<@1>`, `<@!1>`, `<@&1>` and `<#1>` are 1, and so is a number."""
    found = MARK.fullmatch(str(mark).strip())
    return found[1] if found else str(mark).strip()


Id = Annotated[str, BeforeValidator(bare)]


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
    order: Order | None = Field(None, description="Who speaks first: natural, list, pooled, manual or engine.")
    chain: int | None = Field(None, ge=0, le=10, description="Replies in a row of characters who call each other.")
    answers_bots: bool | None = Field(None, description="Whether other bots are answered when they mention somebody.")
    bot_turns: int | None = Field(None, ge=0, le=20, description="Lines to other bots until a person speaks again.")
    blocked: tuple[Id, ...] | None = Field(None, description="Ids of people or roles who are not heard.")
    replies_an_hour: int | None = Field(None, ge=0, description="A fan's replies within an hour.")
    tokens_a_day: int | None = Field(None, ge=0, description="The server's tokens within a day, prompts included.")
    log_channel: Id | None = Field(None, description="Where changes of these rules are told.")

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
            chain=self.chain or 0,
            answers_bots=bool(self.answers_bots),
            bot_turns=usual.bot_turns if self.bot_turns is None else self.bot_turns,
        )


class RuleBook:
    """The rules of all guilds, one file a guild; what a channel does not say, its guild says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, dict[str, RoomRules]]] = {}

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

    def written(self, guild: str) -> dict[str, object]:
        """All that a guild and its channels say, ready for JSON; the guild's own rules by an empty name."""
        known = self._guild(guild)
        return {at: rules.model_dump(mode="json", exclude_none=True) for at, rules in known.items()}

    def change(self, guild: str, channel: str = "", **said: object) -> RoomRules:
        """Changes what a channel says; None takes a word back. Raises `ValueError` with a sentence."""
        old = self.own(guild, channel).model_dump(mode="json", exclude_none=True)
        try:
            new = RoomRules.model_validate({**old, **said})
        except ValidationError as exc:
            first = exc.errors()[0]
            raise ValueError(f"{first['loc'][0]}: {first['msg']}") from exc
        self._keep(guild, {**self._guild(guild), channel: new})
        return new

    def guilds(self) -> list[str]:
        """Every guild that said something."""
        return [file.stem for file in self._folder.glob("*.json") if file.stem.isdigit()]

    def forget(self, guild: str) -> None:
        """A guild that was left takes its rules along."""
        self._file(guild).unlink(missing_ok=True)

    def _guild(self, guild: str) -> Mapping[str, RoomRules]:
        """What is written, read again when another process has changed it."""
        file = self._file(guild)
        try:
            written_at = file.stat().st_mtime_ns
        except FileNotFoundError:
            written_at = 0
        if guild not in self._read or self._read[guild][0] != written_at:
            written = json.loads(file.read_text()) if written_at else {}
            known = {place: RoomRules.model_validate(rules) for place, rules in written.items()}
            self._read[guild] = written_at, known
        return self._read[guild][1]

    def _keep(self, guild: str, known: Mapping[str, RoomRules]) -> None:
        """Whole or not at all: a crash leaves the old file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._file(guild).with_suffix(".new")
        said = {at: rules.model_dump(mode="json", exclude_none=True) for at, rules in known.items()}
        new.write_text(json.dumps(said))
        new.replace(self._file(guild))

    def _file(self, guild: str) -> Path:
        return self._folder / f"{int(guild)}.json"
