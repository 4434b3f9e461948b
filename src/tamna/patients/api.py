"""Patients over HTTP: register, find, eligibility."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from tamna.core.api import actor, once, scope
from tamna.core.paging import page
from tamna.patients import selectors, services
from tamna.patients.models import Patient

router = Router(tags=["patients"])


class NewPatient(Schema):
    name: str
    birth_on: date | None = None
    sex: str = ""
    phone: str = ""
    address: str = ""
    identity_kind: Literal["", "rrn", "foreigner", "passport"] = ""
    identity_number: str = ""
    nationality: str = "KR"
    language: str = "ko"


def as_json(patient: Patient) -> dict[str, Any]:
    return {
        "id": patient.public_id, "chart_no": patient.chart_no, "name": patient.name, "birth_on": patient.birth_on,
        "sex": patient.sex, "language": patient.language, "nationality": patient.nationality,
    }  # fmt: skip


@router.post("/patients")
@scope("patients.register")
def register(request: HttpRequest, body: NewPatient) -> dict[str, Any]:
    """Register a patient; the same person is refused with the chart number."""

    def do() -> dict[str, Any]:
        identity = (body.identity_kind, body.identity_number) if body.identity_kind else None
        fields = body.dict(exclude={"identity_kind", "identity_number"})
        return as_json(services.register_patient(**fields, identity=identity, by=actor(request)))

    return once(request, do)


@router.get("/patients")
@scope("patients.see")
def find(request: HttpRequest, q: str = "", cursor: str = "", size: int = 50) -> dict[str, Any]:
    """Patients by words (name, initials, phone, birth date, chart or resident number), newest first."""
    found = selectors.matching(q) if q else Patient.objects.filter(merged_into=None)
    rows = page(found, ("-id",), cursor, min(max(size, 1), 200))
    return {"patients": [as_json(row) for row in rows.rows], "next": rows.next_cursor}


@router.get("/patients/{uuid:public_id}")
@scope("patients.see")
def read(request: HttpRequest, public_id: UUID) -> dict[str, Any]:
    return as_json(get_object_or_404(Patient, public_id=public_id))


@router.post("/patients/{uuid:public_id}/coverage")
@scope("patients.register")
def check_coverage(request: HttpRequest, public_id: UUID) -> dict[str, Any]:
    """Ask the insurer for today's eligibility; without an answer the last known one is given with its day."""
    patient = get_object_or_404(Patient, public_id=public_id)
    coverage = services.check_coverage(patient=patient, by=actor(request))
    if coverage is None:
        return {"payer": None}
    return {
        "payer": coverage.payer,
        "special_case": coverage.special_case,
        "checked_on": coverage.checked_on,
        "changed": coverage.changed,
    }
