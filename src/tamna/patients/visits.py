"""Visits as patients' screens need them; the model lives in reception, further along the data's way."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Max
from django.shortcuts import get_object_or_404


def _all() -> Any:
    return apps.get_model("reception", "Encounter").objects.select_related(
        "department", "practitioner", "patient", "coverage"
    )


def of_patient(patient_id: int) -> Any:
    """A patient's visits."""
    return _all().filter(patient_id=patient_id)


def by_public_id(public_id: UUID) -> Any:
    """One visit, or 404."""
    return get_object_or_404(_all(), public_id=public_id)


def days_of(patient_ids: Collection[int], start: date, end: date) -> dict[int, list[date]]:
    """Days on which these patients were here, by patient. One query."""
    found: dict[int, list[date]] = {}
    rows = _all().filter(patient_id__in=patient_ids, business_on__range=(start, end)).order_by()
    for patient_id, day in rows.values_list("patient_id", "business_on"):
        found.setdefault(patient_id, []).append(day)
    return found


def last_days(patient_ids: Collection[int]) -> dict[int, date]:
    """The last day each of these patients was here or is booked. Two queries."""
    found: dict[int, date] = {}
    seen = _all().filter(patient_id__in=patient_ids).order_by().values("patient_id").annotate(day=Max("business_on"))
    booked = apps.get_model("reception", "Appointment").objects.filter(patient_id__in=patient_ids).order_by()
    for patient_id, day in seen.values_list("patient_id", "day"):
        found[patient_id] = day
    for patient_id, at in booked.values("patient_id").annotate(at=Max("starts_at")).values_list("patient_id", "at"):
        found[patient_id] = max(found.get(patient_id, at.date()), at.date())
    return found
