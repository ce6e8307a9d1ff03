"""What the environment says of Discord, checked before anything is opened: a sentence where it can't be used."""

import os
import re
from types import ModuleType

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from bots.discord_settings import DiscordSettings
from bots.faults import NotStarted

FIELD = re.compile(r'field "(\w+)"')


def discord_settings(token_env: str, cast: tuple[str, ...]) -> DiscordSettings:
    """What the environment says, with the command line above it."""
    try:
        chosen = DiscordSettings()
        _ = chosen.part
    except ValueError as exc:
        raise NotStarted(f"A setting for Discord can't be used: {what_is_wrong(exc)}") from None
    if not chosen.tokens:
        chosen = chosen.model_copy(update={"token": SecretStr(token_in(token_env))})
    tokens = {one: token for one, token in chosen.tokens.items() if not cast or one in cast}
    return chosen.model_copy(update={"cast": cast or chosen.cast, "tokens": tokens})


def what_is_wrong(exc: ValueError) -> str:
    """Which setting, and why, and never its value: that may be a token."""
    if isinstance(exc, ValidationError):
        wrong = [(str(error["loc"][0]), error["msg"]) for error in exc.errors(include_input=False)]
        return "; ".join(f"{variable_of(name)}: {why}" for name, why in wrong)
    if isinstance(exc, SettingsError) and (named := FIELD.search(str(exc))):
        return f'{variable_of(named[1])} is no JSON. Write lists like ["mika"], accounts like {{"mika": "token"}}.'
    return str(exc)


def variable_of(name: str) -> str:
    """The environment variable that sets a field."""
    return name if name.isupper() else f"GREENROOM_DISCORD_{name.upper()}"


def door() -> ModuleType:
    """The module that knows discord.py; a sentence where it is not installed."""
    try:
        import bots.discord_bot as room
    except ImportError as exc:
        raise NotStarted("discord.py is not installed. Install it with: pip install 'greenroom[discord]'") from exc
    return room


def token_in(name: str) -> str:
    """The token, from the environment only."""
    token = os.environ.get(name, "").strip()
    if not token:
        raise NotStarted(f"There is no token in {name}. Put the one from your app's Bot page there: export {name}=…")
    return token
