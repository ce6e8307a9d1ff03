"""Keeps a few fans' folders open at a time, each by one process only, and closes the ones least used.

Everything here blocks; `ChromaStore` calls it from its threads.
"""

import json
import os
import shutil
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import chromadb
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateCollectionConfiguration
from chromadb.config import Settings
from chromadb.errors import ChromaError, InternalError
from filelock import FileLock, Timeout

from memory.chroma_store_files import cut_short, wipe
from memory.errors import StoreAway, StoreDamaged, StoreTaken

CURRENT = "current"
COLLECTION = "memories"
STRIPES = 256
PATIENCE = 2.0  # seconds to wait for another process, which may be closing the folder just now
HNSW: CreateCollectionConfiguration = {"hnsw": {"space": "cosine", "sync_threshold": 100, "batch_size": 100}}
NOT_ITS_FAULT = ("too many open files", "no space left", "disk is full", "database is locked", "unable to open")


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder that is open, and the lock that says so to other processes."""

    client: Client
    collection: chromadb.Collection
    lock: FileLock
    folder: Path


class Folders:
    """Opens, rewrites and removes folders; one thread at a time is in each of them."""

    def __init__(self, encoder: str, open_at_most: int) -> None:
        self._encoder = encoder
        self._open_at_most = open_at_most
        self._open: OrderedDict[Path, Opened] = OrderedDict()
        self._guard = threading.Lock()
        self._stripes = [threading.RLock() for _ in range(STRIPES)]

    def alone(self, path: Path) -> AbstractContextManager[bool]:
        """The lock of a folder, for whoever does several things with it in a row."""
        return self._stripes[hash(path) % STRIPES]

    @contextmanager
    def use(self, path: Path) -> Iterator[chromadb.Collection]:
        """A folder's collection, opened if need be."""
        with self.alone(path), translated():
            yield self._opened(path).collection
        self._close_surplus()

    @contextmanager
    def rewrite(self, path: Path) -> Iterator[chromadb.Collection]:
        """An empty collection that takes the folder's place when the block ends well."""
        with self.alone(path), self._closed(path):
            generation = uuid.uuid4().hex
            client, collection = connect(path / generation)
            with ExitStack() as undo:
                undo.callback(shutil.rmtree, path / generation)
                with closing(client), translated():
                    yield collection
                wipe(path / generation)
                point(path, generation, self._encoder)
                undo.pop_all()
            sweep(path, generation)

    def remove(self, path: Path) -> None:
        """Close a folder and remove it with all that is in it."""
        with self.alone(path), self._closed(path):
            if path.exists():
                shutil.rmtree(path)
            lock_file(path).unlink()

    def close(self) -> None:
        """Close all of them."""
        for path in list(self._open):
            with self.alone(path), self._closed(path):
                pass

    @contextmanager
    def _closed(self, path: Path) -> Iterator[None]:
        """The folder closed in this process, and still kept from every other."""
        with self._guard:
            opened = self._open.pop(path, None)
        lock = taken(path) if opened is None else opened.lock
        try:
            if opened is not None:
                opened.client.close()
                wipe(opened.folder)
            yield
        finally:
            lock.release()

    def _opened(self, path: Path) -> Opened:
        with self._guard:
            if path in self._open:
                self._open.move_to_end(path)
                return self._open[path]
        lock = taken(path)
        with ExitStack() as undo:
            undo.callback(lock.release)
            generation = path / self._generation(path)
            if cut_short(generation):
                raise StoreDamaged(f"The vectors in {generation} are cut short.")
            wipe(generation)
            opened = Opened(*connect(generation), lock, generation)
            undo.pop_all()
        with self._guard:
            self._open[path] = opened
        return opened

    def _generation(self, path: Path) -> str:
        """The subfolder that counts; a new one for a new fan."""
        if not (path / CURRENT).exists():
            generation = uuid.uuid4().hex
            point(path, generation, self._encoder)
            return generation
        generation, encoder = pointed(path)
        if encoder != self._encoder:
            raise StoreDamaged(f"These vectors were made by {encoder}, not by {self._encoder}.")
        return generation

    def _close_surplus(self) -> None:
        """Close what was used longest ago, and is not in use now."""
        with self._guard:
            surplus = list(self._open)[: max(0, len(self._open) - self._open_at_most)]
        for path in surplus:
            stripe = self._stripes[hash(path) % STRIPES]
            if stripe.acquire(blocking=False):
                try:
                    if path in self._open:
                        with self._closed(path):
                            pass
                finally:
                    stripe.release()


def connect(folder: Path) -> tuple[Client, chromadb.Collection]:
    """A client of its own for one folder, and the collection in it."""
    with translated():
        folder.mkdir(parents=True, exist_ok=True)
        client = cast(Client, chromadb.PersistentClient(path=str(folder), settings=settings().model_copy()))
        # None: Chroma's own embedding function would download a model
        collection = client.get_or_create_collection(COLLECTION, embedding_function=None, configuration=HNSW)
        return client, collection


@cache
def settings() -> Settings:
    """Chroma's, of which each client writes its folder into its own; they look through the environment when made."""
    return Settings(anonymized_telemetry=False)


def lock_file(path: Path) -> Path:
    """Beside the folder, so that it outlives the folder's removal."""
    return path.with_name(path.name + ".lock")


def taken(path: Path) -> FileLock:
    """The lock of a folder, held by this process."""
    # not bound to a thread: a folder is opened in one and closed in another
    lock = FileLock(lock_file(path), timeout=PATIENCE, thread_local=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as exc:
        raise StoreTaken("Another process is using this fan's memories. Stop it, or wait until it is done.") from exc
    except OSError as exc:
        raise StoreAway(f"The memories in {path.parent} can't be opened: {exc.strerror}.") from exc
    return lock


def point(path: Path, generation: str, encoder: str) -> None:
    """Say in one step which subfolder counts."""
    with translated():
        path.mkdir(parents=True, exist_ok=True)
        draft = path / f"{CURRENT}.{generation}"
        with draft.open("w") as file:
            json.dump({"generation": generation, "encoder": encoder}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path / CURRENT)


def pointed(path: Path) -> tuple[str, str]:
    """Which subfolder counts, and who made its vectors."""
    try:
        written = json.loads((path / CURRENT).read_text())
        return str(written["generation"]), str(written["encoder"])
    except (ValueError, KeyError, TypeError) as exc:
        raise StoreDamaged(f"The file {path / CURRENT} can't be read.") from exc


def sweep(path: Path, generation: str) -> None:
    """Remove everything but one generation: older ones, and what a crash left half written."""
    for other in path.iterdir():
        if other.name == generation or other.name == CURRENT:
            continue
        if other.is_dir():
            shutil.rmtree(other)
        else:
            other.unlink()


@contextmanager
def translated() -> Iterator[None]:
    """Turns Chroma's errors into the store's: damaged files are told apart from a full or busy machine."""
    try:
        yield
    except InternalError as exc:
        kind = StoreAway if any(sign in str(exc).lower() for sign in NOT_ITS_FAULT) else StoreDamaged
        raise kind(f"The index failed: {exc}") from exc
    except AttributeError as exc:
        # Chroma 1.5 remembers a client that could not be opened, and trips over it when the folder is opened again
        if "bindings" not in str(exc):
            raise
        raise StoreDamaged("The index can't be opened.") from exc
    except ChromaError as exc:
        raise StoreAway(f"The index refused: {exc}") from exc
    except OSError as exc:
        raise StoreAway(f"The index failed: {exc.strerror}") from exc
