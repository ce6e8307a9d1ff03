"""API keys: shown once, kept as hashes, each for some personas and one application, revocable at once.

    greenroom key add "my app" --persona mika        prints the key, this once
    greenroom key list
    greenroom key revoke ID

They stand in `keys.json` in the data folder, mode 0600, written whole or not at all. What is not covered: a key that
was revoked ends new requests, not a reply that is being streamed.
"""

import hmac
import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

FILE = "keys.json"
PREFIX = "grk_"


class UnknownKey(Exception):
    """There is no key of this id."""


@dataclass(frozen=True, slots=True)
class Key:
    """`id` names a key and opens nothing; `hash` is SHA-256 of the key. No `personas`: all of them."""

    id: str
    name: str
    hash: str
    personas: tuple[str, ...]
    per_minute: int
    made_at: str

    def allows(self, persona_id: str) -> bool:
        return not self.personas or persona_id in self.personas


class Keys:
    """The keys of a data folder. The file is read again whenever it has changed, so revoking needs no restart."""

    def __init__(self, data: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = data / FILE
        self._now = now
        self._read_at: tuple[int, int] = (0, 0)
        self._keys: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """Every key, oldest first."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return ()
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._read_at:
            written = json.loads(self._file.read_text())
            self._keys = tuple(Key(**{**key, "personas": tuple(key["personas"])}) for key in written)
            self._read_at = stamp
        return self._keys

    def add(self, name: str, *, personas: Sequence[str] = (), per_minute: int = 60) -> tuple[Key, str]:
        """A new key and its words, which are kept nowhere."""
        words = PREFIX + secrets.token_urlsafe(32)
        key = Key(secrets.token_hex(4), name, hashed(words), tuple(personas), per_minute, self._now().isoformat())
        self._write((*self.all(), key))
        return key, words

    def revoke(self, key_id: str) -> Key:
        """Takes a key away. Raises `UnknownKey`."""
        known = {key.id: key for key in self.all()}
        if key_id not in known:
            raise UnknownKey(f"There is no key '{key_id}'. greenroom key list shows them.")
        self._write(tuple(key for key in known.values() if key.id != key_id))
        return known[key_id]

    def find(self, words: str) -> Key | None:
        """The key of these words. Every hash is compared, in constant time, so that time tells nothing."""
        wanted = hashed(words)
        found = [key for key in self.all() if hmac.compare_digest(key.hash, wanted)]
        return found[0] if found else None

    def _write(self, keys: Sequence[Key]) -> None:
        fresh = self._file.with_name(f".{FILE}-{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump([asdict(key) for key in keys], file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)


def bearer(header: str) -> str:
    """The key in an `Authorization` header; empty if it holds something else."""
    scheme, _, words = header.partition(" ")
    return words.strip() if scheme.casefold() == "bearer" else ""


def hashed(words: str) -> str:
    """What is kept of a key: its words have 256 random bits, so a plain hash can't be guessed back."""
    return sha256(words.encode()).hexdigest()
