"""Envelope encryption (봉투 암호화) and blind indexes for personal data.

A master key outside the database (`core.master`) wraps data keys kept in `DataKey`. Values are AES-256-GCM: 4 bytes key id, 12 bytes nonce, ciphertext; the column's name is authenticated, so a
value cannot be moved to another column. Rotation (`core.rotation`) makes a new active key and seals row by row again.
The index key is changed too (`core.reindexing`): meanwhile two keys are searched and one writes.
Law: 개인정보 보호법 제24조의2, 개인정보의 안전성 확보조치 기준 (암호화).
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import struct
import time
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tamna.core import master

KEY_READ_EVERY_S = 20  # a rotation reaches every running process within this


class Unreadable(ValueError):
    """A sealed value does not open: wrong key ring, or it was changed or moved."""


def _wrap(key: bytes, purpose: str) -> bytes:
    """Seal a data key for its row, in the caller's transaction; a replacement of the master key waits for it, or it for that."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE core_datakey IN ROW EXCLUSIVE MODE")
    master.ciphers.cache_clear()
    nonce = secrets.token_bytes(12)
    return nonce + master.ciphers()[0].encrypt(nonce, key, purpose.encode())


def _unwrap(wrapped: bytes, purpose: str) -> bytes:
    for attempt in range(2):
        for cipher in master.ciphers():
            with contextlib.suppress(InvalidTag):
                return cipher.decrypt(wrapped[:12], wrapped[12:], purpose.encode())
        if not attempt:
            master.ciphers.cache_clear()  # it may have been replaced since this process read it
    raise Unreadable("the master key does not open this database's keys")


def wrap_again() -> int:
    """Seal every data key with the master key that wraps now; one transaction. How many."""
    from django.db import connection, transaction

    from tamna.core.models import DataKey

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE core_datakey IN EXCLUSIVE MODE")
        rows = list(DataKey.objects.filter(destroyed_at=None))
        for row in rows:
            row.wrapped = _wrap(_unwrap(bytes(row.wrapped), row.purpose), row.purpose)
        DataKey.objects.bulk_update(rows, ["wrapped"])
    return len(rows)


def _active(purpose: str) -> tuple[int, bytes]:
    from django.db import IntegrityError, transaction

    from tamna.core.models import DataKey

    row = DataKey.objects.filter(purpose=purpose, is_active=True).first()
    if row is None:
        try:
            with transaction.atomic():
                row = DataKey.objects.create(purpose=purpose, wrapped=_wrap(secrets.token_bytes(32), purpose))
        except IntegrityError:  # another process was first
            row = DataKey.objects.get(purpose=purpose, is_active=True)
    return row.pk, _unwrap(bytes(row.wrapped), purpose)


