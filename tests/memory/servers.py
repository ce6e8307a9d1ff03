"""Real servers on free ports of this machine, started for a test and stopped after it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], port: int, folder: Path, **options: object) -> Iterator[int]:
    """A process that listens on a port, until the block ends."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    try:
        wait_for(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"the server did not listen within {PATIENCE} s: {log.read_text()[-2000:]}")


@contextmanager
def chroma(folder: Path) -> Iterator[str]:
    """The address of a Chroma server that keeps its records in a folder."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder / "chroma")]
    with running([*command, "--host", "127.0.0.1", "--port", str(port)], port, folder):
        yield f"http://127.0.0.1:{port}"


def postgres_programs() -> Path | None:
    """Where Debian keeps initdb and postgres, if they are installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL server of our own; as root it runs as the user `postgres`, which Debian makes."""
    programs = postgres_programs()
    assert programs is not None
    data, port = folder / "postgres", free_port()
    options = {"user": "postgres"} if os.geteuid() == 0 else {}
    data.mkdir()
    if options:
        shutil.chown(data, "postgres")
        for parent in [folder, *folder.parents][:4]:
            parent.chmod(parent.stat().st_mode | 0o055)
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "greenroom", "--auth=trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(initdb, check=True, capture_output=True, timeout=PATIENCE, cwd="/", **options)  # type: ignore[call-overload]
    server = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    with running(server, port, folder, cwd="/", **options):
        yield f"postgresql://greenroom@127.0.0.1:{port}/postgres"
