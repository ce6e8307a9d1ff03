"""Engines from settings; called by bots/app.py and the command lines, where things are made."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from serving.admission import Admission
from serving.breaker import Breaker
from serving.budget import Budget, Price
from serving.engine import Engine
from serving.errors import EngineMissing
from serving.fallback import FallbackEngine
from serving.metering import MeteredEngine, Meters
from serving.router import Router
from serving.settings import ClusterSettings, EngineSettings, ServingSettings
from serving.shelf import Shelf

Traced = Callable[[Engine, str], Engine]
Headers = Callable[[], Mapping[str, str]]


def make_engines(
    settings: ServingSettings,
    *,
    shelf: Shelf | None = None,
    meters: Meters | None = None,
    traced: Traced = lambda engine, _: engine,
    headers: Headers = dict,
) -> dict[str, Engine]:
    """Every engine by its name, measured, each with those behind it that step in; none of them is loaded yet.

    `traced` may put something around an engine (it is given the name, too); `headers` go to servers with each request.
    """
    shelf = shelf or Shelf(settings.shelf)
    meters = meters or Meters(CollectorRegistry())
    alone: dict[str, Engine] = {
        name: MeteredEngine(
            traced(make_engine(name, said, settings, shelf=shelf, meters=meters, headers=headers), name),
            meters,
            name=name,
        )
        for name, said in settings.engines.items()
    }
    return {name: with_understudies(name, alone, settings.fallback, meters) for name in alone}


def with_understudies(name: str, alone: Mapping[str, Engine], fallback: tuple[str, ...], meters: Meters) -> Engine:
    """The engine and, after it, those of the fallback order that are not the engine itself."""
    chain = {name: alone[name]} | {other: alone[other] for other in fallback}
    if len(chain) == 1:
        return alone[name]
    named = {engine: other for other, engine in chain.items()}
    return FallbackEngine(list(chain.values()), passed_on=lambda engine, _: meters.failed_over(named[engine]))


def make_engine(
    name: str, said: EngineSettings, settings: ServingSettings, *, shelf: Shelf, meters: Meters, headers: Headers
) -> Engine:
    """One engine. Torch's engine, the openai client and ray are imported only where one is made."""
    if said.cluster:
        return make_cluster(name, said, said.cluster, settings, shelf)
    if said.kind == "local":
        from serving.local_engine import LocalEngine

        return LocalEngine(Path(said.model), name=name, shelf=shelf, device=said.device, rows=said.rows)
    router = Router(
        {address: make_remote(name, said, settings, address, headers) for address in said.addresses},
        first_word=said.first_token_seconds,
        hedge=said.hedge_seconds,
        make_breaker=lambda: Breaker(failures=said.rest_after),
        passed_on=lambda replica, _: meters.failed_over(name, replica.name),
    )
    meters.watch_router(name, router)
    return router


def make_cluster(
    name: str, said: EngineSettings, cluster: ClusterSettings, settings: ServingSettings, shelf: Shelf
) -> Engine:
    """Copies of an engine on Ray Serve. Raises EngineMissing without the extra."""
    try:
        from serving.cluster import ClusterEngine, Scale
    except ImportError as exc:
        raise EngineMissing(
            f"The engine '{name}' is to run on Ray, and {exc.name} is not installed. "
            "Install it with: pip install 'greenroom[cluster]', or take cluster: out of its settings."
        ) from exc
    scale = Scale(
        at_least=cluster.at_least,
        at_most=cluster.at_most,
        per_replica=cluster.per_replica,
        gpus_each=cluster.gpus_each,
    )
    alone = said.model_copy(update={"cluster": None})
    return ClusterEngine(
        partial(make_copy, name, alone, settings, shelf.folder), name=name, scale=scale, address=cluster.address
    )


def make_copy(name: str, said: EngineSettings, settings: ServingSettings, shelf: Path) -> Engine:
    """The engine of one replica, in the replica's process; what it does is measured where its replies arrive."""
    return make_engine(name, said, settings, shelf=Shelf(shelf), meters=Meters(CollectorRegistry()), headers=dict)


def make_remote(name: str, said: EngineSettings, settings: ServingSettings, address: str, headers: Headers) -> Engine:
    """One address of a remote engine. With others beside it, it has its share of the time and is not tried twice."""
    from serving.remote_engine import Patience, RemoteEngine

    key = settings.keys.get(name)
    return RemoteEngine(
        address,
        model=said.model,
        api_key=key.get_secret_value() if key else None,
        window=said.window,
        headers=headers,
        patience=Patience(
            first_token=said.first_token_seconds / len(said.addresses),
            next_token=said.next_token_seconds,
            tries=1 if said.replicas else 3,
        ),
    )


def make_budget(settings: ServingSettings) -> Budget:
    """The day's tokens, for all engines together."""
    said = settings.budget
    return Budget(each_fan=said.each_fan, each_persona=said.each_persona, everybody=said.everybody)


def make_admissions(settings: ServingSettings, *, meters: Meters, budget: Budget) -> dict[str, Admission]:
    """Who may speak with each engine, by its name; one budget for all of them."""
    admissions = {
        name: Admission(at_once=said.at_once, waiting=said.waiting, waiting_per_fan=said.waiting_per_fan, budget=budget)
        for name, said in settings.engines.items()
    }
    for name, admission in admissions.items():
        meters.watch_admission(name, admission)
    return admissions


def prices(settings: ServingSettings) -> dict[str, Price]:
    """What tokens cost, by the model's name as it stands in a Completion; of two engines of one name, the first's."""
    named = {
        said.model if said.kind == "remote" else name: said for name, said in reversed([*settings.engines.items()])
    }
    return {model: Price(said.prompt_price, said.completion_price) for model, said in named.items()}
