"""The written queue policy (대기 순서 정책): who goes first and why. Lower is earlier; ties go by due time.

Emergency by KTAS (응급의료에 관한 법률 시행규칙 제18조의3 triage), then booked patients in time, then everyone; the very
old, pregnant and severely disabled go a step earlier. The reason is written on the ticket.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.utils.translation import gettext_noop as _

from tamna.params import table
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


@lru_cache(maxsize=1)
def _diseases() -> dict[str, tuple[tuple[str, str], ...]]:
    """Special code → spans of KCD categories that belong to it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in table("claimcheck/special_diagnosis"):
        found.setdefault(row["special_code"], []).append((row["kcd_from"], row["kcd_to"]))
    return {code: tuple(spans) for code, spans in found.items()}


def special_case_fits(code: str, diagnoses: Sequence[str]) -> bool:
    """Whether a registered special case (산정특례) belongs to one of the diagnoses; unknown codes are left to a person."""
    spans = _diseases().get(code)
    if spans is None:
        return True
    return any(
        start <= diagnosis[: len(start)] and diagnosis[: len(end)] <= end
        for diagnosis in diagnoses
        for start, end in spans
    )
