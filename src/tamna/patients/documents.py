"""Documents of a patient (의무기록 문서): filed with a class from the engine, or kept for a person where it is not sure.

Law: 의료법 제22조②, 의료법 시행규칙 제15조①. Title and content are sealed. Raises patients.document_*.
"""

import base64
from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.engines.filing import CLASSES, classify, keep_until
from tamna.params import load
from tamna.patients.models import FiledDocument, Patient
from tamna.patients.retention import Terms

LARGEST = 5_000_000  # bytes
TEXT = "text/plain"


def threshold() -> float:
    """How sure the engine must be to file without a person."""
    return float(load("records/person", Terms).file_threshold.at(clock.today()).value)


@transaction.atomic
def file(
    *,
    patient_id: int,
    title: str,
    text: str = "",
    content: bytes = b"",
    media_type: str = TEXT,
    written_on: date,
    by: Actor,
) -> FiledDocument:
    """File a document (문서 등록): of text, or of a file whose title alone is read. Raises document_title, document_large, document_future."""
    title = " ".join(title.split())
    if not title:
        raise DomainError("patients.document_title")
    if len(text.encode()) > LARGEST or len(content) > LARGEST:
        raise DomainError("patients.document_large", limit=LARGEST // 1_000_000)
    if written_on > clock.today():
        raise DomainError("patients.document_future")
    found = classify(title, text)
    is_sure = found.confidence >= threshold()
    made = FiledDocument.objects.create(
        patient_id=patient_id, title=title, content=base64.b64encode(content).decode() if content else text, media_type=media_type if content else TEXT,
        size=len(content) or len(text.encode()), suggested=found.key, confidence=round(found.confidence, 3), words=list(found.words),
        kind=found.key if is_sure else "", state=FiledDocument.State.SORTED if is_sure else FiledDocument.State.WAITING, written_on=written_on,
        keep_until=keep_until(found.key, written_on) if is_sure else None, filed_by=by.name, filed_at=clock.now(),
    )  # fmt: skip
    _tell("document.filed", made, by, confidence=float(made.confidence), kind=made.kind)
    return made


@transaction.atomic
def sort(*, document_id: int, kind: str, by: Actor) -> FiledDocument:
    """A person decides the class (분류 확정), or corrects it. Raises document_class, document_erased."""
    if kind not in CLASSES:
        raise DomainError("patients.document_class")
    row = _held(document_id)
    row.kind, row.state, row.decided_by, row.is_extended = kind, FiledDocument.State.SORTED, by.name, False
    row.keep_until = keep_until(kind, row.written_on)
    row.save(update_fields=["kind", "state", "decided_by", "is_extended", "keep_until"])
    _tell("document.sorted", row, by, kind=kind, suggested=row.suggested)
    return row


@transaction.atomic
def extend(*, document_id: int, reason: str, by: Actor) -> FiledDocument:
    """Keep it for the same term once more, for continued care (의료법 시행규칙 제15조① 단서). Raises document_extended, reason_missing."""
    row = _held(document_id)
    if row.is_extended or not row.kind:
        raise DomainError("patients.document_extended")
    if not reason.strip():
        raise DomainError("patients.reason_missing")
    row.is_extended, row.keep_until = True, keep_until(row.kind, row.written_on, extended=True)
    row.save(update_fields=["is_extended", "keep_until"])
    _tell("document.extended", row, by, reason=reason)
    return row


def waiting() -> QuerySet[FiledDocument]:
    """Documents whose class a person must decide."""
    return FiledDocument.objects.filter(state=FiledDocument.State.WAITING).select_related("patient").defer("content")


def of(patient: Patient) -> QuerySet[FiledDocument]:
    """A patient's documents; contents stay sealed."""
    return patient.documents.defer("content")


def bytes_of(row: FiledDocument) -> bytes:
    """What was filed."""
    return row.content.encode() if row.media_type == TEXT else base64.b64decode(row.content)


def _held(document_id: int) -> FiledDocument:
    row = FiledDocument.objects.select_for_update().select_related("patient").defer("content").get(pk=document_id)
    if row.state == FiledDocument.State.ERASED:
        raise DomainError("patients.document_erased")
    return row


def _tell(event: str, row: FiledDocument, by: Actor, reason: str = "", **detail: object) -> None:
    audit.note(
        event,
        by=by,
        subject_type="document",
        subject_id=row.public_id,
        patient_ref=row.patient.public_id,
        reason=reason,
        detail=detail,
    )
    outbox.record(event, {"document_id": row.pk, "patient_id": row.patient_id}, by=by)
