"""Reads one room's part of greenroom.yaml; what is wrong there is told with its line."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Self, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

FILE = Path("greenroom.yaml")
PARTS = ("bots", "memory", "serving")  # the rooms that have settings


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
            raise wrong(exc, written(cls, part=cls.part), cls) from exc


def written(settings: type[BaseSettings], *, part: str, file: Path = FILE) -> dict[str, Any]:
    """What the settings file says in its part; nothing if there is no file."""
    own = part_of(file, part)
    for key in own:
        where = f"{file}:{line_of(own, (key,))}"
        if key not in settings.model_fields:
            raise SettingsWrong(f"{where}: '{key}' is no setting.{nearest(key, settings.model_fields)}")
        if secret := settings.model_fields[key].validation_alias:
            raise SettingsWrong(f"{where}: '{key}' is read from the environment only, as {secret}.")
    return own


def said(part: str, key: str, *, file: Path = FILE) -> Any:
    """What the file says to one key of a room upstairs, for a command that needs no more of it; None: nothing."""
    return part_of(file, part).get(key)


def part_of(file: Path, part: str) -> dict[str, Any]:
    """One room's part as it is written, with the lines of its keys; empty without a file."""
    whole = whole_file(file)
    for key in whole:
        if key not in PARTS:
            hint = nearest(key, PARTS) or f" There are {', '.join(PARTS)}."
            raise SettingsWrong(f"{file}:{line_of(whole, (key,))}: '{key}' is no part of the settings.{hint}")
    own = whole.get(part) or {}
    if not isinstance(own, dict):
        raise SettingsWrong(f"{file}:{line_of(whole, (part,))}: '{part}' should hold settings, each as `key: value`.")
    return cast(dict[str, Any], own)


def whole_file(file: Path) -> dict[str, Any]:
    """The whole file, a mapping of parts."""
    try:
        whole = YAML().load(file) or {}
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise SettingsWrong(f"{file} can't be read: {exc.strerror}. Move it, or make it a file one can read.") from exc
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        problem = (exc.problem or exc.context or "it can't be read").partition("\n")[0]
        raise SettingsWrong(f"{file}:{mark.line + 1 if mark else 1}: this is no YAML: {problem}.") from exc
    except (YAMLError, UnicodeDecodeError) as exc:
        raise SettingsWrong(f"{file} is no YAML: {str(exc).partition(chr(10))[0]}.") from exc
    if not isinstance(whole, dict):
        raise SettingsWrong(f"{file} should hold parts, each as `name:`; there are {', '.join(PARTS)}.")
    return whole


def wrong(exc: ValidationError, said: Mapping[str, Any], settings: type[BaseSettings]) -> SettingsWrong:
    """Every value that can't be, each told with its line; without one if it came from the environment."""
    return SettingsWrong("\n".join(told(error, said, settings) for error in exc.errors()))


def told(error: ErrorDetails, said: Mapping[str, Any], settings: type[BaseSettings], *, file: Path = FILE) -> str:
    """One mistake as a sentence; for a key that is none, with the nearest that is."""
    path, words = error["loc"], error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        words = f"is no setting.{nearest(path[-1], keys_at(settings, path[:-1]))}"
    line, where = line_of(said, path), ".".join(str(part) for part in path)
    return ": ".join(part for part in (f"{file}:{line}" if line else "", where, words) if part)


def keys_at(settings: type[BaseModel], path: Sequence[int | str]) -> Collection[str]:
    """The keys that may stand at a place of the settings; none where anything may."""
    kind: Any = settings
    for part in path:
        field = kind.model_fields.get(part) if is_model(kind) else None
        kind = field.annotation if field else next(iter(get_args(kind)[-1:]), None)
    models = [one for one in (kind, *get_args(kind)) if is_model(one)]
    return models[0].model_fields if models else ()


def is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def line_of(said: Any, path: Sequence[int | str]) -> int:
    """The line on which a key of the file stands, or the nearest above it; 0 if it isn't in the file."""
    line = 0
    for key in path:
        if not isinstance(said, Mapping) or key not in said or not hasattr(said, "lc"):
            break
        line = said.lc.key(key)[0] + 1
        said = said[key]
    return line


def nearest(key: object, known: Collection[str]) -> str:
    near = get_close_matches(str(key), known, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
