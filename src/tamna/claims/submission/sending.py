"""Batches (청구서): made of complete statements, sealed once, sent until there is a receipt, never twice.

Law: 국민건강보험법 시행규칙 제19조 (요양급여비용의 청구). A batch is insurer kind × setting × month of care × claim kind. Its bytes are
kept when it is made; the number and its digest are frozen by the database, and sending is asking again with the same bytes.
"""

import zlib
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction

from tamna.claims.models import Batch, Claim
from tamna.claims.selectors import SENT_TO_HIRA
from tamna.claims.submission.completeness import Document, persons_of, sifted
from tamna.claims.submission.models import BatchEntry, BatchFile
from tamna.connect import hira
from tamna.connect.errors import Refused
from tamna.core import audit, clock, notices, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.models import Hospital
from tamna.engines.claimfile import Person, fixed, header_faults, header_of, ndjson

SETTING_LETTER = {"inpatient": "I", "outpatient": "O", "emergency": "E"}
MASTERS = {"kcd": "2026-01-01", "fees": "2026-01-01"}
Ready = tuple[Claim, Document, Person]


@transaction.atomic
def make_batches(*, by: Actor, limit: int = 10_000) -> list[Batch]:
    """Put every ready statement into sealed batches (청구서 묶기); incomplete ones go back to the worklist with every reason."""
    waiting = Claim.objects.select_for_update(skip_locked=True).filter(
        status=Claim.Status.APPROVED, insurer_kind__in=SENT_TO_HIRA, batch=None
    )
    groups: dict[tuple[str, str, str, str], list[Ready]] = {}
    for claim, document, person, faults in sifted(list(waiting.order_by("id")[:limit])):
        if faults:
            _keep_back(claim, [fault.as_json() for fault in faults], by)
            continue
        key = (claim.insurer_kind, claim.setting, claim.care_month, claim.kind)
        groups.setdefault(key, []).append((claim, document, person))
    return [_batch(key, ready, by) for key, ready in groups.items()]


def _keep_back(claim: Claim, gaps: list[dict[str, Any]], by: Actor) -> None:
    claim.gaps, claim.status = gaps, Claim.Status.CHECKED
    claim.save(update_fields=["gaps", "status"])
    facts = {"claim_id": claim.pk, "gaps": len(gaps)}
    outbox.record("claim.incomplete", facts, by=by, subject=("claim", claim.public_id))


def _batch(key: tuple[str, str, str, str], ready: Sequence[Ready], by: Actor) -> Batch:
    insurer_kind, setting, month, kind = key
    number = numbering.take("batch", month)
    batch_no, made_at = batch_number(month, setting, number), clock.now()
    claims = [claim for claim, _document, _person in ready]
    numbered = [_numbered(row[1], batch_no, place, made_at) for place, row in enumerate(ready, start=1)]
    content, warnings = _sealed(batch_no, setting, numbered, [row[2] for row in ready])
    with refused_as(claims_batch_batch_no_key="claims.batch_exists"):
        batch = Batch.objects.create(
            batch_no=batch_no, insurer_kind=insurer_kind, setting=setting, care_month=month, claim_kind=kind, statements=len(claims),
            total_won=sum(claim.total_won for claim in claims), insurer_won=sum(claim.insurer_won for claim in claims),
            sha256=sha256(content).hexdigest(), made_at=made_at,
        )  # fmt: skip
    BatchFile.objects.create(
        batch=batch, content=zlib.compress(content), sha256=batch.sha256, warnings=warnings, made_at=made_at
    )
    for place, claim in enumerate(claims, start=1):
        claim.batch, claim.serial_no, claim.status = batch, f"{place:05d}", Claim.Status.BATCHED
    Claim.objects.bulk_update(claims, ["batch", "serial_no", "status"], batch_size=500)
    BatchEntry.objects.bulk_create([entry_of(claim) for claim in claims], batch_size=2000)
    facts = {"batch_id": batch.pk, "statements": len(claims)}
    outbox.record("claim.batched", facts, by=by, subject=("batch", batch.public_id))
    return batch


def entry_of(claim: Claim) -> BatchEntry:
    """The serial map's row of a statement in its batch."""
    return BatchEntry(
        batch=claim.batch, serial_no=claim.serial_no, claim=claim, total_won=claim.total_won, patient_won=claim.patient_won,
        insurer_won=claim.insurer_won,
    )  # fmt: skip


def _numbered(document: Document, batch_no: str, place: int, made_at: Any) -> Document:
    """The statement as it leaves: under its serial; our own number stays here."""
    claim = {name: value for name, value in document["claim"].items() if name != "claim_id"}
    mine = {"batch_no": batch_no, "serial_no": f"{place:05d}", "claim_on": clock.business_day(made_at).isoformat()}
    return {**document, "claim": claim | mine}


