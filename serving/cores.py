"""Which cores a server keeps to itself: on a CPU vLLM binds its worker to some, and whoever runs there stalls it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def cores_left(group: int) -> frozenset[int]:
    """Those of our cores to which no process of a group is bound; empty if none is bound, or nothing is left.

    Linux tells; elsewhere nobody knows, and the answer is empty.
    """
    if not hasattr(os, "sched_getaffinity"):
        return frozenset()
    ours = os.sched_getaffinity(0)
    bound = {core for member in members(group) if (cores := affinity(member)) < ours for core in cores}
    return frozenset(ours - bound) if bound else frozenset()


def members(group: int) -> Iterator[int]:
    """The processes of a group, by `/proc`."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(ProcessLookupError):
                if os.getpgid(int(folder.name)) == group:
                    yield int(folder.name)


def affinity(process: int) -> set[int]:
    """The cores a process may use, all its threads' together; none if it has ended."""
    cores = set[int]()
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            cores |= os.sched_getaffinity(int(thread.name))
    return cores


def as_list(cores: frozenset[int]) -> str:
    """For `taskset -c`."""
    return ",".join(map(str, sorted(cores)))
