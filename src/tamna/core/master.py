"""The master key (마스터키): it opens the data keys of the database and lives outside of it.

TAMNA_MASTER_KEY, else `keys/master.key` under TAMNA_HOME (0600, made on first use): base64 of 32 bytes. Several keys may
stand there, divided by commas or lines: the first wraps, any of them opens. That is how one is replaced without a stop.
"""

import base64
import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tamna.core.home import folder

BYTES = 32


class InUse(Exception):
    """A backup or another replacement holds the keys."""


def in_environment() -> bool:
    return bool(os.environ.get("TAMNA_MASTER_KEY"))


def path() -> Path:
    return folder("keys", private=True) / "master.key"


def text() -> str:
    """What is written: from the environment, else from the file, which is made where there is none yet."""
    given = os.environ.get("TAMNA_MASTER_KEY")
    if given:
        return given
    with contextlib.suppress(FileExistsError):
        _write([secrets.token_bytes(BYTES)], os.O_EXCL)
    return path().read_text("ascii")


def read(written: str) -> list[bytes]:
    """The keys of a text, the one that wraps first. Raises ValueError."""
    keys = [base64.b64decode(word, validate=True) for word in written.replace(",", " ").split()]
    if not keys or any(len(key) != BYTES for key in keys):
        raise ValueError("a master key is base64 of 32 bytes")
    return keys


def fingerprint(key: bytes) -> str:
    """Eight hex digits that tell whether a kept copy is this key; they say nothing of it."""
    return hashlib.sha256(b"tamna.master:" + key).hexdigest()[:8]


@lru_cache(maxsize=1)
def ciphers() -> list[AESGCM]:
    return [AESGCM(key) for key in read(text())]


def begin() -> None:
    """Put a new key before the present one in the file; where two stand already, an earlier replacement goes on."""
    if len(keys := read(text())) == 1:
        _write([secrets.token_bytes(BYTES), *keys])
    ciphers.cache_clear()


def finish() -> None:
    """Leave only the key that wraps."""
    _write(read(text())[:1])
    ciphers.cache_clear()


def _write(keys: list[bytes], flags: int = 0) -> None:
    """A file that is there whole or not at all."""
    target = path()
    part = target.with_suffix(f".{os.getpid()}.part")
    if flags & os.O_EXCL and target.exists():
        raise FileExistsError(target)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(base64.b64encode(key).decode() for key in keys))
        file.flush()
        os.fsync(file.fileno())
    if flags & os.O_EXCL:
        try:
            os.link(part, target)  # refuses where another process was first
        finally:
            part.unlink()
    else:
        part.replace(target)


@contextlib.contextmanager
def held(*, alone: bool) -> Iterator[None]:
    """Keep the keys as they are: a backup with others, a replacement alone. Raises InUse."""
    with (folder("keys", private=True) / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse from error
        yield
