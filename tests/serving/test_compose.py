"""compose.yaml and Dockerfile, read strictly: there is no container engine here, so what can be checked is checked."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from serving.cli import serve
from serving.settings import ServingSettings

HOUSE = Path(__file__).parent.parent.parent
COMPOSE = YAML(typ="safe").load(HOUSE / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (HOUSE / "Dockerfile").read_text()
KEYS: dict[str, type] = {
    **dict.fromkeys(["build", "healthcheck", "environment", "depends_on", "deploy"], dict),
    **dict.fromkeys(["cap_drop", "cap_add", "security_opt", "secrets", "volumes", "tmpfs", "ports", "command"], list),
    **dict.fromkeys(["image", "restart", "shm_size", "user"], str),
    "profiles": list,
    "read_only": bool,
    "networks": (list, dict),  # type: ignore[dict-item]
}
OURS = [name for name, service in SERVICES.items() if "build" in service]


def test_every_service_that_was_promised_is_there() -> None:
    assert set(SERVICES) >= {"engine-gpu", "engine-cpu", "chroma", "postgres", "bots", "prometheus", "grafana"}
    assert {tuple(service.get("profiles", [])) for service in SERVICES.values()} == {(), ("gpu",), ("cpu",)}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened_and_watched(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["healthcheck"]["test"]


def test_the_file_has_no_key_that_compose_does_not_know() -> None:
    """The keys we use, each in its place and of its type; docker compose config is not here to say so."""
    assert set(COMPOSE) == {"name", "x-hardened", "x-engine", "services", "networks", "volumes", "secrets"}
    for name, service in SERVICES.items():
        for key, value in service.items():
            assert key in KEYS, f"{name}: {key}"
            assert isinstance(value, KEYS[key]), f"{name}: {key}"
        assert set(service["healthcheck"]) <= {"test", "interval", "timeout", "retries", "start_period"}
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
        for needed in service.get("depends_on", {}).values():
            assert needed == {"condition": "service_healthy"}
        assert ("build" in service) != ("image" in service)


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "image" in service])
def test_a_foreign_image_is_pinned(name: str) -> None:
    assert re.search(r":v?\d+(\.\d+)*$", SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_folder_of_ours_is_given_to_be_read_only(name: str) -> None:
    ours = [volume for volume in SERVICES[name].get("volumes", []) if volume.startswith("./")]

    assert all(volume.endswith(":ro") for volume in ours)
    for volume in ours:
        shipped = volume.startswith("./serving")
        assert not shipped or (HOUSE / volume.split(":")[0]).exists()


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_declared(name: str) -> None:
    service = SERVICES[name]

    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    volumes = {volume.split(":")[0] for volume in service.get("volumes", [])}
    assert {volume for volume in volumes if not volume.startswith("./")} <= set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", OURS)
def test_an_image_of_ours_is_a_target_that_does_not_run_as_root(name: str) -> None:
    target = SERVICES[name]["build"]["target"]

    stage = re.search(rf"^FROM .* AS {target}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)

    assert stage
    assert "USER greenroom" in stage[1]


def test_what_the_images_copy_is_there() -> None:
    copied = re.findall(r"^COPY (?:--chown=\S+ )?(?:--chmod=\S+ )?(?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)

    for path in " ".join(copied).split():
        # README.md is written last
        assert (HOUSE / path).exists() or path == "README.md"


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|KEY|SECRET|TOKEN", key) or str(value).startswith("/run/secrets/")


def test_only_the_page_and_the_dashboard_are_open_and_only_to_this_machine() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert ports == {"bots": ["127.0.0.1:8000:8000"], "grafana": ["127.0.0.1:3000:3000"]}
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_engines_environment_and_command_are_ones_we_understand(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("engine-cpu", "bots"):
        for key, value in SERVICES[name]["environment"].items():
            monkeypatch.setenv(key, str(value))

    settings = ServingSettings.read()

    assert settings.server.log == Path("/data/vllm.log")
    assert settings.engines["vllm"].base_url == "http://engine:8001/v1"
    known = {flag for option in get_command(serve).params for flag in option.opts}
    for command in re.findall(r'^CMD \["greenroom", "serve", (.*)\]$', DOCKERFILE, re.MULTILINE):
        assert set(re.findall(r'"(--[a-z-]+)"', command)) <= known


def test_secrets_are_read_from_files_into_one_process_only(tmp_path: Path) -> None:
    for name, secret in {"server_key": "k1", "cookie_secret": "c1", "postgres_password": "p1"}.items():
        (tmp_path / name).write_text(secret + "\n")

    told = subprocess.run(
        [HOUSE / "serving/container/with-secrets", "env"],
        env={"PATH": os.environ["PATH"], "GREENROOM_SECRETS": str(tmp_path), "GREENROOM_SERVING__ENGINES": "{…}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    ).stdout.splitlines()

    assert "GREENROOM_SERVER_KEY=k1" in told
    assert 'GREENROOM_ENGINE_KEYS={"vllm": "k1"}' in told
    assert "GREENROOM_SECRET=c1" in told
    assert "GREENROOM_JOURNAL=postgresql://greenroom:p1@postgres/greenroom" in told
