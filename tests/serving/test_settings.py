"""What an operator may say of engines, where it is read from, and what is said of a slip."""

import json
import pickle
import sys
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from serving import ChatMessage, Completion, EngineAway, EngineMissing, Sampling
from serving.fallback import FallbackEngine
from serving.making import make_admissions, make_budget, make_copy, make_engines
from serving.metering import MeteredEngine, Meters
from serving.settings import ClusterSettings, ServingSettings
from serving.settings_file import SettingsWrong
from tests.serving.fake_openai import Act, fake_openai

FILE = """\
serving:
  engines:
    gpu:
      kind: remote
      model: base
      base_url: http://127.0.0.1:8001/v1
  shelf: my-shelf
"""


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_house_without_a_word_of_settings_has_the_understudy() -> None:
    engines = make_engines(ServingSettings.read())

    assert list(engines) == ["understudy"]
    assert isinstance(engines["understudy"], MeteredEngine)


def test_an_engine_in_the_file_has_the_understudy_behind_it() -> None:
    Path("greenroom.yaml").write_text(FILE)

    settings = ServingSettings.read()
    engines = make_engines(settings)

    assert settings.shelf == Path("my-shelf")
    assert isinstance(engines["gpu"], FallbackEngine)
    assert engines["gpu"].model == "base"
    assert isinstance(engines["understudy"], MeteredEngine)


async def test_nobody_steps_in_for_an_engine_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    far = {"kind": "remote", "model": "base", "base_url": "http://127.0.0.1:9/v1"}
    monkeypatch.setenv("GREENROOM_SERVING__ENGINES", json.dumps({"gpu": far}))

    engine = make_engines(ServingSettings.read().for_work)["gpu"]

    with pytest.raises(EngineAway):
        _ = [piece async for piece in engine.stream([ChatMessage("user", "A or B?")], sampling=Sampling())]
    await engine.aclose()


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("greenroom.yaml").write_text(FILE)
    monkeypatch.setenv("GREENROOM_SERVING__SHELF", "elsewhere")
    monkeypatch.setenv("GREENROOM_SERVING__FALLBACK", "[]")

    settings = ServingSettings.read()

    assert settings.shelf == Path("elsewhere")
    assert isinstance(make_engines(settings)["gpu"], MeteredEngine)


def test_a_key_comes_from_the_environment_and_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("greenroom.yaml").write_text(FILE)
    monkeypatch.setenv("GREENROOM_ENGINE_KEYS", '{"gpu": "abc123"}')

    settings = ServingSettings.read()

    assert settings.keys["gpu"].get_secret_value() == "abc123"
    assert "abc123" not in repr(settings)


def test_a_key_in_the_file_is_refused() -> None:
    Path("greenroom.yaml").write_text(FILE + "  keys: {gpu: abc123}\n")

    with pytest.raises(SettingsWrong, match="environment"):
        ServingSettings.read()


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        (("shelf:", "shelve:"), r"greenroom\.yaml:7: 'shelve' is no setting. Did you mean 'shelf'\?"),
        (("kind: remote", "kind: distant"), r"greenroom\.yaml:4: engines\.gpu\.kind"),
        (
            ("base_url:", "bas_url:"),
            r"greenroom\.yaml:6: engines\.gpu\.bas_url: is no setting. Did you mean 'base_url'\?",
        ),
        (("serving:", "serving: ]"), r"greenroom\.yaml:\d+: this is no YAML: [^\n]+\.$"),
        (
            ("serving:", "servin:"),
            r"greenroom\.yaml:\d+: 'servin' is no part of the settings\. Did you mean 'serving'\?",
        ),
    ],
)
def test_a_slip_is_told_with_its_line(slip: tuple[str, str], says: str) -> None:
    Path("greenroom.yaml").write_text(FILE.replace(*slip))

    with pytest.raises(SettingsWrong, match=says):
        ServingSettings.read()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a", r"greenroom\.yaml should hold parts"),
        ("hello", r"greenroom\.yaml should hold parts"),
        ("serving: 3", r"greenroom\.yaml:1: 'serving' should hold settings"),
        ("serving: [a]", r"greenroom\.yaml:1: 'serving' should hold settings"),
        ("serving: {a: 1, a: 2}", r"greenroom\.yaml:1: this is no YAML: [^\n]+\.$"),
    ],
)
def test_a_file_that_holds_no_settings_is_told_in_a_line(text: str, says: str) -> None:
    Path("greenroom.yaml").write_text(text)

    with pytest.raises(SettingsWrong, match=says):
        ServingSettings.read()


