"""Engines from settings; called by bots/app.py and the command lines, where things are made."""

from pathlib import Path

from serving.engine import Engine
from serving.fallback import FallbackEngine
from serving.settings import EngineSettings, ServingSettings
from serving.shelf import Shelf


def make_engines(settings: ServingSettings, *, shelf: Shelf | None = None) -> dict[str, Engine]:
    """Every engine by its name, each with those behind it that step in; none of them is loaded yet."""
    shelf = shelf or Shelf(settings.shelf)
    alone = {name: make_engine(name, said, settings, shelf=shelf) for name, said in settings.engines.items()}
    return {name: with_understudies(name, alone, settings.fallback) for name in alone}


def with_understudies(name: str, alone: dict[str, Engine], fallback: tuple[str, ...]) -> Engine:
    """The engine and, after it, those of the fallback order that are not the engine itself."""
    others = [alone[other] for other in fallback if other != name]
    return FallbackEngine([alone[name], *others]) if others else alone[name]


def make_engine(name: str, said: EngineSettings, settings: ServingSettings, *, shelf: Shelf) -> Engine:
    """One engine. Torch's engine and the openai client are imported only where one is made."""
    if said.kind == "local":
        from serving.local_engine import LocalEngine

        return LocalEngine(Path(said.model), name=name, shelf=shelf, device=said.device, rows=said.rows)
    from serving.remote_engine import Patience, RemoteEngine

    assert said.base_url is not None, "EngineSettings.says_where"
    key = settings.keys.get(name)
    return RemoteEngine(
        said.base_url,
        model=said.model,
        api_key=key.get_secret_value() if key else None,
        window=said.window,
        patience=Patience(first_token=said.first_token_seconds, next_token=said.next_token_seconds),
    )
