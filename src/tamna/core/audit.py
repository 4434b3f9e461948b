"""The tamper-evident log (접속기록): append-only rows, sealed by transaction spans into a hash chain (ADR 0004).

Law: 개인정보의 안전성 확보조치 기준 제8조 (접속기록의 보관 및 점검). Writers never wait for one another: entries are
inserted freely; a job seals every transaction span below the oldest open one. A changed, added or removed entry of a
sealed span breaks its hash and every later one.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from tamna.core import clock
from tamna.core.actor import Actor
from tamna.core.models import AuditBlock, AuditEntry

GENESIS = "0" * 64


def note(
    action: str,
    *,
    by: Actor,
    subject_type: str = "",
    subject_id: Any = "",
    patient_ref: UUID | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry in the caller's transaction. Ids only: no name, no number of a person."""
    return AuditEntry.objects.create(
        action=action,
        actor=asdict(by),
        actor_name=by.name,
        subject_type=subject_type,
        subject_id=str(subject_id),
        patient_ref=patient_ref,
        reason=reason,
        detail=detail or {},
        at=clock.now(),
    )


@dataclass(frozen=True)
class Verdict:
    """Result of verifying the chain. `broken_at` is the first block that does not hold."""

    ok: bool
    blocks: int
    entries: int
    unsealed: int
    broken_at: int | None = None
    why: str = ""


def seal() -> AuditBlock | None:
    """Seal everything below the oldest open transaction. One sealer at a time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(72657)")
        last = AuditBlock.objects.order_by("-id").first()
        start = last.xact_to if last else 0
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        end = int(cursor.fetchone()[0])
        if end <= start or not AuditEntry.objects.filter(xact__gte=start, xact__lt=end).exists():
            return None
        previous = last.hash if last else GENESIS
        digest, count, last_id = _hash(previous, start, end)
        return AuditBlock.objects.create(
            xact_from=start, xact_to=end, entries=count, last_entry_id=last_id, previous_hash=previous, hash=digest
        )


def verify() -> Verdict:
    """Read the whole chain again and compare."""
    previous, total, expected_from = GENESIS, 0, 0
    blocks = 0
    for block in AuditBlock.objects.order_by("id").iterator():
        digest, count, _ = _hash(previous, block.xact_from, block.xact_to)
        if block.xact_from != expected_from or block.previous_hash != previous:
            return Verdict(False, blocks, total, 0, block.pk, "a block of the chain is missing or out of order")
        if digest != block.hash or count != block.entries:
            return Verdict(False, blocks, total, 0, block.pk, "an entry was changed, added or removed")
        previous, expected_from = block.hash, block.xact_to
        blocks, total = blocks + 1, total + count
    return Verdict(True, blocks, total, AuditEntry.objects.filter(xact__gte=expected_from).count())


def _hash(previous: str, start: int, end: int) -> tuple[str, int, int]:
    digest = hashlib.sha256(previous.encode())
    count = last_id = 0
    rows = AuditEntry.objects.filter(xact__gte=start, xact__lt=end).order_by("xact", "id")
    for row in rows.values_list(
        "id",
        "xact",
        "action",
        "actor",
        "subject_type",
        "subject_id",
        "patient_ref",
        "reason",
        "detail",
        "at",
        "recorded_at",
    ).iterator(chunk_size=5000):
        digest.update(json.dumps(row, default=str, sort_keys=True, ensure_ascii=False).encode())
        count, last_id = count + 1, max(last_id, row[0])
    return digest.hexdigest(), count, last_id


def actions() -> list[str]:
    """Every action that was ever written, by leaps through the index: a few dozen steps however long the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE leap AS (
                   (SELECT action FROM core_auditentry ORDER BY action LIMIT 1)
                   UNION ALL
                   SELECT (SELECT action FROM core_auditentry WHERE action > leap.action ORDER BY action LIMIT 1)
                   FROM leap WHERE leap.action IS NOT NULL
               ) SELECT action FROM leap WHERE action IS NOT NULL"""
        )
        return [row[0] for row in cursor.fetchall()]
