"""Rotation of the field key (암호키 교체) without a stop: a new key seals from now on, old values are sealed again in the background.

`start` is one short transaction. `go_on` seals batches, each its own transaction with the count of what is done, so a
killed run goes on where it was: a value itself says which key sealed it. Older keys stay in the ring, for nothing can be
lost that way; after the last pass no value hangs on them. Law: 개인정보의 안전성 확보조치 기준 제7조 (암호키 관리).
"""

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from tamna.core import audit, crypto, master, outbox
from tamna.core.accounts import LABEL as TOTP
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.fields import EncryptedTextField
from tamna.core.models import DataKey, KeyRotation

BATCH = 200
SETTLED_AFTER = timedelta(seconds=3 * crypto.KEY_READ_EVERY_S)  # until then a process may still seal with the old key


@dataclass(frozen=True)
class Column:
    """A place where sealed values are kept; its name is what the seal authenticates."""

    table: str
    column: str

    @property
    def label(self) -> str:
        return f"{self.table}.{self.column}"


def columns() -> list[Column]:
    """Every encrypted column of every table."""
    found = [
        Column(model._meta.db_table, str(field.column))
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, EncryptedTextField)
    ]
    return [*found, Column(*TOTP.split("."))]


def start(*, by: Actor) -> KeyRotation:
    """Make the new key; from now on it seals. Raises core.rotation_runs."""
    with transaction.atomic():
        with refused_as(one_rotation_at_a_time="core.rotation_runs", one_active_key="core.rotation_runs"):
            key_id = crypto.new_field_key()
            rotation = KeyRotation.objects.create(key_id=key_id, started_by=by.name)
        audit.note("key.rotated", by=by, subject_type="key", subject_id=key_id)
        outbox.record("key.rotated", {"key_id": key_id}, by=by)
    crypto.forget_keys()
    return rotation


def replace_master(*, by: Actor) -> dict[str, str]:
    """Replace the master key (마스터키 교체) while everybody works; fingerprints of the old and the new one.

    In the file both stand until every data key hangs on the new one: stopped anywhere, the next call goes on. From the
    environment both are given, the new one first. Raises core.keys_in_use, core.master_given.
    """
    try:
        with master.held(alone=True):
            if master.in_environment() and len(master.read(master.text())) < 2:
                raise DomainError("core.master_given")
            if not master.in_environment():
                master.begin()
            new, *old = (master.fingerprint(key) for key in master.read(master.text()))
            with transaction.atomic():
                count = crypto.wrap_again()
                audit.note("key.master_replaced", by=by, subject_type="key", subject_id=new,
                           detail={"before": old[0], "keys": count})  # fmt: skip
                outbox.record("key.master_replaced", {"keys": count}, by=by)
            if not master.in_environment():
                master.finish()
    except master.InUse as busy:
        raise DomainError("core.keys_in_use") from busy
    crypto.forget_keys()
    return {"before": old[0], "now": new}


def running(purpose: str = "field") -> KeyRotation | None:
    """The change of this kind of key that has not finished; of any kind where none is named."""
    wanted = {"key__purpose": purpose} if purpose else {}
    return KeyRotation.objects.filter(finished_at=None, **wanted).first()


def go_on(*, seconds: float = 1e9) -> KeyRotation | None:
    """Seal old values again, for at most so long. Returns the rotation, finished or not; None where none runs."""
    rotation, until = running(), time.monotonic() + seconds
    if rotation is None:
        return None
    crypto.forget_keys()
    if not rotation.total:
        rotation.total = rotation.done + sum(count_old(column, rotation.key_id) for column in columns())
        rotation.save(update_fields=["total"])
    late = timezone.now() >= rotation.started_at + SETTLED_AFTER
    for column in columns():
        for sealed in _batches(column, rotation):
            if time.monotonic() > until:
                return rotation
            rotation.done += sealed
    if late:  # a whole pass, begun after every process knew the key, has left nothing behind
        with transaction.atomic():
            KeyRotation.objects.filter(pk=rotation.pk).update(finished_at=timezone.now(), total=rotation.done)
            audit.note("key.sealed_again", by=Actor.system("rotation"), subject_type="key", subject_id=rotation.key_id,
                       detail={"values": rotation.done})  # fmt: skip
        rotation.refresh_from_db()
    return rotation


def destroy_older(rotation: KeyRotation, *, by: Actor) -> int:
    """Destroy every older field key once a finished rotation has left nothing under them. Raises core.keys_in_use. How many."""
    left = sum(count_old(column, rotation.key_id) for column in columns())
    if rotation.finished_at is None or left:
        raise DomainError("core.keys_in_use")
    with transaction.atomic():
        count = crypto.destroy_keys("field", before=rotation.key_id)
        audit.note("key.destroyed", by=by, subject_type="key", subject_id=rotation.key_id, detail={"keys": count})
    return count


def count_old(column: Column, key_id: int) -> int:
    """Values of a column that another key sealed."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {column.table} WHERE {_OLD.format(column.column)}", [_mark(key_id)])  # noqa: S608 - names of our own models
        return int(cursor.fetchone()[0])


_OLD = "octet_length({0}) > 16 AND substring({0} FROM 1 FOR 4) <> %s"


def _mark(key_id: int) -> bytes:
    return struct.pack(">I", key_id)


def _batches(column: Column, rotation: KeyRotation) -> Iterator[int]:
    """Seal a column's old values again, in order of id; yields how many a transaction took."""
    name, last = column.column, 0
    choose = f"""SELECT id, {name} FROM {column.table} WHERE id > %s AND {_OLD.format(name)}
                 ORDER BY id LIMIT {BATCH} FOR NO KEY UPDATE"""  # noqa: S608 - names of our own models
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(choose, [last, _mark(rotation.key_id)])
            rows = cursor.fetchall()
            if not rows:
                return
            fresh = [(crypto.seal(crypto.unseal(bytes(old), column.label), column.label), pk) for pk, old in rows]
            cursor.executemany(f"UPDATE {column.table} SET {name} = %s WHERE id = %s", fresh)  # noqa: S608 - as above
            cursor.execute("UPDATE core_keyrotation SET done = done + %s WHERE id = %s", [len(rows), rotation.pk])
        last = rows[-1][0]
        yield len(rows)


def ring() -> list[DataKey]:
    """The ring, newest first."""
    return list(DataKey.objects.select_related("rotation").order_by("-id"))
