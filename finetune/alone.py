"""One program at a time in a folder; the system gives the lock back when the program dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from finetune.errors import FinetuneError


@contextmanager
def alone_in(folder: Path, busy: FinetuneError) -> Iterator[None]:
    """Makes the folder, and holds it. Raises `busy` if somebody else does."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise busy from exc
    try:
        yield
    finally:
        lock.release()
