"""The monthly review of who looked at records (접속기록 월간 점검): what is unusual, and the reviewer's signature.

Law: 개인정보의 안전성 확보조치 기준 제8조② (logs looked through once a month) [K]. Unusual is what a person should explain, not what is
forbidden: the own record, a colleague's, one of the own surname, outside office hours, without a visit, a protected one. Names
are compared in memory and never written: findings hold accounts and public ids.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils.translation import gettext_noop as noop

from tamna.core import audit, clock, notices
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, User
from tamna.patients.models import AccessReview, Patient
from tamna.patients.visits import days_of

LOOKS = ("patient.seen", "patient.break_glass", "identity.revealed", "patient.exported", "consent.seen", "account.seen")
WEIGHTS = {"own": 5, "colleague": 4, "glass": 3, "revealed": 2, "surname": 1, "late": 1, "no_visit": 1}
WORDS = {
    "own": noop("Own record"), "colleague": noop("A colleague's record"), "glass": noop("Protected record opened"), "revealed": noop("Full number shown"),
    "surname": noop("Same surname, without a visit"), "late": noop("Outside office hours"), "no_visit": noop("No visit within a month"),
}  # fmt: skip
KEPT = 500
NEAR = timedelta(days=30)
AT_ONCE = 2_000  # patients whose names are read together
OPENS, CLOSES = 8, 19  # of office hours, with room for those who come early and leave late


@dataclass(frozen=True)
class Look:
    """What one account did with one record in the month."""

    actor: str
    patient_ref: Any
    times: int
    first_at: datetime
    last_at: datetime
    late: int
    glass: int
    revealed: int


def make(month: date) -> AccessReview:
    """Look through a month; again where it was not signed yet. Raises patients.review_signed."""
    month = month.replace(day=1)
    if AccessReview.objects.filter(month=month).exclude(signed_at=None).exists():
        raise DomainError("patients.review_signed")
    findings, totals = [], Counter({"looks": 0, "pairs": 0})
    people, records, staff = set(), set(), _staff()
    for look, patient, visits in _looks(month):
        totals["looks"] += look.times
        totals["pairs"] += 1
        people.add(look.actor)
        records.add(look.patient_ref)
        kinds = _kinds(look, patient, visits, staff)
        totals.update(kinds)
        if score := sum(WEIGHTS[kind] for kind in kinds):
            findings.append({
                "actor": look.actor, "patient": str(look.patient_ref), "kinds": kinds, "times": look.times, "score": score,
                "first_at": look.first_at.isoformat(), "last_at": look.last_at.isoformat(),
            })  # fmt: skip
    findings.sort(key=lambda row: (-row["score"], -row["times"], row["actor"], row["patient"]))
    figures = {**totals, "people": len(people), "records": len(records), "unusual": len(findings)}
    review, _ = AccessReview.objects.update_or_create(
        month=month, defaults={"figures": figures, "findings": findings[:KEPT], "made_at": clock.now()}
    )
    return review


@transaction.atomic
def sign(*, review_id: int, remark: str, by: Actor) -> AccessReview:
    """The reviewer has looked through it (점검 확인). Raises patients.review_signed, review_remark where something stood out."""
    review = AccessReview.objects.select_for_update().get(pk=review_id)
    if review.signed_at:
        raise DomainError("patients.review_signed")
    if review.findings and not remark.strip():
        raise DomainError("patients.review_remark")
    review.remark, review.signed_by, review.signed_at = remark.strip(), by.name, clock.now()
    review.save(update_fields=["remark", "signed_by", "signed_at"])
    audit.note("access.reviewed", by=by, subject_type="review", subject_id=f"{review.month:%Y-%m}", reason=remark,
               detail={"unusual": review.figures.get("unusual", 0), "sha256": digest(review)})  # fmt: skip
    return review


def digest(review: AccessReview) -> str:
    """sha256 of what was signed; it stands in the sealed audit log."""
    return hashlib.sha256(json.dumps([review.figures, review.findings], sort_keys=True).encode()).hexdigest()


def tell(review: AccessReview) -> None:
    """The privacy officer is asked to look."""
    notices.tell("access.review", {"day": review.month.isoformat(), "count": review.figures.get("unusual", 0)}, key=review.month,
                 url=f"/patients/access/{review.month:%Y-%m}")  # fmt: skip


def _looks(month: date) -> Iterator[tuple[Look, Patient | None, list[date]]]:
    """Every account with every record it looked at, the record, and the days of its visits around the month."""
    end = (month + timedelta(days=32)).replace(day=1)
    hour, weekday = ExtractHour("at", tzinfo=clock.SEOUL), ExtractIsoWeekDay("at", tzinfo=clock.SEOUL)
    rows = (
        AuditEntry.objects.filter(action__in=LOOKS, patient_ref__isnull=False, at__gte=clock.at_seoul(month), at__lt=clock.at_seoul(end))
        .annotate(hour=hour, weekday=weekday).values("actor_name", "patient_ref")
        .annotate(times=Count("id"), first=Min("at"), last=Max("at"), late=Count("id", filter=Q(hour__lt=OPENS) | Q(hour__gte=CLOSES) | Q(weekday=7)),
                  glass=Count("id", filter=Q(action="patient.break_glass")), revealed=Count("id", filter=Q(action="identity.revealed")))
        .order_by("patient_ref", "actor_name")
    )  # fmt: skip
    looks = (Look(row["actor_name"], row["patient_ref"], row["times"], row["first"], row["last"], row["late"], row["glass"], row["revealed"])
             for row in rows.iterator(chunk_size=AT_ONCE))  # fmt: skip
    while part := list(islice(looks, AT_ONCE)):
        patients = {
            row.public_id: row for row in Patient.objects.filter(public_id__in={look.patient_ref for look in part})
        }
        visited = days_of([row.pk for row in patients.values()], month - NEAR, end + NEAR)
        for look in part:
            patient = patients.get(look.patient_ref)
            yield look, patient, visited.get(patient.pk, []) if patient else []


def _kinds(look: Look, patient: Patient | None, visits: list[date], staff: dict[str, set[str]]) -> list[str]:
    """Why a look stands out; the own surname counts only where no visit explains it."""
    found = ["glass"] * bool(look.glass) + ["revealed"] * bool(look.revealed) + ["late"] * bool(look.late)
    if patient is None:
        return found
    mine = look.actor.removeprefix("robot:")
    if mine in staff.get(patient.name, ()):
        found.append("own")
    elif patient.name in staff:
        found.append("colleague")
    first, last = clock.business_day(look.first_at), clock.business_day(look.last_at)
    reasons = [*visits, clock.business_day(patient.registered_at)]
    if not any(first - NEAR <= day <= last + NEAR for day in reasons):
        found.append("no_visit")
        namesakes = any(mine in accounts and name[:1] == patient.name[:1] for name, accounts in staff.items())
        found += ["surname"] * (namesakes and "own" not in found)
    return found


def _staff() -> dict[str, set[str]]:
    """Names of staff and the accounts that bear them."""
    known: dict[str, set[str]] = {}
    for name, username in User.objects.values_list("name_ko", "username"):
        known.setdefault(name, set()).add(username)
    return known