def _sealed(
    batch_no: str, setting: str, statements: list[Document], persons: list[Person]
) -> tuple[bytes, list[dict[str, Any]]]:
    """The bytes of a batch and what its text cannot hold. A header that does not add up is our mistake."""
    hospital = Hospital.objects.first()
    institution = hospital.institution_id if hospital else ""
    header = header_of(
        batch_no, statements, institution_id=institution, setting=setting,
        claim_on=clock.business_day(clock.now()), claimant=hospital.name_ko if hospital else "", **MASTERS,
    )  # fmt: skip
    wrong = header_faults(header, statements)
    if wrong:
        raise DomainError("claims.header_wrong", code=wrong[0].code, field=wrong[0].field)
    written = fixed.write(header, statements, persons)
    return ndjson.write(header, statements), [fault.as_json() for fault in written.warnings]


def batch_number(month: str, setting: str, number: int) -> str:
    """청구번호: month of care, letter of the setting, three letters of its counter."""
    return f"{month}{SETTING_LETTER[setting]}{_base36(number):0>3}"


def _base36(number: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text or "0"


def file_of(batch: Batch) -> bytes:
    """The bytes of a batch as they were sealed and are sent. Raises claims.no_file for a batch of the history."""
    kept = BatchFile.objects.filter(batch=batch).first()
    if kept is None:
        raise DomainError("claims.no_file")
    content = zlib.decompress(kept.content)
    if sha256(content).hexdigest() != batch.sha256:
        raise DomainError("claims.file_changed")
    return content


def text_of(batch: Batch) -> fixed.Written:
    """The fixed-width text of a batch, written from its sealed bytes; names and numbers come from the vault."""
    header, statements = ndjson.read(file_of(batch))
    entries = {row.serial_no: row.claim for row in batch.entries.select_related("claim__encounter__patient")}
    claims = [entries[row["claim"]["serial_no"]] for row in statements]
    return fixed.write(header, statements, persons_of(claims))


def submit(*, batch_id: int, by: Actor) -> Batch:
    """Send a batch (제출). The agency is asked outside of a transaction; asking again with the same bytes is harmless.

    Raises Unreachable (try again later), DomainError claims.batch_refused.
    """
    batch = Batch.objects.get(pk=batch_id)
    if batch.receipt_no or batch.status == Batch.Status.RETURNED:
        return batch
    content = file_of(batch)
    Batch.objects.filter(pk=batch_id, receipt_no="").update(status=Batch.Status.SENDING, refused_code="")
    at = batch.made_at if batch.made_at > clock.now() - timedelta(days=30) else clock.now()
    try:
        receipt = hira.submit(content, at=at)
    except Refused as refused:
        Batch.objects.filter(pk=batch_id, receipt_no="").update(
            status=Batch.Status.OPEN, refused_code=refused.code[:30]
        )
        notices.tell("batch.refused", {"batch": batch.batch_no, "code": refused.code}, key=f"{batch.batch_no}:{refused.code}",
                     url=f"/claims/batches/{batch.public_id}")  # fmt: skip
        raise DomainError("claims.batch_refused", code=refused.code) from refused
    return _received(batch_id, receipt, by)


@transaction.atomic
def _received(batch_id: int, receipt: hira.Receipt, by: Actor) -> Batch:
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.receipt_no:
        return batch
    batch.receipt_no, batch.sent_at, batch.received_at = receipt.receipt_no, clock.now(), clock.now()
    batch.status = Batch.Status.RECEIVED
    batch.save(update_fields=["receipt_no", "sent_at", "received_at", "status"])
    batch.claims.filter(status=Claim.Status.BATCHED).update(status=Claim.Status.RECEIVED)
    audit.note(
        "batch.submitted", by=by, subject_type="batch", subject_id=batch.public_id, detail={"sha256": batch.sha256}
    )
    facts = {"batch_id": batch.pk, "statements": batch.statements}
    outbox.record("claim.submitted", facts, by=by, subject=("batch", batch.public_id))
    return batch


@transaction.atomic
def dissolve(*, batch_id: int, by: Actor) -> Batch:
    """Take back a batch that the agency refused as a whole (반송된 청구서 풀기): its statements are checked and sent anew.

    Its number and bytes stay and are never used again. Raises claims.wrong_batch.
    """
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.receipt_no or not batch.refused_code:
        raise DomainError("claims.wrong_batch")
    batch.status = Batch.Status.RETURNED
    batch.save(update_fields=["status"])
    for claim in (
        Claim.objects.select_for_update().filter(batch=batch, status=Claim.Status.BATCHED).select_related("encounter")
    ):
        claim.status, claim.batch, claim.serial_no = Claim.Status.DRAFT, None, ""
        claim.save(update_fields=["status", "batch", "serial_no"])
        outbox.record("claim.drafted", {"claim_id": claim.pk, "encounter_id": claim.encounter_id}, by=by,
                      subject=("claim", claim.public_id))  # fmt: skip
    audit.note("batch.dissolved", by=by, subject_type="batch", subject_id=batch.public_id)
    return batch


def unsent() -> list[int]:
    """Batches that have waited for a receipt for a minute (전송 미완료): whatever stopped, they are sent on."""
    since = clock.now() - timedelta(minutes=1)
    waiting = Batch.objects.filter(receipt_no="", refused_code="", made_at__lt=since, file__isnull=False)
    return list(waiting.exclude(status=Batch.Status.RETURNED).order_by("id").values_list("pk", flat=True)[:50])
