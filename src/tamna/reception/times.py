"""Reads of bookable times (예약 가능 시간): a month's free counts by day, a day's times by doctor, the waiting list. Bounded queries."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from tamna.core import clock
from tamna.core.models import Practitioner
from tamna.reception.models import Appointment, Slot, SlotHold, WaitingRequest

MONTH = """
SELECT (s.starts_at AT TIME ZONE 'Asia/Seoul')::date AS day, count(*) AS open, count(*) FILTER (WHERE a.id IS NULL) AS free
  FROM reception_slot s LEFT JOIN reception_appointment a ON a.slot_id = s.id AND a.status <> 'cancelled'
 WHERE s.practitioner_id = ANY(%s) AND s.starts_at >= %s AND s.starts_at < %s AND s.is_open GROUP BY 1
"""  # 31 days of five doctors read 6,500 slots by (practitioner, starts_at); `python -m bench.booking` prints the time


@dataclass(frozen=True)
class DayTimes:
    """A day of a month: how many times are open and how many of them free."""

    on: date
    open: int
    free: int
    is_past: bool


def counted(doctors: Iterable[int], first: date, last: date) -> list[DayTimes]:
    """Every one of these days, the last too. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            MONTH, [list(doctors), max(clock.at_seoul(first), clock.now()), clock.at_seoul(last + timedelta(days=1))]
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    today = clock.today()
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [DayTimes(on, *found.get(on, (0, 0)), on < today) for on in days]


def month(doctors: Iterable[int], on: date) -> list[DayTimes]:
    """Every day of the month that this day lies in. One query."""
    return counted(doctors, on.replace(day=1), on.replace(day=monthrange(on.year, on.month)[1]))


def free(doctors: Iterable[int], first: date, last: date, *, holder: str = "", limit: int = 400) -> list[Slot]:
    """Times of these days that can be booked now, in order; those that others hold are left out. One query."""
    now = clock.now()
    taken = Appointment.objects.filter(slot=OuterRef("pk")).exclude(status="cancelled")
    held = SlotHold.objects.filter(slot=OuterRef("pk"), until__gt=now).exclude(holder=holder)
    span = {"starts_at__gt": max(now, clock.at_seoul(first)), "starts_at__lt": clock.at_seoul(last + timedelta(days=1))}
    rows = Slot.objects.open().filter(~Exists(taken), ~Exists(held), practitioner__in=list(doctors), **span)
    return list(
        rows.select_related("practitioner__department", "practitioner__room").order_by("starts_at", "practitioner_id")[
            :limit
        ]
    )


def day(doctors: Iterable[int], on: date, *, holder: str = "") -> list[Slot]:
    """Every time of a day with its state in `.state`: free, taken, held, closed or past. One query."""
    now, start = clock.now(), clock.at_seoul(on)
    taken = Appointment.objects.filter(slot=OuterRef("pk")).exclude(status="cancelled")
    held = SlotHold.objects.filter(slot=OuterRef("pk"), until__gt=now).exclude(holder=holder)
    rows = Slot.objects.filter(
        Q(is_extra=False) | Q(is_open=True),
        practitioner__in=list(doctors),
        starts_at__gte=start,
        starts_at__lt=start + timedelta(days=1),
    )
    rows = (
        rows.annotate(is_taken=Exists(taken), is_held=Exists(held))
        .select_related("practitioner")
        .order_by("starts_at", "practitioner_id")
    )
    slots = list(rows)
    for slot in slots:
        states = (
            ("past", slot.starts_at <= now),
            ("closed", not slot.is_open),
            ("taken", slot.is_taken),
            ("held", slot.is_held),
        )
        slot.state = next((name for name, holds in states if holds), "free")
    return slots


def doctors_of(department: str, license_no: str = "") -> list[Practitioner]:
    """Who can be booked: those of a department, or the one. One query."""
    rows = Practitioner.objects.filter(is_active=True).select_related("department")
    return list(
        rows.filter(license_no=license_no)
        if license_no
        else rows.filter(department__code=department).order_by("license_no")
    )


def waiting_list() -> QuerySet[WaitingRequest]:
    """Requests with their people, for paging by ("id",)."""
    return WaitingRequest.objects.select_related("patient", "department", "practitioner").prefetch_related(
        "offers__slot"
    )


def waiting_in(rows: QuerySet[WaitingRequest], state: str) -> QuerySet[WaitingRequest]:
    """Those who wait, or those whose waiting is over."""
    return rows.filter(status="waiting") if state == "waiting" else rows.exclude(status="waiting")


def others_of(patient_id: int) -> list[Appointment]:
    """A patient's bookings to come. One query."""
    rows = Appointment.objects.filter(patient_id=patient_id, status="booked", starts_at__gt=clock.now())
    return list(rows.select_related("slot__practitioner__department").order_by("starts_at")[:20])


def calendar_file(row: Appointment) -> str:
    """A booking for the patient's own calendar (iCalendar)."""
    from tamna.core.format import language
    from tamna.core.models import Hospital
    from tamna.engines.booking.icalendar import Visit, calendar

    hospital, department = Hospital.objects.get(pk=1), row.slot.practitioner.department
    korean = language() == "ko"
    place = hospital.name_ko if korean else hospital.name_en
    named = department.name_ko if korean else department.name_en
    visit = Visit(f"{row.public_id}@{hospital.institution_id}", row.starts_at, row.slot.minutes, f"{place} {named}", place,
                  sequence=int(row.status == "cancelled"), is_cancelled=row.status == "cancelled")  # fmt: skip
    return calendar(visit, clock.now())
