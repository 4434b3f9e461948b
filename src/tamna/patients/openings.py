"""Protected records (보호 대상 기록): who may look at one now, and opening one with a reason for a limited time.

Law: 개인정보의 안전성 확보조치 기준 제5조 (least privilege), 제8조 (접속기록). The role gives the capability, this gives the record: a
restricted record opens for one person, for one hour, with a reason that the privacy officer is told of.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tamna.core import audit, notices
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.patients.models import Patient, RecordOpening

OPEN_FOR = timedelta(hours=1)
LEAST_REASON = 5  # letters: a dot is no reason


def opening_of(user: Any, patient: Patient) -> RecordOpening | None:
    """The opening that lets this person in now."""
    return patient.openings.filter(user=user.pk, until__gt=timezone.now()).order_by("-until").first()


def is_open(user: Any, patient: Patient) -> bool:
    """Whether this person may look at this record now. One query for a restricted record, none for others."""
    return not patient.is_restricted or opening_of(user, patient) is not None


@transaction.atomic
def open_restricted(*, patient: Patient, reason: str, by: Actor) -> RecordOpening:
    """Break glass (비상 열람): a protected record opens for an hour. Raises patients.reason_missing."""
    if len(reason.strip()) < LEAST_REASON or by.user_id is None:
        raise DomainError("patients.reason_missing")
    opening = RecordOpening.objects.create(patient=patient, user_id=by.user_id, until=timezone.now() + OPEN_FOR)
    audit.note("patient.break_glass", by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id,
               reason=reason, detail={"minutes": int(OPEN_FOR.total_seconds() // 60)})  # fmt: skip
    notices.tell("record.opened", {"number": by.user_id}, key=opening.pk, url=f"/audit/of/patient/{patient.public_id}")
    return opening