def test_settings_that_are_a_folder_are_told_in_a_line() -> None:
    Path("greenroom.yaml").mkdir()

    with pytest.raises(SettingsWrong, match=r"greenroom\.yaml can't be read"):
        ServingSettings.read()


def test_all_slips_are_told_at_once() -> None:
    Path("greenroom.yaml").write_text(FILE.replace("kind: remote", "kind: distant") + "  server: {windw: 5, port: x}\n")

    with pytest.raises(SettingsWrong) as raised:
        ServingSettings.read()

    told = str(raised.value)
    assert "engines.gpu.kind" in told
    assert "server.windw: is no setting. Did you mean 'window'?" in told
    assert "server.port" in told


def test_a_fallback_that_is_no_engine_is_told() -> None:
    Path("greenroom.yaml").write_text(FILE + "  fallback: [gpuu]\n")

    with pytest.raises(SettingsWrong, match="gpuu"):
        ServingSettings.read()


def test_an_address_that_stands_twice_is_told() -> None:
    Path("greenroom.yaml").write_text(FILE.replace("shelf", "    replicas: [http://127.0.0.1:8001/v1]\n  shelf", 1))

    with pytest.raises(SettingsWrong, match="twice"):
        ServingSettings.read()


async def test_replicas_are_watched_and_stand_in_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_openai(Act(words=["I", " am", " two."])) as two:
        said = {"kind": "remote", "model": "base", "base_url": "http://127.0.0.1:9/v1", "replicas": [two.url]}
        monkeypatch.setenv("GREENROOM_SERVING__ENGINES", json.dumps({"gpu": said}))
        registry = CollectorRegistry()
        engines = make_engines(ServingSettings.read(), meters=Meters(registry))

        told = [piece async for piece in engines["gpu"].stream([ChatMessage("user", "hi")], sampling=Sampling())]

        assert isinstance(told[-1], Completion)
        assert told[-1].text == "I am two."
        for engine in engines.values():
            await engine.aclose()
    resting = {"engine": "gpu", "replica": two.url}
    assert registry.get_sample_value("greenroom_replica_resting", resting) == 0


def test_a_days_tokens_and_the_places_come_from_the_file() -> None:
    Path("greenroom.yaml").write_text(FILE + "  budget: {each_fan: 500}\n")
    settings = ServingSettings.read()

    admissions = make_admissions(settings, meters=Meters(CollectorRegistry()), budget=make_budget(settings))

    assert {name: admission.free for name, admission in admissions.items()} == {"understudy": 16, "gpu": 64}
    assert settings.budget.each_fan == 500


CLUSTER = FILE.replace(
    "  shelf:", "    gpu-farm: {kind: local, model: base, cluster: {at_most: 8, per_replica: 4}}\n  shelf:"
)


def test_an_engine_may_have_copies_on_a_cluster() -> None:
    Path("greenroom.yaml").write_text(CLUSTER)

    said = ServingSettings.read().engines["gpu-farm"]

    assert (said.cluster, said.at_once) == (ClusterSettings(at_most=8, per_replica=4), 32)


def test_a_copy_of_an_engine_can_travel_to_another_machine() -> None:
    Path("greenroom.yaml").write_text(FILE)
    settings = ServingSettings.read()
    here = partial(make_copy, "gpu", settings.engines["gpu"], settings, settings.shelf)

    there = pickle.loads(pickle.dumps(here))

    assert there().model == "base"


def test_a_cluster_without_its_extra_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("greenroom.yaml").write_text(CLUSTER)
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "serving.cluster", raising=False)

    with pytest.raises(EngineMissing, match=r"'gpu-farm' is to run on Ray.*pip install 'greenroom\[cluster\]'"):
        make_engines(ServingSettings.read())
