"""Joining two records of one person (환자 병합) without losing anything, and taking them apart again (병합 취소).

Every row that hangs on the record that goes is hung on the one that stays, and its id is written down; a visit brings its bills,
claims and tickets along, which keep their own links. Money held stays in the name it was taken in and is found by
`selectors.family`. The record that goes stays in the database, points to the other, and is found under its old name and phone.
Raises patients.merge_*.
"""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import ForeignKey

from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.patients.models import Consent, Identity, Merge, Patient

STAYS = frozenset({  # about the record itself, or frozen in the name it was written in
    "patients.merge", "patients.recordopening", "billing.deposit", "billing.terminalrequest",
})  # fmt: skip
CLASHES = dict.fromkeys(  # two of one kind that one person cannot have at once
    ("patient_elsewhere", "patient_busy", "waits_once", "one_open_visit", "one_consent_holds"), "patients.merge_clash"
) | {"one_hold": "patients.merge_held"}


def links() -> Iterator[tuple[str, Any, str]]:
    """Every column that names a patient: its key, the model, the field."""
    for found in Patient._meta.get_fields(include_hidden=True):
        field = getattr(found, "field", None)
        if (
            found.auto_created
            and not found.concrete
            and isinstance(field, ForeignKey)
            and field.model._meta.label_lower not in STAYS
        ):
            yield f"{field.model._meta.label_lower}.{field.name}", field.model, field.name


def proven_different(one: Patient, other: Patient) -> bool:
    """Two resident or foreigner numbers are two people: the same number is never kept twice. Two queries."""
    kinds = [set(person.identities.values_list("kind", flat=True)) for person in (one, other)]
    return bool(kinds[0] & kinds[1] - {Identity.Kind.PASSPORT})


@transaction.atomic
def merge(*, kept_id: int, gone_id: int, reason: str, by: Actor) -> Merge:
    """Join `gone` into `kept`. Raises patients.merge_same, merge_gone, merge_different, merge_reason, merge_clash."""
    if kept_id == gone_id:
        raise DomainError("patients.merge_same")
    if not reason.strip():
        raise DomainError("patients.merge_reason")
    rows = {row.pk: row for row in Patient.objects.select_for_update().filter(pk__in=[kept_id, gone_id]).order_by("pk")}
    kept, gone = rows[kept_id], rows[gone_id]
    if kept.merged_into_id or gone.merged_into_id:
        raise DomainError("patients.merge_gone")
    if proven_different(kept, gone):
        raise DomainError("patients.merge_different")
    ended = _end_older_answers(kept, gone)
    moved = {}
    with refused_as(**CLASHES):
        for key, model, field in links():
            ids = list(model.objects.filter(**{field: gone}).order_by("pk").values_list("pk", flat=True))
            if ids:
                model.objects.filter(pk__in=ids).update(**{field: kept})
                moved[key] = ids
    gone.merged_into = kept
    gone.save(update_fields=["merged_into"])
    _find_under_both(kept)
    made = Merge.objects.create(kept=kept, gone=gone, moved=moved, ended_consents=ended, reason=reason.strip()[:200],
                                merged_by=by.name, merged_at=clock.now())  # fmt: skip
    _tell("patient.merged", made, by, reason)
    return made


@transaction.atomic
def unmerge(*, merge_id: int, by: Actor, reason: str = "") -> Merge:
    """Give each row back to whom it belonged; what came after the merge stays. Raises patients.merge_undone, merge_order, merge_clash."""
    made = Merge.objects.select_for_update().get(pk=merge_id)
    if made.undone_at:
        raise DomainError("patients.merge_undone")
    rows = {
        row.pk: row
        for row in Patient.objects.select_for_update().filter(pk__in=[made.kept_id, made.gone_id]).order_by("pk")
    }
    kept, gone = rows[made.kept_id], rows[made.gone_id]
    if kept.merged_into_id:
        raise DomainError("patients.merge_order")
    gone.merged_into = None
    gone.save(update_fields=["merged_into"])
    with refused_as(**CLASHES):
        for key, model, field in links():
            model.objects.filter(pk__in=made.moved.get(key, []), **{field: kept}).update(**{field: gone})
        for pk in made.ended_consents:
            row = Consent.objects.get(pk=pk)
            if not row.patient.consents.filter(purpose=row.purpose, ended_at=None).exists():
                Consent.objects.filter(pk=pk).update(ended_at=None, end="", ended_by="")
    _find_under_both(kept)
    made.undone_by, made.undone_at = by.name, clock.now()
    made.save(update_fields=["undone_by", "undone_at"])
    _tell("patient.unmerged", made, by, reason)
    return made


def _end_older_answers(kept: Patient, gone: Patient) -> list[int]:
    """Where both records hold an answer to the same purpose, the later one holds from now on."""
    ended = []
    answers = {row.purpose: row for row in kept.consents.filter(ended_at=None).defer("signature")}
    for row in gone.consents.filter(ended_at=None).defer("signature"):
        if row.purpose in answers:
            older = min(row, answers[row.purpose], key=lambda each: (each.answered_at, each.pk))
            Consent.objects.filter(pk=older.pk).update(ended_at=clock.now(), end=Consent.End.REPLACED, ended_by="merge")
            ended.append(older.pk)
    return ended


def _find_under_both(kept: Patient) -> None:
    from tamna.patients.services import tokens_of

    kept.search_tokens = tokens_of(kept)
    kept.save(update_fields=["search_tokens"])


def _tell(event: str, made: Merge, by: Actor, reason: str) -> None:
    for patient in (made.kept, made.gone):
        audit.note(event, by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id, reason=reason,
                   detail={"merge": made.pk, "rows": sum(len(ids) for ids in made.moved.values())})  # fmt: skip
    outbox.record(event, {"kept_id": made.kept_id, "gone_id": made.gone_id, "merge_id": made.pk}, by=by)
