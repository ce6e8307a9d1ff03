"""A process and its children end together, whatever becomes of whom."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.process_tree import ProcessTree

PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(300)\n"
)


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(300)"


def alive(pid: int) -> bool:
    """Runs, and is no zombie that waits to be counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pid: int) -> bool:
    """Within five seconds: a kill is delivered when the kernel gets to it."""
    last = time.monotonic() + 5
    while alive(pid) and time.monotonic() < last:
        time.sleep(0.02)
    return not alive(pid)


async def child_of(log: Path) -> int:
    """The number that the process writes first."""
    for _ in range(500):
        if said := await asyncio.to_thread(lambda: log.read_text().strip() if log.exists() else ""):
            return int(said)
        await asyncio.sleep(0.01)
    raise AssertionError("the process did not start")


async def test_stopping_a_process_stops_its_children(tmp_path: Path) -> None:
    tree = await ProcessTree.start([sys.executable, "-c", PARENT], environment={}, log=tmp_path / "log")
    child = await child_of(tmp_path / "log")

    await tree.stop(patience=5)

    assert tree.ended
    assert await asyncio.to_thread(gone, child)


async def test_children_of_a_process_that_was_killed_are_stopped_too(tmp_path: Path) -> None:
    tree = await ProcessTree.start([sys.executable, "-c", PARENT], environment={}, log=tmp_path / "log")
    child = await child_of(tmp_path / "log")
    os.kill(tree.pid, signal.SIGKILL)
    await tree.wait()
    assert alive(child)

    await tree.stop(patience=5)

    assert await asyncio.to_thread(gone, child)


async def test_a_process_that_will_not_end_is_ended(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(300)"
    )
    tree = await ProcessTree.start([sys.executable, "-c", stubborn], environment={}, log=tmp_path / "log")
    await child_of(tmp_path / "log")

    await tree.stop(patience=0.2)

    assert await tree.wait() == -signal.SIGKILL


async def test_who_will_not_wait_any_longer_ends_the_children_at_once(tmp_path: Path) -> None:
    patient = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + PARENT
    tree = await ProcessTree.start([sys.executable, "-c", patient], environment={}, log=tmp_path / "log")
    child = await child_of(tmp_path / "log")
    stopping = asyncio.create_task(tree.stop(patience=300))
    await asyncio.sleep(0.1)

    stopping.cancel()
    await asyncio.wait([stopping], timeout=5)

    assert stopping.cancelled()
    assert tree.ended
    assert await asyncio.to_thread(gone, child)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="util-linux's setpriv is not here")
def test_a_process_ends_when_the_program_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom serving.process_tree import ProcessTree\n"
        "async def main():\n"
        "    tree = await ProcessTree.start(['sleep', '300'], environment={}, log=Path(sys.argv[1]))\n"
        "    print(tree.pid, flush=True)\n"
        "    await tree.wait()\n"
        "asyncio.run(main())\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    started = int(running.stdout.readline())

    running.kill()
    running.wait()
    running.stdout.close()

    assert gone(started)
