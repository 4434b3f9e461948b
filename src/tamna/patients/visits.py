"""Visits as patients' screens need them; the model lives in reception, further along the data's way."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.apps import apps
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

if TYPE_CHECKING:
    from tamna.reception.models import Encounter


def _all() -> "QuerySet[Encounter]":
    return apps.get_model("reception", "Encounter").objects.select_related(
        "department", "practitioner", "patient", "coverage"
    )


def of_patient(patient_id: int) -> "QuerySet[Encounter]":
    return _all().filter(patient_id=patient_id)


def by_public_id(public_id: UUID) -> "Encounter":
    return get_object_or_404(_all(), public_id=public_id)
