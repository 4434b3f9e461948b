"""Disposal of personal data (개인정보 파기): asked for by one person, approved by another, irreversible for both.

Law: 개인정보 보호법 제21조② (so that it cannot be restored), 개인정보 보호법 시행령 제16조①1호. What is due is overwritten; then the field key is changed and,
once every living value hangs on the new one, the old key is destroyed: rows that were dead already, the write-ahead log, replicas and
any copy of a row open no more (crypto-shredding). Backups made before hold their own keys until they are thrown away. The books stay:
bills, claims and journal keep their rows, whose person is a number without a name. Raises patients.disposal_*.
"""

from collections.abc import Sequence

from django.apps import apps
from django.db import transaction

from tamna.core import audit, clock, outbox, rotation
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.engines.filing import CLASSES
from tamna.patients import retention
from tamna.patients.models import Disposal, DisposalItem, FiledDocument, Identity, Patient

SEALED = {  # every sealed column that tells of a patient → the way to the patient
    "patients.patient": ("id", ("name", "phone", "address")), "patients.coverage": ("patient", ("card_no",)),
    "patients.consent": ("patient", ("signature",)), "patients.fileddocument": ("patient", ("title", "content")),
    "patients.importedresource": ("patient", ("title", "content")), "claims.clinicalnote": ("encounter__patient", ("text",)),
    "reception.contactchoice": ("patient", ("email", "push_address")),
}  # fmt: skip
DELETED = ("patients.identity",)  # the vault: a number leaves no row
OF_NOBODY = (
    "core.outsidesystem",
    "core.idempotencyrecord",
)  # sealed, and no patient's: secrets; answers kept for two days
PERSON = "person"
UNDER_WAY = (Disposal.State.ASKED, Disposal.State.APPROVED)


@transaction.atomic
def ask(*, documents: Sequence[int] = (), people: Sequence[int] = (), by: Actor) -> Disposal:
    """Ask for the disposal of what is due (파기 요청). Raises disposal_nothing where nothing of it is due."""
    asked = set(DisposalItem.objects.filter(disposal__state__in=UNDER_WAY).values_list("document_id", "patient_id"))
    rows = [row for row in retention.documents_due().filter(pk__in=documents) if (row.pk, row.patient_id) not in asked]
    due = {patient.pk: (patient, until) for patient, until in retention.people_due()}
    chosen = [due[pk] for pk in people if pk in due and (None, pk) not in asked]
    if by.user_id is None or not (rows or chosen):
        raise DomainError("patients.disposal_nothing")
    made = Disposal.objects.create(asked_by_id=by.user_id, asked_at=clock.now())
    DisposalItem.objects.bulk_create([
        *(DisposalItem(disposal=made, patient=row.patient, document=row, kind=row.kind, law=CLASSES[row.kind].law, keep_until=row.keep_until) for row in rows),
        *(DisposalItem(disposal=made, patient=patient, kind=PERSON, law=retention.PERSON_LAW, keep_until=until) for patient, until in chosen),
    ])  # fmt: skip
    _tell("disposal.asked", made, by, documents=len(rows), people=len(chosen))
    return made


@transaction.atomic
def approve(*, disposal_id: int, by: Actor) -> Disposal:
    """The second person agrees (파기 승인); a job carries it out. Raises disposal_decided, disposal_two_people."""
    row = _asked(disposal_id, by)
    row.state = Disposal.State.APPROVED
    row.save(update_fields=["state", "decided_by", "decided_at"])
    _tell("disposal.approved", row, by)
    return row


@transaction.atomic
def refuse(*, disposal_id: int, reason: str, by: Actor) -> Disposal:
    """Not now (파기 반려): nothing is erased. Raises disposal_decided, disposal_two_people, reason_missing."""
    if not reason.strip():
        raise DomainError("patients.reason_missing")
    row = _asked(disposal_id, by)
    row.state, row.reason = Disposal.State.REFUSED, reason.strip()[:200]
    row.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    row.items.all().update(left_because="refused")
    _tell("disposal.refused", row, by, reason=reason)
    return row


def _asked(disposal_id: int, by: Actor) -> Disposal:
    row = Disposal.objects.select_for_update().get(pk=disposal_id)
    if row.state != Disposal.State.ASKED:
        raise DomainError("patients.disposal_decided")
    if by.user_id is None or by.user_id == row.asked_by_id:
        raise DomainError("patients.disposal_two_people")
    row.decided_by_id, row.decided_at = by.user_id, clock.now()
    return row


@transaction.atomic
def carry_out(*, disposal_id: int) -> Disposal:
    """Overwrite what is still due, leave what is held meanwhile. A second call changes nothing; `finish` makes it final."""
    row, by = Disposal.objects.select_for_update().get(pk=disposal_id), Actor.system("disposal")
    if row.state != Disposal.State.APPROVED:
        return row
    for item in row.items.select_related("patient").order_by("pk"):
        item.left_because = _reason_to_stay(item)
        item.is_erased = not item.left_because
        if item.is_erased and item.document_id:
            _erase_documents([item.document_id])
        elif item.is_erased:
            _erase_person(item.patient)
        item.save(update_fields=["is_erased", "left_because"])
    row.state, row.erased_at = Disposal.State.ERASED, clock.now()
    row.save(update_fields=["state", "erased_at"])
    _tell("disposal.erased", row, by, items=row.items.filter(is_erased=True).count())
    return row


def _reason_to_stay(item: DisposalItem) -> str:
    if retention.held().filter(patient=item.patient).exists():
        return "held"
    if item.document_id:
        return "" if retention.documents_due().filter(pk=item.document_id).exists() else "term"
    return "" if retention.is_due(item.patient) else "term"


def _erase_documents(ids: Sequence[int]) -> None:
    FiledDocument.objects.filter(pk__in=ids).update(
        title="", content="", size=0, words=[], state=FiledDocument.State.ERASED
    )


def _erase_person(patient: Patient) -> None:
    """Everything that tells who it was, in every department, and of the records merged into it."""
    for person in [patient, *patient.merged.all()]:
        for label, (way, columns) in SEALED.items():
            apps.get_model(label).objects.filter(**{way: person.pk}).update(**dict.fromkeys(columns, ""))
        Identity.objects.filter(patient=person).delete()
        Patient.objects.filter(pk=person.pk).update(
            search_tokens=[],
            birth_on=person.birth_on.replace(month=1, day=1),
            contact_checked_on=None,
            erased_on=clock.today(),
        )


def finish() -> int:
    """Change the key after an erasure; once that is over, destroy the old one: the disposal is final. How many became so.

    A change that ran already when something was erased does not count: its new key may have sealed what is gone.
    """
    final, by = 0, Actor.system("disposal")
    for row in Disposal.objects.filter(state=Disposal.State.ERASED).select_related("rotation").order_by("pk"):
        if row.rotation is None and rotation.running("") is None:
            row.rotation = rotation.start(by=by)
            Disposal.objects.filter(state=Disposal.State.ERASED, rotation=None).update(rotation=row.rotation)
        if row.rotation is None or row.rotation.finished_at is None:
            continue
        rotation.destroy_older(row.rotation, by=by)
        with transaction.atomic():
            Disposal.objects.filter(pk=row.pk).update(state=Disposal.State.FINAL, final_at=clock.now())
            _tell("disposal.final", row, by)
        final += 1
    return final


def _tell(event: str, row: Disposal, by: Actor, reason: str = "", **detail: int) -> None:
    audit.note(event, by=by, subject_type="disposal", subject_id=row.public_id, reason=reason, detail=detail)
    outbox.record(event, {"disposal_id": row.pk}, by=by)
