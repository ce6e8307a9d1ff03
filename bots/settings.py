"""What an operator may set about the programs that meet people, and where each value came from."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from serving.settings_file import RoomSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class BotsSettings(RoomSettings):
    """Default, then greenroom.yaml (its part `bots:`), then the environment (GREENROOM_…), then a flag."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="GREENROOM_")
    part: ClassVar[str] = "bots"

    data: Path = Field(Path("data"), description="The folder that holds journal, memories and the cookie's secret.")
    personas: Path | None = Field(None, description="A folder of your own personas, beside the shipped cast.")
    persona: str = Field("mika", description="Who opens the door.")
    engine: str = Field("", description="Overrides every persona's engine; 'scripted' needs no weights.")
    host: str = Field("127.0.0.1", description="Where the page listens; anything but loopback is open to others.")
    port: int = Field(8000, ge=0, le=65535, description="The page's port; 0 takes a free one.")
    api_origins: tuple[str, ...] = Field(
        (), description="Origins whose pages may call the API (/v1): 'https://chat.example'; '*' for all. [none]"
    )
    longest_message: int = Field(8000, ge=1, description="Characters one message may have.")
    patience: float = Field(
        60.0, gt=0, description="Seconds an engine, with those who step in for it, may be silent before it is away."
    )
    priority: Mapping[str, int] = Field(
        default_factory=dict,
        description="Who goes first when an engine is full: a number for each beginning of fans' ids ('api:').",
    )
    recover_minutes: float = Field(15.0, ge=0, description="Unanswered turns younger than this are answered at start.")
    remembers_turns: int = Field(50, ge=1, description="Turns of the conversation offered to the prompt.")
    log: Literal["console", "json", "auto"] = Field("auto", description="'auto': console on a terminal, else JSON.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What is logged.")
    traces: str = Field("", description="Where OpenTelemetry's spans go: http://collector:4318/v1/traces. [nowhere]")
    secret: SecretStr | None = Field(None, description="Signs cookies; empty: one is made in the data folder.")

    @field_validator("api_origins")
    @classmethod
    def _as_browsers_say_them(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses what no browser calls an origin, and would therefore never be let in."""
        for origin in origins:
            parts = urlsplit(origin)
            if origin != "*" and (not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}".lower()):
                raise ValueError(
                    f"'{origin}' is no origin. Write scheme, host and port alone: https://chat.example:8443"
                )
        return origins

    @property
    def open_to_others(self) -> bool:
        """Whether the page listens to more than this machine."""
        return self.host not in LOOPBACK
