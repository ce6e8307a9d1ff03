"""Reads one room's part of greenroom.yaml; what is wrong there is told with its line."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Self, cast

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

FILE = Path("greenroom.yaml")


class SettingsWrong(Exception):
    """The settings file can't be read, or says something that is no setting; the message names the line."""


class RoomSettings(BaseSettings):
    """One room's settings: default < its `part` of greenroom.yaml < environment < flag."""

    part: ClassVar[str]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags win over the environment, the environment over the file."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=written(cls, part=cls.part))

    @classmethod
    def read(cls, **flags: Any) -> Self:
        """Raises `SettingsWrong` with the line of what can't be."""
        try:
            return cls(**flags)
        except ValidationError as exc:
            raise wrong(exc, written(cls, part=cls.part)) from exc


def written(settings: type[BaseSettings], *, part: str, file: Path = FILE) -> dict[str, Any]:
    """What the settings file says in its part; nothing if there is no file."""
    own = part_of(file, part)
    for key in own:
        where = f"{file}:{line_of(own, (key,))}"
        if key not in settings.model_fields:
            raise SettingsWrong(f"{where}: '{key}' is no setting.{nearest(key, settings)}")
        if secret := settings.model_fields[key].validation_alias:
            raise SettingsWrong(f"{where}: '{key}' is read from the environment only, as {secret}.")
    return own


def said(part: str, key: str, *, file: Path = FILE) -> Any:
    """What the file says to one key of a room upstairs, for a command that needs no more of it; None: nothing."""
    return part_of(file, part).get(key)


def part_of(file: Path, part: str) -> dict[str, Any]:
    """One room's part as it is written, with the lines of its keys; empty without a file."""
    if not file.exists():
        return {}
    try:
        whole = YAML().load(file)
    except (YAMLError, UnicodeDecodeError) as exc:
        raise SettingsWrong(f"{file} is no YAML: {exc}") from exc
    return cast(dict[str, Any], (whole or {}).get(part) or {})


def wrong(exc: ValidationError, said: Mapping[str, Any], *, file: Path = FILE) -> SettingsWrong:
    """A value that can't be, told with its line; without one if it came from the environment."""
    first = exc.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    line = line_of(said, first["loc"])
    told = first["msg"].removeprefix("Value error, ")
    return SettingsWrong(f"{file}:{line}: {where}: {told}" if line else f"{where}: {told}" if where else told)


def line_of(said: Any, path: tuple[int | str, ...]) -> int:
    """The line on which a key of the file stands; 0 if it isn't in the file."""
    line = 0
    for key in path:
        if not isinstance(said, Mapping) or key not in said or not hasattr(said, "lc"):
            break
        line = said.lc.key(key)[0] + 1
        said = said[key]
    return line


def nearest(key: object, settings: type[BaseSettings]) -> str:
    near = get_close_matches(str(key), settings.model_fields, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
