"""API keys: shown once, kept as hashes, each for some personas and one application, revocable at once.

    greenroom key add "my app" --persona mika        prints the key, this once
    greenroom key list
    greenroom key rotate ID                          new words for a key, whose fans stay its own
    greenroom key revoke ID

They stand in `keys.json` in the data folder, mode 0600, written whole or not at all, by one process at a time. What is
not covered: a key that was revoked ends new requests, not a reply that is being streamed.
"""

import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from filelock import FileLock, Timeout
from pydantic import Field, TypeAdapter, ValidationError

FILE = "keys.json"
PREFIX = "grk_"
PATIENCE = 10.0  # seconds; another process holds the keys for milliseconds


class UnknownKey(Exception):
    """There is no key of this id."""


class KeysTrouble(Exception):
    """The file of keys can't be read or changed; the message names it and says what to try."""


@dataclass(frozen=True, slots=True)
class Key:
    """`id` names a key and opens nothing; `hash` is SHA-256 of the key. No `personas`: all of them."""

    id: str
    name: str
    hash: str
    personas: tuple[str, ...]
    per_minute: Annotated[int, Field(ge=1)]
    made_at: str

    def allows(self, persona_id: str) -> bool:
        return not self.personas or persona_id in self.personas


WRITTEN = TypeAdapter(tuple[Key, ...])


class Keys:
    """The keys of a data folder. The file is read again whenever it has changed, so revoking needs no restart.

    Every call may raise `KeysTrouble`.
    """

    def __init__(self, data: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = data / FILE
        self._now = now
        self._read_at: tuple[int, ...] = ()
        self._keys: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """Every key, oldest first."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return ()
        except OSError as exc:
            raise self._trouble(exc.strerror or str(exc)) from exc
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        if stamp != self._read_at:
            self._keys, self._read_at = self._read(), stamp
        return self._keys

    def add(self, name: str, *, personas: Sequence[str] = (), per_minute: int = 60) -> tuple[Key, str]:
        """A new key and its words, which are kept nowhere."""
        words = new_words()
        key = Key(secrets.token_hex(4), name, hashed(words), tuple(personas), per_minute, self._now().isoformat())
        with self._alone() as keys:
            self._write((*keys, key))
        return key, words

    def rotate(self, key_id: str) -> tuple[Key, str]:
        """A key with new words; the old ones open nothing from now on. Raises `UnknownKey`."""
        words = new_words()
        with self._alone() as keys:
            rotated = replace(known(keys, key_id), hash=hashed(words))
            self._write([rotated if key.id == key_id else key for key in keys])
        return rotated, words

    def revoke(self, key_id: str) -> Key:
        """Takes a key away. Raises `UnknownKey`."""
        with self._alone() as keys:
            revoked = known(keys, key_id)
            self._write([key for key in keys if key.id != key_id])
        return revoked

    def find(self, words: str) -> Key | None:
        """The key of these words. Every hash is compared, in constant time, so that time tells nothing."""
        wanted = hashed(words)
        found = [key for key in self.all() if hmac.compare_digest(key.hash.encode(), wanted.encode())]
        return found[0] if found else None

    @contextmanager
    def _alone(self) -> Iterator[tuple[Key, ...]]:
        """The keys as they stand in the file now; no other process changes them meanwhile."""
        try:
            with FileLock(self._file.with_name(f".{FILE}.lock"), timeout=PATIENCE):
                yield self._read()
        except Timeout as exc:
            raise KeysTrouble(f"Another program holds {self._file}. Try again when it has ended.") from exc

    def _read(self) -> tuple[Key, ...]:
        try:
            return WRITTEN.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return ()
        except OSError as exc:
            raise self._trouble(exc.strerror or str(exc)) from exc
        except ValidationError as exc:
            first = exc.errors(include_input=False)[0]
            raise self._trouble(" ".join([*map(str, first["loc"]), first["msg"]])) from exc

    def _trouble(self, why: str) -> KeysTrouble:
        return KeysTrouble(
            f"{self._file} can't be read: {why}. Mend it, put a backup in its place, or move it away and make new keys."
        )

    def _write(self, keys: Sequence[Key]) -> None:
        fresh = self._file.with_name(f".{FILE}-{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump([asdict(key) for key in keys], file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)


def known(keys: Sequence[Key], key_id: str) -> Key:
    """The key of an id. Raises `UnknownKey`."""
    for key in keys:
        if key.id == key_id:
            return key
    raise UnknownKey(f"There is no key '{key_id}'. greenroom key list shows them.")


def new_words() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def bearer(header: str) -> str:
    """The key in an `Authorization` header; empty if it holds something else."""
    scheme, _, words = header.partition(" ")
    return words.strip() if scheme.casefold() == "bearer" else ""


def hashed(words: str) -> str:
    """What is kept of a key: its words have 256 random bits, so a plain hash can't be guessed back."""
    return sha256(words.encode()).hexdigest()
