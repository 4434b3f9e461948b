"""The hospital as an organisation (요양기관): founding it, changing what it says of itself, which departments are open.

Raises core.hospital_name, core.institution_id, core.departments_needed, core.department_in_use.
"""

import re
from collections.abc import Iterable, Mapping

from django.db import transaction

from tamna.core import audit, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Department, Hospital
from tamna.params import table

CLASSES = ("general", "hospital", "tertiary", "clinic")
AREAS = ("dong", "eupmyeon")
EMERGENCY = ("none", "local_institution", "local_center", "regional_center", "trauma_center")


def known_departments() -> list[tuple[str, str, str]]:
    """Code, Korean and English name of every department of the claim forms (진료과목)."""
    return [(row["code"], row["name_ko"], row["name_en"]) for row in table("claimcheck/department_codes")]


@transaction.atomic
def describe(given: Mapping[str, str], *, by: Actor) -> Hospital:
    """Make or change the hospital's own row. Bills and claims made before keep what they said."""
    name = given.get("name_ko", "").strip()
    number = "".join(given.get("institution_id", "").split())
    if not name:
        raise DomainError("core.hospital_name")
    if not re.fullmatch(r"[0-9]{8}", number):
        raise DomainError("core.institution_id")
    hospital = Hospital.objects.select_for_update().first() or Hospital(pk=1)
    founded = hospital._state.adding
    hospital.name_ko, hospital.name_en = name[:80], given.get("name_en", "").strip()[:80]
    hospital.institution_id = number
    hospital.institution_class = _one_of(CLASSES, given.get("institution_class", ""))
    hospital.area = _one_of(AREAS, given.get("area", ""))
    hospital.emergency = _one_of(EMERGENCY, given.get("emergency", ""))
    beds, weeks = given.get("beds", ""), given.get("booking_weeks", "")
    hospital.beds = int(beds) if beds.isdigit() and len(beds) < 6 else 0
    hospital.booking_weeks = min(52, max(1, int(weeks))) if weeks.isdigit() else 8
    hospital.address, hospital.phone = given.get("address", "").strip()[:200], given.get("phone", "").strip()[:20]
    hospital.business_no = given.get("business_no", "").strip()[:12]
    hospital.save()
    action = "hospital.created" if founded else "hospital.changed"
    audit.note(action, by=by, subject_type="hospital", subject_id="1")
    outbox.record(action, {"hospital_id": 1}, by=by)
    return hospital


def _one_of(allowed: tuple[str, ...], wanted: str) -> str:
    return wanted if wanted in allowed else allowed[0]


@transaction.atomic
def choose_departments(codes: Iterable[str], *, by: Actor) -> int:
    """Open these departments; others that exist close (they stay for their records). Returns how many are open."""
    wanted = set(codes)
    if not wanted:
        raise DomainError("core.departments_needed")
    existing = {row.code: row for row in Department.objects.select_for_update()}
    for code, row in existing.items():
        if row.is_open and code not in wanted and row.practitioners.filter(is_active=True).exists():
            raise DomainError("core.department_in_use", code=code)
    for code, ko, en in known_departments():
        if code in wanted and code not in existing:
            Department.objects.create(code=code, name_ko=ko, name_en=en)
    Department.objects.filter(code__in=wanted).update(is_open=True)
    Department.objects.exclude(code__in=wanted).update(is_open=False)
    opened = Department.objects.filter(is_open=True).count()
    audit.note("departments.chosen", by=by, subject_type="hospital", subject_id="1", detail={"open": opened})
    outbox.record("departments.chosen", {"open": opened}, by=by)
    return opened
