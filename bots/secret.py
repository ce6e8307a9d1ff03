"""The house's own secret: made once, kept in the data folder, readable by nobody else."""

import os
import secrets
from pathlib import Path

FILE = "secret"


def secret_in(data: Path) -> bytes:
    """The secret of a data folder; makes one where there is none. Two processes that start at once get the same."""
    path = data / FILE
    fresh = data / f".{FILE}-{secrets.token_hex(8)}"
    if not path.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # unlike rename, never replaces the other's
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
