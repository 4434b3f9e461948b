"""Records that the agency asked for (심사자료 제출): kept with their day, sent once, told as missing when the day comes near.

Days that pass while the agency waits do not count for its review (국민건강보험법 시행규칙 제20조②); the day itself is the agency's.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from tamna.claims.models import Batch, Claim
from tamna.claims.submission.models import RecordRequest
from tamna.claims.submission.terms import TERMS
from tamna.connect import hira
from tamna.connect.errors import Refused
from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError


def keep(document: hira.Document, row: hira.Decision, batch: Batch, claim: Claim, by: Actor) -> RecordRequest:
    """A request as it came; one document asks for a statement once. Without a day of its own the usual days count."""
    due_on = row.due_on or document.on + timedelta(days=TERMS.records_days.at(document.on).value)
    asked, is_new = RecordRequest.objects.get_or_create(
        document_id=f"{document.kind}:{document.id}", claim=claim,
        defaults={"batch": batch, "serial_no": row.serial_no, "reason_code": row.reason, "what": (row.what or row.text)[:200],
                  "asked_on": document.on, "due_on": due_on},
    )  # fmt: skip
    if is_new:
        facts = {"request_id": asked.pk, "claim_id": claim.pk, "due_on": due_on.isoformat()}
        outbox.record("records.requested", facts, by=by, subject=("claim", claim.public_id))
    return asked


def waiting() -> QuerySet[RecordRequest]:
    """Requests not answered yet, the earliest day first when paged by ("due_on", "id")."""
    return RecordRequest.objects.filter(sent_at=None).select_related("claim__department", "batch")


def send(*, request_id: int, note: str, by: Actor) -> RecordRequest:
    """Tell the agency that the records were sent (자료 제출). Asking again is harmless.

    Raises claims.records_sent, claims.note_needed, claims.records_refused, Unreachable.
    """
    asked = RecordRequest.objects.select_related("batch", "claim").get(pk=request_id)
    if asked.sent_at is not None:
        raise DomainError("claims.records_sent")
    if not note.strip():
        raise DomainError("claims.note_needed")
    try:
        hira.send_records(
            asked.batch.receipt_no, asked.serial_no, asked.reason_code, note.strip()[:500], at=clock.now()
        )
    except Refused as refused:
        raise DomainError("claims.records_refused", code=refused.code) from refused
    with transaction.atomic():
        asked = RecordRequest.objects.select_for_update().get(pk=request_id)
        if asked.sent_at is None:
            asked.sent_at, asked.sent_by, asked.note = clock.now(), by.name, note.strip()[:500]
            asked.save(update_fields=["sent_at", "sent_by", "note"])
            subject = asked.claim
            audit.note("records.sent", by=by, subject_type="claim", subject_id=subject.public_id,
                       detail={"reason": asked.reason_code})  # fmt: skip
            facts = {"request_id": asked.pk, "claim_id": asked.claim_id}
            outbox.record("records.sent", facts, by=by, subject=("claim", subject.public_id))
    return asked
