"""What an operator may say about memory: in greenroom.yaml under `memory`, or in the environment."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from serving.settings_file import RoomSettings


class SharingSettings(BaseModel):
    """What an operator allows to be recalled outside the audience it was said to; the fan must allow it, too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    private_to_public: bool = Field(False, description="What was said in private may come up in a guild.")
    public_to_private: bool = Field(False, description="What was said in a guild may come up in private.")


class LearningSettings(BaseModel):
    """On which platforms fans are asked whether a persona may learn from their words; nothing is taken unasked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    web: bool = Field(False, description="The page offers its fans the switch; only those who turn it count.")
    terminal: bool = Field(False, description="The same for `greenroom chat` (its /learn).")
    discord: bool = Field(
        False,
        description="Warning: Discord's Developer Policy forbids training models on message content without "
        "Discord's permission. Switch this on only if you have that permission; each fan must agree as well.",
    )

    @property
    def platforms(self) -> frozenset[str]:
        """The platforms that are switched on."""
        return frozenset(name for name, on in self if on)


class ReflectionSettings(BaseModel):
    """When a persona thinks of a talk that is over, and what it may cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    silence_minutes: float = Field(30, gt=0, description="Minutes without a word after which a talk is over.")
    tokens_a_day: int = Field(20_000, ge=0, description="Tokens for each fan and persona in a day; 0: rules only.")
    engine: str = Field("", description="The engine that concludes; empty: the persona's own. Never the understudy.")

    @property
    def silence(self) -> timedelta:
        """The same as a span of time."""
        return timedelta(minutes=self.silence_minutes)


class MemorySettings(RoomSettings):
    """Default, then greenroom.yaml (its part `memory:`), then the environment (GREENROOM_MEMORY__…), then a flag."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="GREENROOM_MEMORY__", env_nested_delimiter="__"
    )

    part: ClassVar[str] = "memory"

    # holds a password with PostgreSQL; a name of its own in the environment keeps it out of greenroom.yaml
    journal: SecretStr | None = Field(
        None,
        validation_alias="GREENROOM_JOURNAL",
        description="The journal's database, 'postgresql://…'; empty: a SQLite file in the data folder.",
    )
    index: str | None = Field(None, description="A Chroma server, 'http://…'; empty: folders in the data folder.")
    sharing: Mapping[str, SharingSettings] = Field(
        default_factory=dict, description="By persona id: what may be recalled outside its audience."
    )
    learning: LearningSettings = Field(
        LearningSettings(), description="By platform: whether fans are asked to let a persona learn from them."
    )
    reflection: ReflectionSettings = Field(
        ReflectionSettings(), description="When a persona thinks of a talk that is over, and what it may cost."
    )
    open_at_most: int = Field(32, ge=1, description="Fans' folders open at a time: about 3 MB and 11 files each.")
    records_in_ram: int = Field(100_000, ge=1, description="Memories at hand in RAM: about 2 kB each.")
