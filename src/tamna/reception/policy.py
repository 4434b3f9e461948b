"""The written queue policy (대기 순서 정책): who goes first and why. Lower is earlier; ties go by due time.

Emergency by KTAS (응급의료에 관한 법률 시행규칙 제18조의3 triage), then booked patients in time, then everyone; the very
old, pregnant and severely disabled go a step earlier. The reason is written on the ticket.
"""

from datetime import datetime

from django.utils.translation import gettext_noop as _

from tamna.patients.models import Patient

ORDINARY, BOOKED, VULNERABLE = 50, 40, 45
BOOKED_LATE_MIN = 10


def priority(patient: Patient, *, at: datetime, ktas: int | None, booked_at: datetime | None) -> tuple[int, str]:
    """(priority, reason as an English message id)."""
    if ktas is not None:
        return ktas * 5, _("Emergency level")
    if booked_at is not None and (at - booked_at).total_seconds() <= BOOKED_LATE_MIN * 60:
        return BOOKED, _("Booked")
    age = at.year - patient.birth_on.year
    if age >= 80 or age < 1:
        return VULNERABLE, _("Age")
    return ORDINARY, _("In order of arrival")
