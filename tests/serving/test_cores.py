"""Who is bound to which cores is read from the machine itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from serving.cores import as_list, cores_left

OURS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
BINDS = "import os, sys; os.sched_setaffinity(0, {int(word) for word in sys.argv[1:]}); print(flush=True); input()"

pytestmark = pytest.mark.skipif(len(OURS) < 2, reason="This machine has one core, or does not tell.")


@contextmanager
def bound_to(*cores: int) -> Iterator[int]:
    """A process that leads a group and may use these cores only."""
    words = [sys.executable, "-c", BINDS, *map(str, cores)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.communicate(b"\n")


def test_the_cores_of_a_bound_worker_are_left_to_it() -> None:
    with bound_to(OURS[0]) as group:
        assert sorted(cores_left(group)) == OURS[1:]


def test_nothing_is_said_where_nobody_is_bound_or_nothing_would_be_left() -> None:
    with bound_to(*OURS) as group:
        assert not cores_left(group)
    assert not cores_left(group)


def test_cores_are_written_as_taskset_reads_them() -> None:
    assert as_list(frozenset({3, 1, 2})) == "1,2,3"
