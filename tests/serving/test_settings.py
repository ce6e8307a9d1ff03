"""What an operator may say of engines, where it is read from, and what is said of a slip."""

from pathlib import Path

import pytest

from serving.fallback import FallbackEngine
from serving.local_engine import LocalEngine
from serving.making import make_engines
from serving.remote_engine import RemoteEngine
from serving.settings import ServingSettings
from serving.settings_file import SettingsWrong

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
    assert isinstance(engines["understudy"], LocalEngine)


def test_an_engine_in_the_file_has_the_understudy_behind_it() -> None:
    Path("greenroom.yaml").write_text(FILE)

    settings = ServingSettings.read()
    engines = make_engines(settings)

    assert settings.shelf == Path("my-shelf")
    assert isinstance(engines["gpu"], FallbackEngine)
    assert engines["gpu"].model == "base"
    assert isinstance(engines["understudy"], LocalEngine)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("greenroom.yaml").write_text(FILE)
    monkeypatch.setenv("GREENROOM_SERVING__SHELF", "elsewhere")
    monkeypatch.setenv("GREENROOM_SERVING__FALLBACK", "[]")

    settings = ServingSettings.read()

    assert settings.shelf == Path("elsewhere")
    assert isinstance(make_engines(settings)["gpu"], RemoteEngine)


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
        (("base_url:", "bas_url:"), r"greenroom\.yaml:"),
        (("serving:", "serving: ]"), "is no YAML"),
    ],
)
def test_a_slip_is_told_with_its_line(slip: tuple[str, str], says: str) -> None:
    Path("greenroom.yaml").write_text(FILE.replace(*slip))

    with pytest.raises(SettingsWrong, match=says):
        ServingSettings.read()


def test_a_fallback_that_is_no_engine_is_told() -> None:
    Path("greenroom.yaml").write_text(FILE + "  fallback: [gpuu]\n")

    with pytest.raises(SettingsWrong, match="gpuu"):
        ServingSettings.read()
