"""What may go and what must stay (보존기간 경과): documents past their term, people without an entry for ten years, holds.

Law: 의료법 시행규칙 제15조①, 개인정보 보호법 제21조①. A person's whole record is due when nothing was entered for the longest term, all
documents are gone, nothing is owed and nobody holds it back.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.params import Dated, load
from tamna.patients.models import FiledDocument, LegalHold, Patient
from tamna.patients.visits import last_days


@dataclass(frozen=True)
class Terms:
    """params/records/person.yaml"""

    register_years: Dated[int]
    whole_years: Dated[int]
    file_threshold: Dated[Decimal]


PERSON_LAW = "의료법 시행규칙 제15조①1호·2호"
AT_ONCE = 200


def held() -> QuerySet[LegalHold]:
    """Holds in force."""
    return LegalHold.objects.filter(lifted_at=None)


def documents_due() -> QuerySet[FiledDocument]:
    """Documents past their term whose patient nobody holds, oldest term first."""
    rows = FiledDocument.objects.filter(state=FiledDocument.State.SORTED, keep_until__lte=clock.today())
    return rows.exclude(Exists(held().filter(patient=OuterRef("patient")))).select_related("patient").defer("content")


def people_due(limit: int = AT_ONCE) -> list[tuple[Patient, date]]:
    """People whose whole record may go, and since when. Two queries."""
    before = years_later(clock.today(), -_whole_years())
    rows = Patient.objects.filter(registered_at__lt=clock.at_seoul(before), erased_on=None, merged_into=None).annotate(
        filed=Max("documents__filed_at"), answered=Max("consents__answered_at"), checked=Max("coverages__checked_on")
    )
    rows = rows.exclude(Exists(held().filter(patient=OuterRef("pk")))).exclude(
        Exists(FiledDocument.objects.filter(patient=OuterRef("pk")).exclude(state=FiledDocument.State.ERASED))
    )
    found = []
    people = list(rows.order_by("registered_at", "pk")[: limit * 5])
    visits = last_days([row.pk for row in people])
    for row in people:
        entries = [clock.business_day(row.registered_at), visits.get(row.pk), row.checked, row.contact_checked_on]
        entries += [clock.business_day(at) if at else None for at in (row.filed, row.answered)]
        until = years_later(max(day for day in entries if day), _whole_years())
        if until <= clock.today():
            found.append((row, until))
    return found[:limit]


def is_due(patient: Patient) -> bool:
    """Whether this person's whole record may go now."""
    return any(row.pk == patient.pk for row, _ in people_due(limit=10_000))


def _whole_years() -> int:
    return load("records/person", Terms).whole_years.at(clock.today()).value


def years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return date(day.year + years, 3, 1)


@transaction.atomic
def hold(*, patient: Patient, reason: str, by: Actor) -> LegalHold:
    """Hold back everything of a patient (파기 보류). Raises patients.reason_missing, patients.held_already."""
    if not reason.strip():
        raise DomainError("patients.reason_missing")
    with refused_as(one_hold="patients.held_already"):
        made = LegalHold.objects.create(
            patient=patient, reason=reason.strip()[:200], placed_by=by.name, placed_at=clock.now()
        )
    audit.note(
        "hold.placed",
        by=by,
        subject_type="patient",
        subject_id=patient.public_id,
        patient_ref=patient.public_id,
        reason=reason,
    )
    return made


@transaction.atomic
def lift(*, hold_id: int, by: Actor) -> None:
    """The reason is gone (보류 해제)."""
    row = LegalHold.objects.select_for_update(of=("self",)).select_related("patient").get(pk=hold_id)
    if row.lifted_at is None:
        row.lifted_by, row.lifted_at = by.name, clock.now()
        row.save(update_fields=["lifted_by", "lifted_at"])
        audit.note(
            "hold.lifted",
            by=by,
            subject_type="patient",
            subject_id=row.patient.public_id,
            patient_ref=row.patient.public_id,
        )
