"""`greenroom serve` leaves nothing behind, however it is told to end, and however impatiently."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving.test_process_tree import gone

SERVE = [str(Path(sys.executable).with_name("greenroom")), "serve", "--model", "x", "--port", "0"]

STANDS_FOR_VLLM = """#!{python}
import http.server, os, signal, socketserver, subprocess, sys, time

class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{{"data": []}}')

    def address_string(self):
        return ""

def ends(*_):
    time.sleep({slowness})
    os._exit(0)

child = subprocess.Popen(["sh", "-c", "trap '' TERM HUP; while :; do sleep 1; done"])
signal.signal(signal.SIGTERM, ends)
with open("pids", "w") as file:
    file.write(f"{{os.getpid()}} {{child.pid}}")
socketserver.ThreadingUnixStreamServer(sys.argv[sys.argv.index("--uds") + 1], Health).serve_forever()
"""


@contextmanager
def serving(folder: Path, slowness: float) -> Iterator["subprocess.Popen[str]"]:
    """A server whose vLLM takes its time to end and has a child that never would."""
    stand_in = folder / "python"
    stand_in.write_text(STANDS_FOR_VLLM.format(python=sys.executable, slowness=slowness))
    stand_in.chmod(0o755)
    environment = {**os.environ, "GREENROOM_SERVING__SERVER__PYTHON": str(stand_in), "TMPDIR": str(folder)}
    with subprocess.Popen(
        SERVE, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=hearing_all_signals
    ) as running:
        try:
            assert running.stderr is not None
            for line in running.stderr:
                if "answers at" in line:
                    break
            yield running
        finally:
            running.kill()


def hearing_all_signals() -> None:
    """As from a terminal: who is started by `nohup`, or behind a script's `&`, would not hear of them."""
    for one in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("signals", "slowness"),
    [
        ((signal.SIGHUP,), 0.1),
        ((signal.SIGINT, signal.SIGINT), 300.0),
        ((signal.SIGTERM, signal.SIGTERM), 300.0),
    ],
)
def test_vllm_its_children_and_its_sockets_end_with_the_server(
    tmp_path_factory: pytest.TempPathFactory, signals: Sequence[signal.Signals], slowness: float
) -> None:
    folder = tmp_path_factory.mktemp("s")  # a socket's path may have no more than 107 characters
    with serving(folder, slowness) as running:
        pids = [int(pid) for pid in (folder / "pids").read_text().split()]

        for told in signals:
            running.send_signal(told)
            time.sleep(0.3)
        said = running.communicate(timeout=15)[1]

    assert all(gone(pid) for pid in pids)
    assert list(folder.glob("greenroom-*")) == []
    assert (running.returncode, "Traceback" in said) == (0, False)