def _field_key() -> tuple[int, AESGCM]:
    return _field_key_of(int(time.monotonic() // KEY_READ_EVERY_S))


@lru_cache(maxsize=1)
def _field_key_of(period: int) -> tuple[int, AESGCM]:
    key_id, key = _active("field")
    return key_id, AESGCM(key)


@lru_cache(maxsize=64)
def _key_by_id(key_id: int, period: int) -> AESGCM:
    """An older key; forgotten with the period, so that a destroyed one opens nothing in any process."""
    from tamna.core.models import DataKey

    row = DataKey.objects.filter(pk=key_id, purpose="field", destroyed_at=None).first()
    if row is None:
        raise Unreadable(f"data key {key_id} is not in the key ring")
    return AESGCM(_unwrap(bytes(row.wrapped), "field"))


@lru_cache(maxsize=1)
def _index_keys(period: int) -> list[bytes]:
    """Keys of the blind index, the one that writes first; while it is changed, a second one is searched too."""
    from tamna.core.models import DataKey

    active_id, active = _active("index")
    others = DataKey.objects.filter(purpose="index", destroyed_at=None).exclude(pk=active_id).order_by("pk")
    return [active, *(_unwrap(bytes(row.wrapped), "index") for row in others)]


def _living_index_keys() -> list[bytes]:
    return _index_keys(int(time.monotonic() // KEY_READ_EVERY_S))


def forget_keys() -> None:
    """Drop cached keys (after a rotation, a restore, or between tests)."""
    for cached in (master.ciphers, _field_key_of, _key_by_id, _index_keys):
        cached.cache_clear()


def seal(text: str, label: str) -> bytes:
    key_id, key = _field_key()
    nonce = os.urandom(12)
    return struct.pack(">I", key_id) + nonce + key.encrypt(nonce, text.encode(), label.encode())


def unseal(sealed: bytes, label: str) -> str:
    key_id = struct.unpack(">I", sealed[:4])[0]
    active_id, active = _field_key()
    key = active if key_id == active_id else _key_by_id(key_id, int(time.monotonic() // KEY_READ_EVERY_S))
    try:
        return key.decrypt(sealed[4:16], sealed[16:], label.encode()).decode()
    except InvalidTag as error:
        raise Unreadable(f"a value of {label} does not open") from error


def key_id_of(sealed: bytes) -> int:
    return int(struct.unpack(">I", sealed[:4])[0])


def new_field_key() -> int:
    """Make a new active data key; what older keys sealed stays readable (`core.rotation`)."""
    from django.db import transaction

    from tamna.core.models import DataKey

    with transaction.atomic():
        DataKey.objects.filter(purpose="field", is_active=True).update(is_active=False)
        row = DataKey.objects.create(purpose="field", wrapped=_wrap(secrets.token_bytes(32), "field"))
    forget_keys()
    return row.pk


def destroy_keys(purpose: str, *, before: int) -> int:
    """Destroy the keys older than this one (암호키 파기). Whatever they sealed, wherever a copy lies, opens no more. How many.

    The caller has seen that nothing in the database hangs on them.
    """
    from django.utils import timezone

    from tamna.core.models import DataKey

    older = DataKey.objects.filter(purpose=purpose, is_active=False, destroyed_at=None, pk__lt=before)
    count = older.update(wrapped=b"", destroyed_at=timezone.now())
    forget_keys()
    return count


def master_fingerprint() -> str:
    """The fingerprint of the master key that wraps."""
    return master.fingerprint(master.read(master.text())[0])


def blind_index(text: str, label: str) -> bytes:
    """32 bytes that let equal values be found without reading them: what is written."""
    return _index(_living_index_keys()[0], text, label)


def blind_indexes(text: str, label: str) -> list[bytes]:
    """Every form under which the value may stand: what is searched. More than one only while the key is changed."""
    return [_index(key, text, label) for key in _living_index_keys()]


def blind_token(text: str, label: str) -> int:
    """A 63-bit token of a fragment (n-gram, initial consonants) for a search array: what is written."""
    return _token(blind_index(text, label))


def blind_tokens(text: str, label: str) -> list[int]:
    """Every token under which the fragment may stand: what is searched."""
    return [_token(index) for index in blind_indexes(text, label)]


def _index(key: bytes, text: str, label: str) -> bytes:
    return hmac.digest(key, f"{label}:{text}".encode(), hashlib.sha256)


def _token(index: bytes) -> int:
    return int.from_bytes(index[:8], "big") >> 1


def announce_index_key() -> int:
    """Make a new index key that is searched at once and writes nothing yet (`core.reindexing`)."""
    from tamna.core.models import DataKey

    row = DataKey.objects.create(purpose="index", wrapped=_wrap(secrets.token_bytes(32), "index"), is_active=False)
    forget_keys()
    return row.pk


def use_index_key(key_id: int) -> None:
    """From now on this key writes; the one before is searched until it is destroyed."""
    from tamna.core.models import DataKey

    DataKey.objects.filter(purpose="index", is_active=True).update(is_active=False)
    DataKey.objects.filter(pk=key_id).update(is_active=True)
    forget_keys()
