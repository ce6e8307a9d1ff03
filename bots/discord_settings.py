"""What an operator can say about Discord."""

from collections.abc import Mapping

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DiscordSettings(BaseSettings):
    """Set by the environment (GREENROOM_DISCORD_…); the token never stands in a file."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_prefix="GREENROOM_DISCORD_",
        populate_by_name=True,
        hide_input_in_errors=True,  # it may be a token
    )

    token: SecretStr | None = Field(None, validation_alias="DISCORD_TOKEN", description="The bot account's token.")
    api: str = Field("", description="Another server's API, with its version: http://127.0.0.1:9000/api/v10.")
    gateway: str = Field("", description="Another server's gateway: ws://127.0.0.1:9000/gateway.")
    cast: tuple[str, ...] = Field((), description="Ids of the personas that come along; empty: the whole cast.")
    reads_everything: bool = Field(
        True, description="Ask for the message content intent; without it: mentions and DMs."
    )
    tokens: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="An account for each persona, as JSON by her id; instead of DISCORD_TOKEN."
    )
    sharded: bool = Field(False, description="Several gateway connections; Discord wants them from 2,500 guilds on.")
    shards: str = Field("", description="This process's part of all shards: '0,1/4'; empty: all of them.")
    operators: tuple[str, ...] = Field((), description="Ids of people who may put other words into a reply, as JSON.")
    keep_days: float = Field(0.0, ge=0, description="What is older is erased; 0 keeps it until somebody asks.")
    farewell_days: float = Field(7.0, ge=0, description="Days after leaving a server until all of it is erased.")
    public_url: str = Field("", description="Where the web page can be reached from outside, for the faces.")
    settle: float = Field(1.0, ge=0, description="Seconds to wait for a fan's next line before answering.")
    edit_every: float = Field(1.25, ge=0, description="Seconds between two edits while a reply streams.")
    silent_for: float = Field(
        90.0, gt=0, description="Seconds without an answered heartbeat until the client is built anew."
    )
    catch_up_minutes: float = Field(15.0, ge=0, description="Unanswered lines younger than this are answered at start.")

    @property
    def part(self) -> tuple[tuple[int, ...], int] | None:
        """This process's shards and how many there are in all: '0,1/4' is ((0, 1), 4); None if all are its own.

        Raises `ValueError` with a sentence.
        """
        if not self.shards:
            return None
        ours, _, count = self.shards.partition("/")
        try:
            part = tuple(int(number) for number in ours.split(",")), int(count)
        except ValueError as exc:
            raise ValueError(f"GREENROOM_DISCORD_SHARDS is {self.shards!r}; write it like 0,1/4.") from exc
        if not part[0] or max(part[0]) >= part[1] or min(part[0]) < 0:
            raise ValueError(
                f"GREENROOM_DISCORD_SHARDS is {self.shards!r}; of {part[1]} shards the last is {part[1] - 1}."
            )
        return part
